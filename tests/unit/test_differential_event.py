"""Event beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "set and clear": ["e = Event()", "e.is_set()", "e.set()", "e.is_set()", "e.set()", "e.wait()", "e.clear()", "e.is_set()", "e.clear()"],
    "give up": ["e = Event()", "e.wait(0)", "e.wait(timeout=0.001)", "e.wait(-1)", "e.set()", "e.wait(0)", "e.wait(-1)"],
    "reprs": ["e = Event()", "e", "e.set()", "e", "type(e)", "Event.__module__", "class Mine(Event): pass", "Mine()"],
    "deprecated name": ["e = Event()", "e.isSet()"],
    "wrong arguments": ["Event(1)", "e = Event()", "e.set(1)", "e.wait('1')", "e.wait(1, 2)"],
    "weakref": ["e = Event()", "reference = weakref.ref(e)", "reference() is e"],
    "no pickle": ["thing = Event()", *PICKLE],
    "another thread sets": ["e = Event()", "t = Thread(target=e.set)", "t.start()", "e.wait()", "t.join()", "e"],
    "woken for good": [
        "e, ready = Event(), Event()",
        "t = Thread(target=lambda: out.append(e.wait()))",
        "t.start()",
        "while not e._cond._waiters and not hasattr(e, '_detsched'): time.sleep(0.001)",
        "time.sleep(0.001)",
        "e.set(), e.clear()",
        "t.join()",
        "out, e",
    ],
    "no context manager": ["with Event(): pass"],
}
MOVES = ["e.set()", "e.clear()", "e.is_set()", "e.wait(0)", "e.wait(0.00001)", "e.wait(-1)", "e"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_event(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls that never block give the same results."""
    assert_same(random_script(seed, ["e = Event()"], MOVES))
