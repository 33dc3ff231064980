"""Barrier beside the real one."""

import pytest

from side_by_side import PICKLE, assert_same, random_script

SCRIPTS = {
    "alone": ["b = Barrier(1)", "b.wait()", "b.wait()", "b.parties", "b.n_waiting", "b.broken", "b"],
    "action": ["b = Barrier(1, lambda: out.append('acts'))", "b.wait()", "out", "b.wait(timeout=1)", "out"],
    "action fails": ["b = Barrier(1, lambda: 1 / 0)", "b.wait()", "b.broken", "b.wait()", "b.reset()", "b.broken", "b.wait()"],
    "give up": ["b = Barrier(2)", "b.wait(0)", "b.broken", "b.wait(0.001)", "b.reset()", "b.broken", "b.wait(0.001)"],
    "own timeout": ["b = Barrier(2, timeout=0.001)", "b.wait()", "b.broken", "b"],
    "abort": ["b = Barrier(2)", "b.abort()", "b.broken", "b", "b.wait()", "b.abort()", "b.reset()", "b.broken", "b"],
    "wrong arguments": ["Barrier(0)", "Barrier(-1)", "Barrier()", "Barrier('2')", "b = Barrier(1)", "b.wait(1, 2)"],
    "reprs": ["b = Barrier(3)", "b", "type(b)", "Barrier.__module__", "class Mine(Barrier): pass", "Mine(2)"],
    "broken": ["BrokenBarrierError.__mro__", "BrokenBarrierError.__module__"],
    "weakref": ["b = Barrier(2)", "reference = weakref.ref(b)", "reference() is b"],
    "no pickle": ["thing = Barrier(2)", *PICKLE],
    "properties": ["b = Barrier(2)", "b.parties = 3", "b.broken = True", "b.n_waiting = 1"],
    "two meet": [
        "b = Barrier(2)",
        "t = Thread(target=lambda: out.append(b.wait()))",
        "t.start()",
        "out.append(b.wait())",
        "t.join()",
        "sorted(out)",
        "b.n_waiting, b.broken",
        "b",
    ],
    "two meet, over and over": [
        "b = Barrier(2, lambda: out.append('a'))",
        "def meet():\n for _ in range(5): b.wait()",
        "t = Thread(target=meet)",
        "t.start()",
        "meet()",
        "t.join()",
        "out, b",
    ],
    "abort wakes": [
        "b = Barrier(2)",
        "def meet():\n try: b.wait()\n except BrokenBarrierError: out.append('broken')",
        "t = Thread(target=meet)",
        "t.start()",
        "b.abort()",
        "t.join()",
        "out, b.broken",
    ],
    "reset wakes": [
        "b = Barrier(2)",
        "def meet():\n try: b.wait()\n except BrokenBarrierError: out.append('broken')",
        "t = Thread(target=meet)",
        "t.start()",
        "while not b.n_waiting: time.sleep(0.001)",
        "b.reset()",
        "t.join()",
        "out, b.broken, b.n_waiting",
    ],
    "giving up breaks it for the other": [
        "b = Barrier(3)",
        "def meet():\n try: b.wait()\n except BrokenBarrierError: out.append('broken')",
        "t = Thread(target=meet)",
        "t.start()",
        "while not b.n_waiting: time.sleep(0.001)",
        "b.wait(0.001)",
        "t.join()",
        "out, b",
    ],
    "the action fails for all": [
        "b = Barrier(2, lambda: 1 / 0)",
        "def meet():\n try: b.wait()\n except (BrokenBarrierError, ZeroDivisionError) as error: out.append(type(error).__name__)",
        "t = Thread(target=meet)",
        "t.start()",
        "meet()",
        "t.join()",
        "sorted(out), b",
    ],
}
MOVES = ["b.wait(0)", "b.wait(0.00001)", "b.wait(-1)", "b.reset()", "b.reset()", "b.abort()", "b.broken", "b.n_waiting", "b"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_barrier(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


@pytest.mark.parametrize("seed", range(25))
def test_random_calls(seed):
    """Random calls by one thread give the same results."""
    assert_same(random_script(seed, [f"b = Barrier({1 + seed % 2}, lambda: out.append(1))"], MOVES) + ["len(out)"])
