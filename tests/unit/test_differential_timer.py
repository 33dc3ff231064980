"""Timer beside the real one."""

import threading

import pytest

import detsched
from side_by_side import assert_same

SCRIPTS = {
    "fires": ["t = Timer(0.001, out.append, [1])", "t", "t.start()", "t.join()", "out", "t", "t.finished.is_set()"],
    "cancelled": ["t = Timer(60, out.append, [1])", "t.start()", "t.cancel()", "t.join()", "out", "t.finished.is_set()"],
    "cancelled before it starts": ["t = Timer(60, out.append, [1])", "t.cancel()", "t.start()", "t.join()", "out"],
    "attributes": ["t = Timer(5, out.append, [1], {'x': 2})", "t.interval, t.args, t.kwargs", "t.function == out.append", "t.daemon", "Timer(1, int).args, Timer(1, int).kwargs"],
    "wrong arguments": ["Timer()", "Timer(1)", "Timer(1, int, [], {}, 3)"],
    "types": ["type(Timer(1, int))", "Timer.__mro__[1].__name__", "isinstance(Timer(1, int), Thread)"],
    "subclass": ["class Mine(Timer): pass", "t = Mine(0, out.append, args=(2,))", "t.start(), t.join()", "out", "isinstance(t, Timer)", "t"],
    "keyword arguments": ["t = Timer(interval=0, function=lambda **k: out.append(k), kwargs={'a': 1})", "t.start(), t.join()", "out"],
    "join before start": ["t = Timer(1, int)", "t.join()", "t.is_alive()"],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_timer(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


def test_timers_fire_in_the_order_of_their_times():
    """Timers fire on the virtual clock by their intervals, whatever order they were started in."""

    def program():
        fired = []
        timers = [threading.Timer(seconds, fired.append, [seconds]) for seconds in (300, 100, 200)]
        for timer in timers:
            timer.start()
        for timer in timers:
            timer.join()
        return fired

    for seed in range(10):
        assert detsched.run(program, seed=seed) == [100, 200, 300]
