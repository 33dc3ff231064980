"""Lock beside the real one."""

import sys

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "take and free": ["lock = Lock()", "lock.acquire()", "lock.locked()", "lock.release()", "lock.locked()"],
    "with": ["lock = Lock()", "with lock: out.append(lock.locked())", "out", "lock.locked()", "lock.__enter__()", "lock.__exit__(None, None, None)"],
    "free too often": ["lock = Lock()", "lock.release()", "lock.acquire()", "lock.release()", "lock.release()"],
    "try": ["lock = Lock()", "lock.acquire(False)", "lock.acquire(False)", "lock.acquire(blocking=False)", "lock.acquire(0)"],
    "give up": ["lock = Lock()", "lock.acquire(timeout=1)", "lock.acquire(timeout=0)", "lock.acquire(True, 0.001)", "lock.acquire(True, timeout=0.001)"],
    "wrong timeouts": [
        "lock = Lock()",
        "lock.acquire(False, 1)",
        "lock.acquire(False, -1)",
        "lock.release()",
        "lock.acquire(timeout=-1)",
        "lock.acquire(timeout=-2)",
        "lock.acquire(timeout=TIMEOUT_MAX * 2)",
        "lock.acquire(timeout=1e300)",
        "lock.acquire(timeout=float('inf'))",
        "lock.acquire(timeout='1')",
        "lock.acquire(timeout=None)",
    ],
    "wrong arguments": ["lock = Lock()", "lock.acquire(True, -1, 3) == 0", "lock.release(1) == 0", "lock.locked(1) == 0"],
    "wrong keyword": ["lock = Lock()", "lock.acquire(wait=True)"],
    "impossible timeouts": ["lock = Lock()", "lock.acquire(False, 1)", "lock.acquire(False, 0)", "lock.acquire(timeout=-2)", "lock.acquire(timeout=-0.5)"],
    "wrong timeout: no number": ["lock = Lock()", "lock.acquire(timeout=float('nan'))", "lock.locked()"],
    "reprs": ["lock = Lock()", "lock", "lock.acquire()", "lock", "type(lock)", "type(lock).__module__", "type(lock).__name__"],
    "old names": ["lock = Lock()", "lock.acquire_lock()", "lock.locked_lock()", "lock.release_lock()", "lock.locked()"],
    "isinstance": ["isinstance(Lock(), type(Lock()))", "isinstance(RLock(), type(Lock()))", "type(Lock()) is type(Lock())", "isinstance(Lock(), object)"],
    "weakref": ["lock = Lock()", "reference = weakref.ref(lock)", "reference() is lock", "del lock", "reference()"],
    "hash and equality": ["a, b = Lock(), Lock()", "a == a", "a == b", "len({a, b, a})", "hash(a) == hash(a)"],
    "wrong attribute": ["lock = Lock()", "lock.name = 1"],
    "fork": ["lock = Lock()", "lock.acquire()", "lock._at_fork_reinit()", "lock.locked()", "lock.acquire(False)"],
    "not subclassable": ["class Mine(type(Lock())): pass"],
    "no pickle": ["thing = Lock()", *PICKLE],
    "another thread frees": [
        "lock = Lock()",
        "lock.acquire()",
        "t = Thread(target=lock.release)",
        "t.start()",
        "t.join()",
        "lock.locked()",
    ],
    "another thread waits": [
        "lock = Lock()",
        "lock.acquire()",
        "t = Thread(target=lambda: (lock.acquire(), out.append('in'), lock.release()))",
        "t.start()",
        "out.append('out')",
        "lock.release()",
        "t.join()",
        "out",
        "lock.locked()",
    ],
    "an exception inside with": ["lock = Lock()", "with lock: 1 / 0", "lock.locked()"],
}
MOVES = [
    "lock.acquire(False)",
    "lock.acquire(True, 0)",
    "lock.acquire(timeout=0.00001)",
    "lock.release()",
    "lock.release()",
    "lock.locked()",
    "lock",
    "lock.acquire(False, 2)",
    "lock.acquire(True, -3)",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_lock(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls that never block give the same results."""
    assert_same(random_script(seed, ["lock = Lock()"], MOVES))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="a function until 3.12")
def test_lock_is_a_type():
    """From 3.13 on, Lock is a type that can be asked about."""
    assert_same(["isinstance(Lock, type)", "isinstance(Lock(), Lock)", "Lock", "Lock.__module__, Lock.__name__", "class Mine(Lock): pass"])


def test_lock_takes_no_arguments():
    """`Lock(1)` is a TypeError."""
    assert_same(["try: Lock(1)\nexcept TypeError: out.append('refused')", "try: Lock(lock=1)\nexcept TypeError: out.append('refused')", "out"])
