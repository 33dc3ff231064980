"""Semaphore beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "take and give": ["s = Semaphore(2)", "s.acquire()", "s.acquire()", "s.acquire(False)", "s", "s.release()", "s.acquire(blocking=False)", "s._value"],
    "default": ["s = Semaphore()", "s.acquire()", "s.acquire(False)"],
    "more than it had": ["s = Semaphore(0)", "s.acquire(False)", "s.release(3)", "s", "s.acquire(), s.acquire(), s.acquire()", "s.acquire(False)"],
    "release some": ["s = Semaphore(1)", "s.release(0)", "s.release(-1)", "s.release(n=2)", "s"],
    "with": ["s = Semaphore()", "with s: out.append(s._value)", "out", "s._value", "s.__enter__()", "s.__exit__(None, None, None)"],
    "give up": ["s = Semaphore(0)", "s.acquire(timeout=0)", "s.acquire(timeout=0.001)", "s.acquire(True, 0.001)", "s.acquire(timeout=-1)"],
    "wrong arguments": ["Semaphore(-1)", "s = Semaphore(1)", "s.acquire(False, 1)", "s.acquire(False, timeout=0)", "s.release('x')", "s.acquire(1, 2, 3)", "s"],
    "odd truth": ["s = Semaphore(1)", "s.acquire([])", "s.acquire('')"],
    "impossible": ["Semaphore(-1)", "s = Semaphore(1)", "s.acquire(False, 1)", "s.acquire(False, timeout=0)", "s.release(0)", "s.release(-3)"],
    "reprs": ["s = Semaphore(2)", "s", "type(s)", "Semaphore.__module__", "class Mine(Semaphore): pass", "Mine(3)"],
    "weakref": ["s = Semaphore()", "reference = weakref.ref(s)", "reference() is s"],
    "no pickle": ["thing = Semaphore()", *PICKLE],
    "isinstance": ["issubclass(BoundedSemaphore, Semaphore)", "isinstance(Semaphore(), BoundedSemaphore)"],
    "an exception inside with": ["s = Semaphore(1)", "with s: 1 / 0", "s"],
    "another thread gives": ["s = Semaphore(0)", "t = Thread(target=s.release)", "t.start()", "s.acquire()", "t.join()", "s"],
}
MOVES = ["s.acquire(False)", "s.acquire(True, 0)", "s.acquire(timeout=0.00001)", "s.release()", "s.release(2)", "s.release(0)", "s", "s._value", "s.acquire(False, 1)"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_semaphore(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls that never block give the same results."""
    assert_same(random_script(seed, [f"s = Semaphore({seed % 3})"], MOVES))
