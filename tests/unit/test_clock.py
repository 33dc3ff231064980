"""Time inside a run: readings, sleeps, timeouts, jumps."""

import queue
import sys
import threading
import time
from time import sleep

import pytest

import detsched
from again import together


def outcomes(program, runs=60):
    """What the runs of a program come to."""
    exploration = detsched.explore(program, runs=runs, strategy="random")
    assert exploration.failure is None, exploration.failure
    return set(exploration.outcomes)


def test_a_sleep_takes_no_time():
    """A sleep moves the virtual clock, and nothing else."""
    run = detsched.record(lambda: time.sleep(86_400))

    assert run.clock == 86_400


def test_sleep_imported_by_name():
    """`from time import sleep` is the virtual one inside a run, and the real one after it."""
    real = sleep

    assert detsched.record(lambda: sleep(3)).clock == 3
    assert sleep is real is time.sleep


def test_sleeps_add_up():
    """One after the other they add up, side by side they do not."""

    def program():
        together(lambda: (sleep(2), sleep(3)), lambda: sleep(4))

    for seed in range(10):
        assert detsched.record(program, seed=seed).clock == 5


def test_sleep_refuses_what_the_real_one_refuses():
    """A negative sleep and one of no number are errors in the real one's words."""
    for wrong in (-1, "1", None, float("nan")):
        with pytest.raises((ValueError, TypeError)) as real:
            time.sleep(wrong)
        with pytest.raises(real.type) as ours:
            detsched.run(lambda: time.sleep(wrong))
        assert str(ours.value).split("\n")[0] == str(real.value)


def test_the_clock_starts_the_same_in_every_run():
    """Every clock reads the same at the start of every run, whatever the day."""

    def program():
        return time.time(), time.monotonic(), time.perf_counter(), time.time_ns(), time.monotonic_ns(), time.perf_counter_ns()

    assert detsched.run(program) == detsched.run(program, seed=5)


def test_the_clocks_agree():
    """All clocks pass alike, in seconds and in nanoseconds."""

    def program():
        before = [clock() for clock in (time.time, time.monotonic, time.perf_counter)], [clock() for clock in (time.time_ns, time.monotonic_ns, time.perf_counter_ns)]
        sleep(1000)
        after = [clock() for clock in (time.time, time.monotonic, time.perf_counter)], [clock() for clock in (time.time_ns, time.monotonic_ns, time.perf_counter_ns)]
        return [b - a for a, b in zip(before[0], after[0])], [b - a for a, b in zip(before[1], after[1])]

    seconds, nanoseconds = detsched.run(program)

    assert all(1000 <= passed < 1001 for passed in seconds)
    assert all(1000 * 10**9 <= passed < 1001 * 10**9 for passed in nanoseconds)
    assert all(type(passed) is int for passed in nanoseconds)


def test_readings_grow():
    """Readings by one thread grow strictly."""

    def program():
        readings = [time.monotonic() for _ in range(50)]
        return all(a < b for a, b in zip(readings, readings[1:]))

    assert detsched.run(program) is True


def test_readings_grow_along_happens_before():
    """A reading after something is greater than one before it, across threads: start, lock, event, join."""

    def program():
        readings, lock, event = [], threading.Lock(), threading.Event()

        def body():
            readings.append(time.monotonic())
            with lock:
                readings.append(time.monotonic())
            event.set()

        readings.append(time.monotonic())
        thread = threading.Thread(target=body)
        thread.start()
        event.wait()
        readings.append(time.monotonic())
        thread.join()
        readings.append(time.monotonic())
        return readings == sorted(readings) and len(set(readings)) == 5

    assert outcomes(program) == {"True"}


def test_readings_do_not_depend_on_unrelated_threads():
    """A reading counts what happened before it, not the steps of the others: equal in equivalent runs."""

    def program():
        readings = {}

        def body(me):
            lock = threading.Lock()
            for _ in range(3):
                with lock:
                    pass
            readings[me] = time.monotonic()

        together(lambda: body("a"), lambda: body("b"))
        return sorted(readings.items())

    exploration = detsched.explore(program, runs=60)

    assert len({tuple(run[0] for run in witness.schedule.segments) for witness in exploration.outcomes.values()}) == 1
    assert len(exploration.outcomes) == 1


