"""The cause in a report: which two steps decide, found by doing the run again with them reversed."""

import threading

import pytest

import detsched


def in_threads(**bodies):
    threads = [threading.Thread(target=body, name=name) for name, body in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def shown(program, **settings):
    """The run that a failure is shown by."""
    usual = {"runs": 500, "keep_going": False, "shrink": True, "strategy": "random", "granularity": "sync"}
    exploration = detsched.explore(program, **{**usual, **settings})
    assert exploration.failure is not None
    return exploration.run_of(exploration.failure)


def pair(run):
    """The two steps as (thread, operation, object without its place)."""
    first = run.story.events[run.pair.first]
    second = None if run.pair.second is None else run.story.events[run.pair.second]
    return tuple((event.thread, event.done, event.about.partition(" (")[0]) for event in (first, second) if event is not None)


class Cell:
    """A variable whose accesses are steps, at any granularity."""

    def __init__(self, value=0):
        self.value = value

    def get(self):
        detsched.access(self, "value", write=False)
        return self.value

    def set(self, value):
        detsched.access(self, "value", write=True)
        self.value = value


def test_reversal_is_a_run_that_passed():
    """The passing run is a real one: its schedule replays, and in it the second step comes before the first."""

    def program():
        cell = Cell()

        def add():
            cell.set(cell.get() + 1)

        in_threads(ann=add, bob=add)
        assert cell.value == 2

    run = shown(program)

    assert run.passing.failure is None
    assert detsched.record(program, schedule=str(run.passing.schedule)).failure is None
    report = run.report()
    assert "lost update of Cell['value']" in report
    assert "the run passes (done, and replayed)" in report


def test_innocent_accesses_are_not_named():
    """Many conflicting accesses that do not matter, and one pair that does."""

    def program():
        noise = [Cell() for _ in range(3)]
        ready, result = detsched.name(Cell(False), "ready"), detsched.name(Cell(None), "result")

        def work():
            for cell in noise:
                cell.set(cell.get() + 1)
            ready.set(True)
            result.set(42)

        def use():
            for cell in noise:
                cell.set(cell.get() + 1)
            if ready.get():
                assert result.get() == 42

        in_threads(worker=work, user=use)

    run = shown(program)

    assert {about for _, _, about in pair(run)} <= {"ready['value']", "result['value']"}


@pytest.mark.parametrize("kind", ["lock", "join"])
def test_deadlocks(kind):
    """A deadlock names what one thread took before the other; a cycle of locks as well as one through a join."""

    def program():
        first, second = threading.Lock(), threading.Lock()

        def one():
            with first:
                with second:
                    pass

        def other():
            with second:
                with first:
                    pass

        if kind == "lock":
            in_threads(one=one, other=other)
        else:
            thread = threading.Thread(target=one, name="one")
            thread.start()
            with second:
                thread.join()

    run = shown(program)

    assert run.failure.cycle
    assert len(pair(run)) == 1
    assert "the run passes" in run.report()


def test_nothing_is_claimed_where_no_reversal_helps():
    """A failure in every schedule has no pair of steps to blame."""

    def program():
        lock = threading.Lock()

        def work():
            with lock:
                raise KeyError("always")

        in_threads(one=work, other=lambda: lock.acquire() and lock.release())

    run = shown(program)

    assert run.pair is None and run.passing is None
    assert "cause:" not in run.report()


def test_one_run_is_not_explained_by_more_runs():
    """`record` does one run and no other: no reversal is looked for."""
    runs = []

    def program():
        runs.append(1)
        raise KeyError

    detsched.record(program).report()

    assert runs == [1]


def test_common_lock_or_none():
    """Accesses without a lock in common are told so, with the locks that each side holds."""

    def program():
        cell = detsched.name(Cell(), "cell")
        left, right = threading.Lock(), threading.Lock()

        def add(lock):
            with lock:
                cell.set(cell.get() + 1)

        in_threads(ann=lambda: add(left), bob=lambda: add(right))
        assert cell.value == 2

    report = " ".join(shown(program).report().split())

    assert "no lock is held at both" in report
    assert "holds left (test_explains.py:" in report and "holds right (test_explains.py:" in report


@pytest.mark.parametrize("too_many", [False, True])
def test_a_semaphore_is_blamed_only_above_what_it_was_made_with(too_many):
    """A thread that releases for another one is no fault; one that lets in more than there is room for is."""

    def program():
        room = threading.Semaphore(1)
        inside = Cell()

        def work():
            room.acquire()
            inside.set(inside.get() + 1)
            room.release()
            if too_many:
                room.release()

        def hand_over():
            room.acquire()
            inside.set(0)
            threading.Thread(target=room.release, name="releaser").start()

        in_threads(worker=work, other=hand_over if not too_many else work, third=work)
        assert inside.value == 3

    report = shown(program, runs=2000).report()

    assert ("likely cause, not tested: " in report) == too_many
    assert ("a BoundedSemaphore would raise" in report) == too_many


def test_a_lock_that_its_holder_waits_for():
    """That is the cause, and no advice about anything else is given."""

    def program():
        lock = threading.Lock()
        cell = Cell()

        def write():
            with lock:
                if cell.get():
                    lock.acquire()

        in_threads(writer=write, other=lambda: cell.set(1))

    run = shown(program)
    report = " ".join(run.report().split())
    untried = " ".join(detsched.record(program, schedule=str(run.schedule), granularity="sync").report().split())

    assert "cause: writer waits for lock" in untried and "in this order of steps" not in untried
    assert "cause: writer waits for lock" in report and "which it holds itself since test_explains.py:" in report
    assert "possible fix" not in report
    assert "the run passes (done, and replayed)" in report


def test_who_waits_at_a_barrier():
    """Those who have come, and cannot go on; not those whom it let through."""

    def program():
        gate = threading.Barrier(2)
        in_threads(one=gate.wait, other=gate.wait, third=gate.wait)

    run = shown(program, keep_going=True)
    report = run.report()
    left = next(waiting for waiting in run.failure.positions if waiting.thread != "MainThread")

    assert f"{left.thread} is waiting in wait() of gate (test_explains.py:" in report
    assert f"\n      {left.thread} came to it, and nobody is left who would come as well" in report


def test_an_exception_has_a_row_where_it_was_raised():
    """Before what its thread released on the way out, also where a function further in raised it."""

    def program():
        lock = threading.Lock()

        def fail():
            raise KeyError("always")

        def work():
            with lock:
                fail()

        in_threads(worker=work)

    rows = shown(program).report().split("what happened:")[1].split("\n")
    raised = next(number for number, row in enumerate(rows) if "✗ KeyError in worker" in row)

    assert "acquire lock" in rows[raised - 1]
    assert "release lock" in rows[raised + 1]


def test_the_order_in_which_locks_are_taken_is_the_cause():
    """Without a run that was tried: a cycle is plain to see."""

    def program():
        first, second = threading.Lock(), threading.Lock()

        def one():
            with first, second:
                pass

        def other():
            with second, first:
                pass

        in_threads(one=one, other=other)

    found = shown(program)
    report = " ".join(detsched.record(program, schedule=str(found.schedule), granularity="sync").report().split())

    assert "cause: each waits for the next one: one takes first, then second; other takes second, then first" in report
    assert "suspected" not in report


def test_a_passing_run_builds_no_words():
    """The search runs lean: while runs pass, no operation is put into words and no name is looked up."""
    from detsched._core import operation, resource

    asked = []
    describe, called = operation.Operation.describe, resource.called

    def program():
        lock = threading.Lock()

        def work():
            with lock:
                pass

        in_threads(one=work, other=work)

    operation.Operation.describe = lambda self: asked.append(self) or describe(self)
    resource.called = lambda *args: asked.append(args) or called(*args)
    try:
        detsched.explore(program, runs=1, strategy="random")
        first = len(asked)
        detsched.explore(program, runs=50, strategy="random")
    finally:
        operation.Operation.describe, resource.called = describe, called

    # The witness of an outcome, which is the same in all runs, is the one run that is put into words.
    assert len(asked) == 2 * first


def test_colour_is_for_terminals():
    """Colour adds escape codes around lines and changes no letter."""
    import io
    import re

    from detsched._report import colour

    report = "detsched: AssertionError in x\ncause: y\n► row\n  plain"
    assert re.sub(r"\x1b\[[\d;]*m", "", colour.coloured(report)) == report
    assert colour.coloured(report) != report
    assert not colour.wanted(io.StringIO())


def test_values_come_from_operations():
    """An operation that knows the value it reads or writes has it in the report: read before, written after."""
    from detsched._core.active import active
    from detsched._core.operation import READ, WRITE, Operation
    from detsched._core.resource import Resource

    class Access(Operation):
        __slots__ = ("cell", "mode")
        kind = "access"

        def __init__(self, cell, mode):
            self.resource, self.cell, self.mode = cell.state, cell, mode

        def apply(self):
            return None

        def shows(self):
            return repr(self.cell.value)

        def parts(self):
            return "read" if self.mode is READ else "write", "balance"

    class Shown:
        def __init__(self, value):
            self.value, self.state = value, Resource("Shown", None)

        def get(self):
            active.perform(Access(self, READ))
            return self.value

        def set(self, value):
            active.perform(Access(self, WRITE))
            self.value = value

    def program():
        cell = Shown(100)

        def deposit():
            cell.set(cell.get() + 50)

        in_threads(ann=deposit, bob=deposit)
        assert cell.get() == 200

    run = shown(program)
    words = [event.words for event in run.story.events if event.about == "balance"]

    assert words == ["read balance → 100", "read balance → 100", "write balance ← 150", "write balance ← 150", "read balance → 150"]
    assert "lost update of" in run.report()
