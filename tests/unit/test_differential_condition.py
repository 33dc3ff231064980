"""Condition beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "not owned": ["c = Condition()", "c.wait()", "c.wait(1)", "c.notify()", "c.notify_all()", "c.notify(3)"],
    "nobody waits": ["c = Condition()", "with c: out.append(c.notify()); out.append(c.notify_all()); out.append(c.notify(5))", "out"],
    "give up": ["c = Condition()", "with c: out.append(c.wait(0)); out.append(c.wait(0.001)); out.append(c.wait(-1))", "out", "c"],
    "with": ["c = Condition()", "c.__enter__()", "c", "c.__exit__(None, None, None)", "c"],
    "acquire and release": ["c = Condition()", "c.acquire()", "c.acquire(blocking=False)", "c.release()", "c.release()", "c.release()"],
    "over a Lock": ["lock = Lock()", "c = Condition(lock)", "c.acquire()", "lock.locked()", "c.acquire(False)", "c.wait(0.001)", "lock.locked()", "c.release()", "lock.locked()"],
    "over an RLock": ["lock = RLock()", "c = Condition(lock)", "c.acquire(), lock.acquire()", "c.wait(0.001)", "lock._recursion_count()", "c.release(), lock.release()", "lock"],
    "two over one lock": ["lock = RLock()", "a, b = Condition(lock), Condition(lock)", "with a: out.append((b.wait(0), b.notify()))", "out"],
    "reprs": ["c = Condition()", "c", "c.acquire()", "c", "type(c)", "Condition.__module__", "Condition(Lock())"],
    "wait_for": ["c = Condition()", "with c: out.append(c.wait_for(lambda: 7)); out.append(c.wait_for(lambda: 0, timeout=0.001))", "out", "c.wait_for(lambda: 1)", "c.wait_for(lambda: 0)"],
    "deprecated name": ["c = Condition()", "c.notifyAll()"],
    "subclass": ["class Mine(Condition): pass", "mine = Mine()", "isinstance(mine, Condition)", "mine", "with mine: out.append(mine.wait(0))", "out"],
    "weakref": ["c = Condition()", "reference = weakref.ref(c)", "reference() is c"],
    "no pickle": ["thing = Condition()", *PICKLE],
    "wrong timeout": ["c = Condition()", "c.acquire()", "c.wait('1')"],
    "wrong arguments": ["Condition(1)", "Condition(None, None)"],
    "notified": [
        "c = Condition()",
        "def waiter():\n with c: out.append('waits'); out.append(c.wait())",
        "def notifier():\n with c: out.append('notifies'); c.notify()",
        "t, u = Thread(target=waiter), Thread(target=notifier)",
        "c.acquire(), t.start()",
        "while not c._waiters: c.wait(0.001)",
        "u.start(), c.release()",
        "t.join(), u.join()",
        "out",
    ],
    "a lock of one's own": [
        "class Own:\n def __init__(self): self.inner, self.calls = Lock(), []\n def acquire(self, *a): self.calls.append('acquire'); return self.inner.acquire(*a)\n"
        " def release(self): self.calls.append('release'); self.inner.release()\n def __enter__(self): return self.acquire()\n def __exit__(self, *e): self.release()",
        "own = Own()",
        "c = Condition(own)",
        "with c: out.append(c.wait(0.001))",
        "out",
        "own.calls",
        "c.notify()",
    ],
    "a lock with hooks of its own": [
        "class Own:\n def __init__(self): self.inner, self.calls = RLock(), []\n acquire = property(lambda self: self.inner.acquire)\n"
        " release = property(lambda self: self.inner.release)\n def _release_save(self): self.calls.append('save'); return self.inner._release_save()\n"
        " def _acquire_restore(self, x): self.calls.append('restore'); self.inner._acquire_restore(x)\n def _is_owned(self): return self.inner._is_owned()\n"
        " def __enter__(self): return self.inner.__enter__()\n def __exit__(self, *e): self.inner.__exit__(*e)",
        "own = Own()",
        "c = Condition(own)",
        "with c: out.append(c.wait(0.001))",
        "out, own.calls",
        "c.wait(0)",
    ],
}
MOVES = ["c.acquire(False)", "c.acquire()", "c.release()", "c.wait(0)", "c.wait(0.00001)", "c.wait(-1)", "c.notify()", "c.notify_all()", "c.notify(2)", "c", "c._is_owned()", "c.wait_for(lambda: True, 0)"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_condition(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls by one thread give the same results."""
    assert_same(random_script(seed, ["c = Condition()"], MOVES))