def test_consecutive_readings_double_the_tick():
    """Each further reading by one thread passes twice the time, until something else is done."""

    def program():
        readings = [time.monotonic() for _ in range(5)]
        threading.Lock().acquire()
        return readings, time.monotonic(), time.monotonic()

    readings, after, later = detsched.run(program)
    steps = [b - a for a, b in zip(readings, readings[1:])]

    assert [round(b / a, 3) for a, b in zip(steps, steps[1:])] == pytest.approx([2, 2, 2], rel=1e-3)
    assert after - readings[-1] == pytest.approx(steps[0], rel=1e-3)


def test_a_busy_deadline_loop_ends():
    """A loop that waits for a second by reading the clock ends after some twenty readings."""

    def program():
        count, deadline = 0, time.monotonic() + 1
        while time.monotonic() < deadline:
            count += 1
        return count

    assert 10 <= detsched.run(program) <= 30


def test_a_polling_deadline_loop_ends():
    """So does one that does other things as well."""

    def program():
        event, deadline = threading.Event(), time.monotonic() + 1
        while time.monotonic() < deadline and not event.is_set():
            sleep(0.01)

    run = detsched.record(program)

    assert run.failure is None
    assert run.steps < 1000


def test_nobody_wakes_while_another_can_run():
    """The clock moves only when nobody can run: a sleeper of a moment comes after all that the others do."""

    def program():
        log, lock = [], threading.Lock()

        def busy():
            for _ in range(20):
                with lock:
                    pass
            log.append("busy")

        together(lambda: (sleep(0.000001), log.append("slept")), busy)
        return log

    assert outcomes(program) == {"['busy', 'slept']"}


def test_the_earliest_deadline_first():
    """Sleepers wake in the order of their deadlines."""

    def program():
        log = []
        together(*[lambda s=s: (sleep(s), log.append(s)) for s in (3, 1, 2)])
        return log

    assert outcomes(program) == {"[1, 2, 3]"}


def test_equal_timeouts_tie():
    """Two that sleep equally long race with each other afterwards."""

    def program():
        log = []
        together(lambda: (sleep(0.1), log.append("a")), lambda: (sleep(0.1), log.append("b")))
        return log

    assert outcomes(program) == {"['a', 'b']", "['b', 'a']"}


def test_a_deadline_counts_from_the_base_at_the_call():
    """A tick read or spent between two calls does not set their deadlines apart."""

    def program():
        log, lock = [], threading.Lock()

        def late():
            with lock:
                time.monotonic()
            sleep(0.1)
            log.append("late")

        together(lambda: (sleep(0.1), log.append("early")), late)
        return log

    assert outcomes(program, runs=100) == {"['early', 'late']", "['late', 'early']"}


@pytest.mark.parametrize(
    "wait",
    [
        lambda held, thread: held.acquire(timeout=7),
        lambda held, thread: threading.Semaphore(0).acquire(timeout=7),
        lambda held, thread: threading.Event().wait(7),
        lambda held, thread: in_condition(7),
        lambda held, thread: thread.join(7) or not thread.is_alive(),
        lambda held, thread: in_queue(7),
        lambda held, thread: in_barrier(7),
    ],
    ids=["lock", "semaphore", "event", "condition", "join", "queue", "barrier"],
)
def test_timeouts_take_virtual_time(wait):
    """Whatever waits with a timeout gives up when the virtual clock is there."""

    def program():
        held, event = threading.Lock(), threading.Event()
        held.acquire()
        thread = threading.Thread(target=event.wait, daemon=True)
        thread.start()
        return wait(held, thread)

    run = detsched.record(program)

    assert run.failure is None
    assert run.value is False
    assert run.clock == pytest.approx(7, abs=1e-3)


def in_condition(seconds):
    """Wait for a condition that nobody notifies."""
    condition = threading.Condition()
    with condition:
        return condition.wait(seconds)


def in_queue(seconds):
    """Get from a queue that stays empty."""
    try:
        queue.Queue().get(timeout=seconds)
    except queue.Empty:
        return False


def in_barrier(seconds):
    """Wait for a party that does not come."""
    try:
        threading.Barrier(2).wait(seconds)
    except threading.BrokenBarrierError:
        return False


