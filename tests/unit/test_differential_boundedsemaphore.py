"""BoundedSemaphore beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "one too many": ["s = BoundedSemaphore(1)", "s.release()", "s.acquire()", "s.release()", "s.release()", "s"],
    "some too many": ["s = BoundedSemaphore(3)", "s.acquire(), s.acquire()", "s.release(3)", "s", "s.release(2)", "s", "s.release(0)", "s.release(-1)"],
    "default": ["s = BoundedSemaphore()", "s.acquire()", "s.acquire(False)"],
    "with": ["s = BoundedSemaphore()", "with s: out.append(s._value)", "out", "with s: s.release()", "s"],
    "give up": ["s = BoundedSemaphore(0)", "s.acquire(timeout=0)", "s.acquire(timeout=0.001)"],
    "wrong arguments": ["BoundedSemaphore(-1)", "s = BoundedSemaphore(1)", "s.acquire(False, 1)", "s.release('x')"],
    "impossible": ["BoundedSemaphore(-1)", "s = BoundedSemaphore(1)", "s.acquire(False, 1)", "s.acquire(False, timeout=0)", "s.release(0)", "s.release(-3)"],
    "reprs": ["s = BoundedSemaphore(2)", "s", "type(s)", "BoundedSemaphore.__module__", "class Mine(BoundedSemaphore): pass", "Mine(3)"],
    "weakref": ["s = BoundedSemaphore()", "reference = weakref.ref(s)", "reference() is s"],
    "no pickle": ["thing = BoundedSemaphore()", *PICKLE],
    "isinstance": ["isinstance(BoundedSemaphore(), Semaphore)", "BoundedSemaphore.__name__"],
    "the bound is the attribute": ["s = BoundedSemaphore(1)", "s._initial_value = 2", "s.release()", "s.release()", "s"],
}
MOVES = ["s.acquire(False)", "s.acquire(True, 0)", "s.release()", "s.release(2)", "s.release(0)", "s", "s._value"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_bounded_semaphore(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls that never block give the same results."""
    assert_same(random_script(seed, [f"s = BoundedSemaphore({seed % 4})"], MOVES))
