"""The watchdog: what holds a run up that comes to no yield point any more is named, and the process goes on."""

import itertools
import os
import queue
import sys
import threading
import time
import types

import pytest

import detsched
from detsched import UncontrolledError

PATIENCE = 0.2
LONGER = 0.5


class OutOfReach:
    """Keeps things from before control where it does not look: within an iterator in C."""

    __slots__ = ("_get",)

    def __init__(self, thing):
        self._get = itertools.repeat(thing).__next__

    @property
    def thing(self):
        """The thing."""
        return self._get()


hidden_lock, hidden_sleep, hidden_clock = OutOfReach(threading.Lock()), OutOfReach(time.sleep), OutOfReach(time.monotonic)


def busy_loop(until=60.0):
    """A loop without a yield point."""
    clock = hidden_clock.thing
    end = clock() + until
    while clock() < end: pass  # one line: where the thread stands is the same whenever it is looked at


def in_a_worker(body):
    """A program that does something in a thread, and has another thread that is parked meanwhile."""

    def program():
        lock = threading.Lock()
        worker = threading.Thread(target=body, name="the stuck one")
        other = threading.Thread(target=lambda: lock.acquire() and lock.release())
        worker.start()
        other.start()
        worker.join()
        other.join()

    return program


@pytest.fixture(autouse=True)
def usable(monkeypatch):
    """After each test the process is as before: no run, and the next one works, with threads."""
    monkeypatch.setattr("detsched._core.watchdog._GRACE", PATIENCE)
    yield
    assert detsched.current_run() is None

    def program():
        threads = [threading.Thread(target=threading.Lock().acquire) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "fine"

    assert detsched.run(program) == "fine"


def failure_of(program, **settings):
    """The failure of a run that comes to no yield point any more."""
    run = detsched.record(program, watchdog=PATIENCE, granularity="sync", **settings)
    assert run.failure is not None
    assert (run.failure.kind, type(run.failure.exception)) == ("uncontrolled", UncontrolledError)
    return run.failure


def test_a_busy_loop_in_a_worker():
    """The message has thread, line, stack, and what to do."""
    failure = failure_of(in_a_worker(busy_loop))

    text = str(failure.exception)
    assert failure.thread == "the stuck one"
    assert failure.location.function == "busy_loop" and failure.location.file == __file__
    for part in ("the stuck one has come to no yield point", " s of real time", "test_watchdog.py:", "busy_loop", "watchdog="):
        assert part in text
    assert "\n" not in text


def test_a_busy_loop_in_main():
    """Also in the main thread, which is interrupted where it is."""
    failure = failure_of(busy_loop)

    assert failure.thread == "MainThread"
    assert "busy_loop" in str(failure.exception)


def test_finally_blocks_of_a_busy_loop():
    """A thread that is interrupted leaves through its `finally` blocks."""
    log = []

    def body():
        try:
            busy_loop()
        finally:
            log.append("left")

    failure_of(in_a_worker(body))

    assert log == ["left"]


def test_a_loop_that_catches_everything():
    """A loop without a yield point that swallows every exception does not keep the run."""
    gate = threading.Lock()
    over = OutOfReach(gate.locked)

    def body():
        end = hidden_clock.thing() + 60
        while not over.thing() and hidden_clock.thing() < end:
            try:
                while not over.thing() and hidden_clock.thing() < end:
                    pass
            except BaseException:
                pass

    try:
        failure_of(in_a_worker(body))
    finally:
        gate.acquire()


def test_a_call_in_c_in_a_worker():
    """A call in C that does not come back: the run ends without that thread."""
    failure = failure_of(in_a_worker(lambda: hidden_sleep.thing(5)))

    assert failure.thread == "the stuck one"


def test_a_call_in_c_in_main():
    """The main thread is got out of a system call."""
    began = time.perf_counter()
    failure = failure_of(lambda: hidden_sleep.thing(30))

    assert failure.thread == "MainThread"
    assert time.perf_counter() - began < 30


def test_a_real_lock_whose_holder_is_parked():
    """A real lock out of reach, held by a thread that waits for its turn: the thread that wants it is named, with the usual cause."""

    def program():
        lock = hidden_lock.thing
        held = threading.Event()

        def holder():
            with lock:
                held.set()
                time.sleep(1)

        def wanter():
            held.wait()
            with lock:
                pass

        threads = [threading.Thread(target=body, name=body.__name__) for body in (holder, wanter)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    failure = failure_of(program)

    assert failure.thread == "wanter"
    assert "real lock" in str(failure.exception)
    deadline = time.monotonic() + 2
    while not hidden_lock.thing.acquire(timeout=0.01):
        assert time.monotonic() < deadline, "the holder let go when it was unwound"
    hidden_lock.thing.release()


def test_enough_patience():
    """Work that takes less than the patience is no failure, and each yield point begins the time anew."""

    def program():
        for _ in range(4):
            busy_loop(0.15)
            detsched.yield_point()
        return "fine"

    assert detsched.run(program, watchdog=0.5) == "fine"


def test_no_watchdog():
    """`watchdog=None` waits for ever."""
    assert detsched.run(lambda: busy_loop(LONGER) or "fine", watchdog=None) == "fine"


def test_a_warning_instead():
    """With `uncontrolled="warn"` the run goes on, and a warning says what held it up."""

    def until_warned():
        end = hidden_clock.thing() + 60
        while not warned and hidden_clock.thing() < end:
            pass

    def program():
        worker = threading.Thread(target=until_warned, name="slow")
        worker.start()
        worker.join()
        return "fine"

    with pytest.warns(UserWarning, match="slow has come to no yield point") as warned:
        # The warning comes from the watching thread: it is looked for after the run.
        assert detsched.run(program, watchdog=PATIENCE, uncontrolled="warn", granularity="sync") == "fine"


def test_an_exploration_stops_at_the_first():
    """Every further run would be held up as long: the exploration ends with the first one, also where it is to go on."""
    runs = []

    def program():
        runs.append(1)
        worker = threading.Thread(target=busy_loop)
        worker.start()
        worker.join()

    exploration = detsched.explore(program, runs=100, watchdog=PATIENCE)

    assert [failure.kind for failure in exploration.failures] == ["uncontrolled"]
    assert exploration.runs == 1
    assert len(runs) <= 3


def one_step(end):
    """One step of a loop."""
    now = hidden_clock.thing()
    return now < end


def test_a_busy_loop_of_several_lines():
    """Where the thread stood when it was looked at differs from run to run; that is no divergence."""

    def program():
        end = hidden_clock.thing() + 60
        while one_step(end):
            sum(range(10))
            sum(range(10))

    exploration = detsched.explore(program, runs=10, watchdog=PATIENCE)

    assert [failure.kind for failure in exploration.failures] == ["uncontrolled"]


DEBUGGER = types.ModuleType("bdb")
exec("def held(body):\n    return body()\n", vars(DEBUGGER))


def test_a_debugger_at_work():
    """While a frame of a debugger is on the stack, a person holds the program up, not the program itself."""

    def program():
        worker = threading.Thread(target=lambda: DEBUGGER.held(lambda: busy_loop(LONGER)))
        worker.start()
        worker.join()
        return "fine"

    assert detsched.run(program, watchdog=PATIENCE) == "fine"


def test_a_trace_function_of_a_debugger():
    """Also where the debugger has only set a trace function on the frame."""

    def program():
        def trace(frame, event, arg):
            return trace

        trace.__module__ = "pydevd"
        sys._getframe().f_trace = trace
        busy_loop(LONGER)
        sys._getframe().f_trace = None
        return "fine"

    assert detsched.run(program, watchdog=PATIENCE) == "fine"


def test_waiting_outside_is_no_hanging():
    """A run that waits for the world outside is not held up by its program."""

    def program():
        reading, writing = os.pipe()
        if os.fork() == 0:
            hidden_sleep.thing(LONGER)
            os._exit(0)
        os.wait()
        os.close(reading)
        os.close(writing)
        return "fine"

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert detsched.run(program, watchdog=PATIENCE) == "fine"


def test_a_real_clock_is_no_hanging():
    """Nor is one that sleeps in real time."""
    assert detsched.run(lambda: time.sleep(LONGER) or "fine", watchdog=PATIENCE, clock="real") == "fine"


def test_only_runs_are_watched():
    """What takes long outside a run, between two of them and in their setup, is nobody's affair."""
    detsched.run(int, watchdog=PATIENCE)
    busy_loop(LONGER)

    assert detsched.run(lambda before: before, setup=lambda: busy_loop(LONGER) or "made", watchdog=PATIENCE) == "made"


def test_many_runs_are_not_one():
    """Short runs one after the other are progress, though each of them looks like the one before."""
    exploration = detsched.explore(lambda: queue.Queue().put(1), strategy="random", runs=None, seconds=LONGER, watchdog=PATIENCE)

    assert exploration.failure is None
    assert exploration.runs > 20


def test_the_watching_thread_is_no_thread_of_the_program():
    """Nobody sees it, and it does not keep the process."""
    detsched.run(int, watchdog=PATIENCE)

    assert threading.enumerate() == [threading.main_thread()]


@pytest.mark.parametrize("wrong", [0, -1, "soon", True, float("nan")])
def test_wrong_patience(wrong):
    """Only a positive number of seconds, or None."""
    with pytest.raises(detsched.InvalidSettings, match="watchdog"):
        detsched.run(int, watchdog=wrong)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="what the system says of threads is read on Linux")
def test_a_process_that_gets_no_time_is_not_stuck():
    """A thread that wants to run and got next to no time is the machine's affair; one that sleeps, or that got its time, is the program's."""
    from detsched._core.watchdog import _starved

    over = []
    runner = threading.Thread(target=lambda: [None for _ in iter(lambda: bool(over), True)])
    assert not all(_starved(used=0.0, passed=5.0) for _ in range(100)), "nobody wants to run"
    runner.start()
    try:
        assert any(_starved(used=0.0, passed=5.0) for _ in range(1000))
        assert not any(_starved(used=2.0, passed=5.0) for _ in range(1000))
    finally:
        over.append(1)
        runner.join()
