"""RLock beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "take twice": ["lock = RLock()", "lock.acquire()", "lock.acquire()", "lock", "lock.release()", "lock", "lock.release()", "lock"],
    "with": ["lock = RLock()", "with lock:\n with lock: out.append(repr(lock)[:9])", "out", "lock.__enter__()", "lock.__exit__(None, None, None)"],
    "free too often": ["lock = RLock()", "lock.release()", "lock.acquire()", "lock.release()", "lock.release()"],
    "try": ["lock = RLock()", "lock.acquire(False)", "lock.acquire(blocking=False)", "lock.acquire(0)", "lock"],
    "timeouts": ["lock = RLock()", "lock.acquire(timeout=1)", "lock.acquire(timeout=0)", "lock.acquire(True, 0.001)"],
    "wrong timeouts": [
        "lock = RLock()",
        "lock.acquire(False, 1)",
        "lock.acquire(timeout=-2)",
        "lock.acquire(timeout=TIMEOUT_MAX * 2)",
        "lock.acquire(timeout='1')",
        "lock.acquire(timeout=None)",
    ],
    "impossible timeouts": ["lock = RLock()", "lock.acquire(False, 1)", "lock.acquire(timeout=-2)", "lock.acquire()", "lock.acquire(False, 1)", "lock.acquire(timeout=-2)"],
    "wrong timeout: no number": ["lock = RLock()", "lock.acquire(timeout=float('nan'))", "lock"],
    "wrong timeouts while owned": ["lock = RLock()", "lock.acquire()", "lock.acquire(False, 1)", "lock.acquire(timeout=-2)", "lock.acquire(timeout='1')", "lock"],
    "wrong arguments": ["lock = RLock()", "lock.release(1)", "lock.acquire(wait=True)"],
    "what conditions ask": ["lock = RLock()", "lock._is_owned()", "lock.acquire()", "lock.acquire()", "lock._is_owned()", "lock._recursion_count()"],
    "save and restore": [
        "lock = RLock()",
        "lock._release_save()",
        "lock.acquire(), lock.acquire()",
        "saved = lock._release_save()",
        "lock",
        "lock._acquire_restore(saved)",
        "lock._recursion_count()",
        "lock.release(), lock.release()",
        "lock",
    ],
    "locked": ["lock = RLock()", "hasattr(lock, 'locked')", "lock.locked() if hasattr(lock, 'locked') else 0", "lock.acquire()", "lock.locked() if hasattr(lock, 'locked') else 0"],
    "reprs": ["lock = RLock()", "type(lock)", "type(lock).__module__, type(lock).__name__", "str(lock)"],
    "weakref": ["lock = RLock()", "reference = weakref.ref(lock)", "reference() is lock", "del lock", "reference()"],
    "no pickle": ["thing = RLock()", *PICKLE],
    "subclassable": ["class Mine(type(RLock())): pass", "mine = Mine()", "mine.acquire()", "mine.release()", "isinstance(mine, type(RLock()))"],
    "wrong arguments of the constructor": ["RLock(1)", "RLock(lock=1)"],
    "another thread cannot free": [
        "lock = RLock()",
        "lock.acquire()",
        "def free():\n try: lock.release()\n except RuntimeError as error: out.append(str(error))",
        "t = Thread(target=free)",
        "t.start()",
        "t.join()",
        "out",
        "lock",
    ],
    "another thread cannot take": [
        "lock = RLock()",
        "lock.acquire()",
        "t = Thread(target=lambda: out.append((lock.acquire(False), lock.acquire(timeout=0.001), lock._is_owned(), lock._recursion_count())))",
        "t.start()",
        "t.join()",
        "out",
    ],
    "fork": ["lock = RLock()", "lock.acquire()", "lock._at_fork_reinit()", "lock"],
}
MOVES = ["lock.acquire()", "lock.acquire(False)", "lock.acquire(True, 0.5)", "lock.release()", "lock.release()", "lock", "lock._is_owned()", "lock._recursion_count()", "lock.acquire(False, 1)"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_rlock(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls by one thread give the same results."""
    assert_same(random_script(seed, ["lock = RLock()"], MOVES))