def test_what_comes_in_time_moves_no_clock():
    """A timed wait that gets what it waits for takes no time."""

    def program():
        event = threading.Event()
        threading.Thread(target=event.set).start()
        return event.wait(10), in_time()

    def in_time():
        lock = threading.Lock()
        return lock.acquire(timeout=10)

    for seed in range(10):
        run = detsched.record(program, seed=seed)
        assert run.value == (True, True)
        assert run.clock == 0


def test_the_clock_jumps_for_a_spinner():
    """A thread that spins is as good as a blocked one: the sleeper that it waits for wakes."""

    def program():
        event = threading.Event()
        threading.Thread(target=lambda: (sleep(60), event.set())).start()
        while not event.is_set():
            pass
        return "done"

    for seed in range(5):
        run = detsched.record(program, seed=seed)
        assert run.value == "done"
        assert run.clock == 60


def test_sleep_of_nothing():
    """`sleep(0)` lets others run and takes no time."""

    def program():
        log = []
        together(lambda: (sleep(0), log.append("a")), lambda: (sleep(0), log.append("b")))
        return log

    assert outcomes(program) == {"['a', 'b']", "['b', 'a']"}
    assert detsched.record(program).clock == 0


def test_a_timed_waiter_that_gave_up_gets_no_notify():
    """Condition: who gave up stays in the queue until it has the lock again; a notify in between is taken by it, and lost."""

    def program():
        condition, came, log = threading.Condition(), threading.Event(), []

        def impatient():
            with condition:
                came.set()
                log.append(("impatient", condition.wait(1)))

        def patient():
            came.wait()
            with condition:
                log.append(("patient", condition.wait(100)))

        def holder():
            came.wait()
            sleep(0.5)
            with condition:
                sleep(2)  # the impatient one gives up now, and cannot get the lock
                condition.notify()

        together(impatient, patient, holder)
        return sorted(log)

    assert outcomes(program) == {"[('impatient', False), ('patient', False)]"}


def test_a_set_after_the_time_is_too_late():
    """Event: who gave up before the set returns False."""

    def program():
        event, log = threading.Event(), []
        together(lambda: log.append(event.wait(1)), lambda: (sleep(2), event.set()))
        return log

    assert outcomes(program) == {"[False]"}


def test_a_tie_between_timeout_and_set():
    """A set at the very time at which the waiter gives up may come before or after it."""

    def program():
        event, log = threading.Event(), []
        together(lambda: log.append(event.wait(1)), lambda: (sleep(1), event.set()))
        return log

    assert outcomes(program) == {"[False]", "[True]"}


def test_set_and_clear_wake_for_good():
    """Event: who was waiting when it was set goes on, whatever comes after."""

    def program():
        event, log = threading.Event(), []
        together(lambda: log.append(event.wait(5)), lambda: (sleep(1), event.set(), event.clear()))
        return log

    assert outcomes(program) == {"[True]"}


def test_huge_timeouts():
    """The greatest timeout that the interpreter takes is a timeout like any other."""

    def program():
        lock = threading.Lock()
        lock.acquire()
        return lock.acquire(timeout=threading.TIMEOUT_MAX)

    run = detsched.record(program)

    assert (run.value, run.clock) == (False, threading.TIMEOUT_MAX)


def test_time_is_real_outside():
    """After a run, and where `patched()` is entered without a run, time is real."""
    real = (time.time, time.monotonic, time.perf_counter, time.sleep, time.time_ns, time.monotonic_ns, time.perf_counter_ns)
    detsched.run(lambda: sleep(1000))

    assert (time.time, time.monotonic, time.perf_counter, time.sleep, time.time_ns, time.monotonic_ns, time.perf_counter_ns) == real
    with detsched.patched():
        assert abs(time.time() - real[0]()) < 1000



def test_trace_events_have_the_time():
    """Each event of the trace says the virtual time at which it was."""

    def program():
        lock = threading.Lock()
        lock.acquire()
        sleep(2)
        lock.release()
        sleep(3)
        lock.acquire()

    assert [event.time for event in detsched.record(program).trace] == [0, 2, 2, 5, 5]


def test_what_stands_in_unittest_stays_there():
    """The clock that unittest takes for itself does not stand in for `time` in other modules."""
    import unittest.case  # noqa: F401

    def program():
        time.sleep(0.5)
        return time is sys.modules["time"]

    run = detsched.record(program)

    assert (run.value, run.clock) == (True, 0.5)
