"""The engine: verdicts, unwinding, and what a run leaves behind."""

import gc
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import time

import pytest

import detsched
from again import together
from detsched import DeadlockError, LimitError, LivelockError, UncontrolledError, yield_point
from detsched._core.workers import pool


def raiser(error):
    """A body that takes a lock, which makes it race, and raises."""

    def body():
        with threading.Lock():
            pass
        raise error

    return body


# ---------------------------------------------------------------------- verdicts: values and exceptions


def test_value():
    """A run returns what the program returns."""
    assert detsched.run(lambda a, b: [a, b], 1, "x") == [1, "x"]
    run = detsched.record(lambda: 7)
    assert (run.value, run.result(), run.failure, run.failures) == (7, 7, None, ())


def test_exception_in_main():
    """An exception of the program comes out of `run` as it is, with the report as a note."""
    error = KeyError("gone")

    def program():
        raise error

    with pytest.raises(KeyError) as caught:
        detsched.run(program)

    assert caught.value is error
    assert any("replay" in note for note in error.__notes__)
    failure = detsched.record(program).failure
    assert (failure.kind, failure.exception, failure.thread) == ("exception", error, "MainThread")


def test_exception_in_a_thread():
    """An exception that escapes a thread is the failure of the run, though main goes on to its end."""
    ended = []

    def program():
        together(raiser(ValueError("in a thread")), names=["worker"])
        ended.append(True)

    with pytest.raises(ValueError, match="in a thread"):
        detsched.run(program)

    assert ended == [True]
    failure = detsched.record(program).failure
    assert (failure.kind, failure.thread) == ("exception", "worker")


def test_several_exceptions():
    """A run has the set of its failures; which one is `.failure` does not depend on the order in which they came."""

    def program():
        together(raiser(ValueError("a")), raiser(KeyError("b")), raiser(OSError("c")), names=["ann", "bob", "cat"])

    orders, first, sets = set(), set(), set()
    for seed in range(50):
        run = detsched.record(program, seed=seed)
        orders.add(tuple(event.thread for event in run.trace))
        first.add((run.failure.origin, run.failure.thread, str(run.failure.exception)))
        sets.add(tuple((failure.origin, failure.thread) for failure in run.failures))

    assert len(orders) > 5
    assert len(first) == len(sets) == 1
    assert len(sets.pop()) == 3


def test_exception_in_main_and_in_a_thread():
    """Main's exception and a thread's are both failures."""

    def program():
        thread = threading.Thread(target=raiser(ValueError("thread")))
        thread.start()
        raise KeyError("main")

    for seed in range(20):
        run = detsched.record(program, seed=seed)
        assert {type(failure.exception) for failure in run.failures} == {ValueError, KeyError}
        assert isinstance(run.failure.exception, KeyError)


def test_system_exit_in_a_thread_is_none():
    """SystemExit ends a thread quietly."""

    def program():
        together(lambda: sys.exit(3), raiser(SystemExit()))
        return "fine"

    assert detsched.run(program) == "fine"


def test_system_exit_in_main():
    """SystemExit in main comes out of `run`, and is no failure."""
    run = detsched.record(lambda: sys.exit(3))

    assert run.failure is None
    with pytest.raises(SystemExit) as caught:
        run.result()
    assert caught.value.code == 3


def test_excepthook_of_the_program_handles(monkeypatch):
    """An exception taken by a `threading.excepthook` that the program set is no failure."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    taken = []

    def program():
        threading.excepthook = lambda args: taken.append((args.exc_type, args.thread.name))
        together(raiser(ValueError("x")), names=["worker"])
        return "fine"

    assert detsched.run(program) == "fine"
    assert taken == [(ValueError, "worker")]


def test_excepthook_through_the_drop_in(monkeypatch):
    """The same through `detsched.threading`."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    taken = []

    def program():
        detsched.threading.excepthook = lambda args: taken.append(args.exc_type)
        together(raiser(ValueError("x")))

    detsched.run(program)

    assert taken == [ValueError]


def test_excepthook_from_before_does_not_handle(monkeypatch):
    """A hook that was there before the run (a test runner's) handles nothing."""
    monkeypatch.setattr(threading, "excepthook", lambda args: None)

    with pytest.raises(ValueError):
        detsched.run(lambda: together(raiser(ValueError("x"))))


def test_exceptions_printed(monkeypatch, capsys):
    """With thread_exceptions="print" they are printed as usual, and no failure."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)

    detsched.run(lambda: together(raiser(ValueError("said")), names=["worker"]), thread_exceptions="print")

    printed = capsys.readouterr().err
    assert "Exception in thread worker" in printed
    assert "ValueError: said" in printed


def test_exception_groups_and_causes_survive():
    """The exception object is the program's own: its cause, context and notes are there."""

    def program():
        try:
            raise KeyError("first")
        except KeyError as error:
            second = ValueError("second")
            second.add_note("mine")
            raise second from error

    with pytest.raises(ValueError) as caught:
        detsched.run(program)

    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.__notes__[0] == "mine"


# ---------------------------------------------------------------------- deadlock


def philosophers():
    """Two locks, taken in both orders."""
    fork, knife = detsched.name(threading.Lock(), "fork"), detsched.name(threading.Lock(), "knife")

    def eat(first, second):
        with first, second:
            pass

    together(lambda: eat(fork, knife), lambda: eat(knife, fork), names=["ann", "bob"])


def first_failure(program, **settings):
    """The first failure that an exploration finds."""
    failure = detsched.explore(program, runs=200, keep_going=False, **settings).failure
    assert failure is not None
    return failure


def test_deadlock_says_who_waits_for_what_held_by_whom():
    """The message names both threads, both locks, the lines, and the holders."""
    failure = first_failure(philosophers)

    assert failure.kind == "deadlock"
    assert isinstance(failure.exception, DeadlockError)
    text = str(failure.exception)
    assert "\n" not in text
    for part in ("ann waits to acquire knife", "held by bob", "bob waits to acquire fork", "held by ann", "test_engine.py:"):
        assert part in text
    assert "MainThread" not in text


def test_run_raises_deadlock():
    """`run` raises DeadlockError, with the report as a note."""
    def program():
        lock = threading.Lock()
        with lock:
            lock.acquire()

    with pytest.raises(DeadlockError, match=r"MainThread waits to acquire lock \(test_engine.py:") as caught:
        detsched.run(program)

    assert any("replay" in note for note in caught.value.__notes__)


def test_check_raises_deadlock():
    """`check` finds and raises it."""
    with pytest.raises(DeadlockError):
        detsched.check(philosophers)


def test_deadlock_with_a_thread_that_ended():
    """A lock that its holder took along into its end is named so."""

    def program():
        lock = threading.Lock()
        together(lock.acquire, names=["gone"])
        lock.acquire()

    failure = first_failure(program)

    assert failure.kind == "deadlock"
    assert "held by gone (ended)" in str(failure.exception)


def test_cycle_is_found_at_once():
    """A cycle of lock waits is a deadlock while another thread could still run for long."""

    def program():
        fork, knife, met = threading.Lock(), threading.Lock(), threading.Barrier(2)
        other = threading.Lock()

        def eat(first, second):
            with first:
                met.wait()
                with second:
                    pass

        def busy():
            for _ in range(50_000):
                with other:
                    pass

        together(lambda: eat(fork, knife), lambda: eat(knife, fork), busy, names=["ann", "bob", "busy"])

    run = detsched.record(program)

    assert run.failure.kind == "deadlock"
    assert run.steps < 1000
    assert "busy" not in str(run.failure.exception)


def test_cycle_beside_others_is_replayed():
    """The run is over with the cycle in a replay too, although two more threads could go on."""

    def program():
        one, other = threading.Lock(), threading.Lock()

        def cross(first, second):
            with first, second:
                pass

        threads = [threading.Thread(target=cross, args=pair) for pair in ((one, other), (other, one))]
        threads += [threading.Thread(target=detsched.yield_point) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = detsched.explore(program, strategy="dpor", runs=None, granularity="sync")

    assert found.complete
    assert [failure.kind for failure in found.failures] == ["deadlock"]
    assert detsched.record(program, schedule=found.failure.schedule).failure.kind == "deadlock"


def test_cycle_of_three_rlocks():
    """RLocks make cycles too."""

    def program():
        locks, met = [threading.RLock() for _ in range(3)], threading.Barrier(3)

        def eat(i):
            with locks[i]:
                met.wait()
                with locks[(i + 1) % 3]:
                    pass

        together(*[lambda i=i: eat(i) for i in range(3)], names=["a", "b", "c"])

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"
    assert str(failure.exception).startswith("3 threads wait for each other")


@pytest.mark.parametrize("poll", ["sleep", "event", "wait", "yield"])
def test_a_polling_daemon_hides_no_deadlock(poll):
    """The verdict names those who wait for ever, not the daemon that keeps polling."""

    def program():
        event = threading.Event()

        def watch():
            while True:
                if poll == "sleep":
                    time.sleep(1)
                elif poll == "event":
                    event.is_set()
                elif poll == "wait":
                    event.wait(0.5)
                else:
                    yield_point()

        threading.Thread(target=watch, name="watcher", daemon=True).start()
        together(threading.Lock().acquire, threading.Condition().acquire, threading.Semaphore(0).acquire, names=["fine", "fine too", "stuck"])

    run = detsched.record(program)

    assert run.failure.kind == "deadlock", run.failure
    assert "stuck waits to acquire Semaphore" in str(run.failure.exception)
    assert "watcher" not in str(run.failure.exception)
    assert run.steps < 20_000


def test_a_daemon_may_wait_for_ever():
    """The run ends when the last thread that is no daemon has ended."""

    def program():
        threading.Thread(target=threading.Lock().acquire, daemon=True).start()
        threading.Thread(target=queue.Queue().get, daemon=True).start()
        return "fine"

    assert detsched.run(program) == "fine"


def test_lost_wake_up():
    """A notify before the wait is lost: a deadlock, in some schedules only."""

    def program():
        condition = threading.Condition()

        def waiter():
            with condition:
                condition.wait()

        def notifier():
            with condition:
                condition.notify()

        together(waiter, notifier, names=["waiter", "notifier"])

    exploration = detsched.explore(program, runs=100)

    assert [failure.kind for failure in exploration.failures] == ["deadlock"]
    assert len(exploration.outcomes) == 2
    assert "waiter is waiting in condition.wait() (test_engine.py:" in str(exploration.failure.exception)


def test_a_timed_wait_is_no_deadlock():
    """Whoever waits with a timeout gets on."""

    def program():
        lock = threading.Lock()
        with lock:
            return lock.acquire(timeout=5)

    assert detsched.run(program) is False


# ---------------------------------------------------------------------- livelock and limit


def spin_on_event():
    """Nobody sets it."""
    event = threading.Event()
    while not event.is_set():
        pass


def spin_with_sleep():
    """Polls, with a sleep between."""
    event = threading.Event()
    while not event.is_set():
        time.sleep(0.1)


def spin_in_two():
    """Two threads wait for each other by polling."""
    ready = {0: threading.Event(), 1: threading.Event()}

    def body(me):
        while not ready[1 - me].is_set():
            pass
        ready[me].set()

    together(lambda: body(0), lambda: body(1), names=["ann", "bob"])


def spin_on_a_try():
    """Tries a lock that nobody frees."""
    lock = threading.Lock()
    lock.acquire()
    while not lock.acquire(blocking=False):
        pass


def spin_on_is_alive():
    """Waits for a thread that waits for ever."""
    thread = threading.Thread(target=threading.Semaphore(0).acquire, name="stuck")
    thread.start()
    while thread.is_alive():
        pass


def spin_on_yields():
    """Yields for ever."""
    while True:
        yield_point()


@pytest.mark.parametrize("program", [spin_on_event, spin_with_sleep, spin_in_two, spin_on_a_try, spin_on_is_alive, spin_on_yields])
def test_livelock_is_found_early(program):
    """A cycle without progress is a livelock, far below `max_steps`, and the message names the line."""
    for seed in range(3):
        run = detsched.record(program, seed=seed)

        assert run.failure is not None
        assert run.failure.kind == "livelock", run.failure
        assert isinstance(run.failure.exception, LivelockError)
        assert "test_engine.py:" in str(run.failure.exception)
        assert run.steps < 20_000


def test_a_spin_that_somebody_ends_is_none():
    """Spinning threads let the others run: whoever waits for the clock, too."""

    def program():
        event = threading.Event()
        threading.Timer(10, event.set).start()
        while not event.is_set():
            pass
        return time.monotonic()

    start = detsched.run(time.monotonic)
    for seed in range(5):
        assert detsched.run(program, seed=seed) >= start + 10


class Box:
    """Something with an attribute."""

    n = 0


def count_in_a_local(event):
    """A local variable."""
    n = 0
    while n < 6000:
        event.is_set()
        n += 1


def count_in_an_attribute(event):
    """An attribute of an object."""
    box = Box()
    while box.n < 6000:
        event.is_set()
        box.n += 1


def count_in_a_list(event):
    """An item of a list."""
    counts = [0]
    while counts[0] < 6000:
        event.is_set()
        counts[0] += 1


def count_in_an_iterator(event):
    """An iterator, with the same value at each step."""
    for _ in itertools.repeat(None, 6000):
        event.is_set()


def count_in_a_closure(event):
    """A variable of an enclosing function."""
    n = 0

    def step():
        nonlocal n
        event.is_set()
        n += 1
        return n

    while step() < 6000:
        pass


def count_down_a_list(event):
    """The length of a list."""
    work = [None] * 6000
    while work:
        event.is_set()
        work.pop()


_count = 0


def count_in_a_global(event):
    """A global variable."""
    global _count
    _count = 0
    while _count < 6000:
        event.is_set()
        _count += 1


COUNTING = [count_in_a_local, count_in_an_attribute, count_in_a_list, count_in_an_iterator, count_in_a_closure, count_down_a_list, count_in_a_global]


@pytest.mark.parametrize("count", COUNTING)
def test_counting_is_no_livelock(count):
    """A loop that counts makes progress, wherever it keeps its count, though its operations change nothing."""

    def program():
        count(threading.Event())
        return "done"

    assert detsched.run(program) == "done"


@pytest.mark.parametrize("count", COUNTING)
def test_counting_sleeps_is_no_livelock(count):
    """A loop that sleeps so many times makes progress."""

    class Sleeper:
        def is_set(self):
            time.sleep(1)

    def program():
        count(Sleeper())
        return "done"

    run = detsched.record(program)
    assert run.failure is None, run.failure
    assert run.clock == 6000


def test_limit():
    """A run that makes progress and is longer than `max_steps` is a limit failure, which says what to do."""

    def program():
        lock = threading.Lock()
        for _ in range(1000):
            with lock:
                pass

    run = detsched.record(program, max_steps=500)

    assert run.failure.kind == "limit"
    assert isinstance(run.failure.exception, LimitError)
    assert "max_steps" in str(run.failure.exception)
    assert run.steps == 500
    assert detsched.record(program, max_steps=2000).failure is None
    assert detsched.record(program, max_steps=None).failure is None


# ---------------------------------------------------------------------- unwinding


def test_finally_blocks_of_parked_threads_run():
    """At the end of a run the threads that are still parked are unwound."""
    log = []

    def stuck(name):
        try:
            threading.Semaphore(0).acquire()
        finally:
            log.append(name)

    with pytest.raises(DeadlockError):
        detsched.run(lambda: together(lambda: stuck("a"), lambda: stuck("b")))

    assert sorted(log) == ["a", "b"]


def test_daemons_are_unwound_at_the_end():
    """Daemons that still run when the program ends are unwound, and that is no failure."""
    log = []

    def program():
        def body():
            try:
                threading.Event().wait()
            finally:
                log.append("left")

        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        time.sleep(1)
        return "fine"

    assert detsched.run(program) == "fine"
    assert log == ["left"]


def test_with_blocks_let_go():
    """Locks held by parked threads are let go, those that a `with` holds and those that nothing would free."""
    ours = detsched.threading
    lock, rlock, semaphore, condition, bare = ours.Lock(), ours.RLock(), ours.Semaphore(1), ours.Condition(), ours.Lock()

    def program():
        def body():
            with lock, rlock, semaphore, condition:
                bare.acquire()
                threading.Event().wait()

        together(body)

    for seed in range(5):
        with pytest.raises(DeadlockError):
            detsched.run(program, seed=seed)

        assert not lock.locked()
        assert not bare.locked()
        assert rlock.acquire(blocking=False) and rlock.release() is None
        assert semaphore.acquire(blocking=False) and semaphore.release() is None
        assert condition.acquire(blocking=False) and condition.release() is None


def test_locks_from_another_thread_are_free_after_a_failure():
    """An RLock that a parked thread held can be taken by any real thread afterwards."""
    rlock = detsched.threading.RLock()
    taken = []

    def program():
        def body():
            rlock.acquire()
            threading.Event().wait()

        together(body)

    with pytest.raises(DeadlockError):
        detsched.run(program)

    thread = threading.Thread(target=lambda: taken.append(rlock.acquire(timeout=0)))
    thread.start()
    thread.join()
    assert taken == [True]


def test_base_exception_swallowed_once():
    """A thread that swallows its unwinding meets it again at its next yield point."""
    log = []

    def program():
        event = threading.Event()

        def body():
            for _ in range(5):
                try:
                    event.wait()
                except BaseException:
                    log.append("swallowed")

        together(body)

    run = detsched.record(program)

    assert run.failure.kind == "deadlock"
    assert log and set(log) == {"swallowed"}


def test_base_exception_swallowed_for_ever():
    """A thread that swallows everything in a loop does not keep the run from its end, nor the next run from working."""

    def program():
        event = threading.Event()

        def body():
            while True:
                try:
                    event.wait()
                except BaseException:
                    pass

        together(body)

    assert detsched.record(program).failure.kind == "deadlock"
    assert detsched.run(lambda: together(int, int) or "fine") == "fine"


def test_a_second_exception_in_finally():
    """An exception in a `finally` block while unwinding is no failure of the program, and is swallowed."""

    def program():
        def body():
            try:
                threading.Event().wait()
            finally:
                raise ValueError("while unwinding")

        together(body)

    run = detsched.record(program)

    assert [failure.kind for failure in run.failures] == ["deadlock"]


def test_return_in_finally():
    """A `return` in a `finally` block swallows the unwinding of that function, and the thread still ends."""

    def program():
        def inner():
            try:
                threading.Event().wait()
            except BaseException:
                return "swallowed"

        def body():
            inner()
            inner()

        together(body)

    assert detsched.record(program).failure.kind == "deadlock"


def test_operations_in_finally():
    """A `finally` block may take free locks, set events and put into queues while unwinding."""
    log = []

    def program():
        lock, event, work = threading.Lock(), threading.Event(), queue.Queue()

        def body():
            try:
                threading.Event().wait()
            finally:
                with lock:
                    event.set()
                    work.put(1)
                    log.append((event.is_set(), work.qsize()))

        together(body)

    assert detsched.record(program).failure.kind == "deadlock"
    assert log == [(True, 1)]


def test_except_exception_does_not_catch_it():
    """`except Exception` lets the unwinding pass."""
    log = []

    def program():
        try:
            threading.Event().wait()
        except Exception:
            log.append("caught")

    assert detsched.record(program).failure.kind == "deadlock"
    assert log == []


# ---------------------------------------------------------------------- what is left behind


def patched_names():
    """Every name that a run replaces, and what it is bound to."""
    import _thread

    import concurrent.futures  # noqa: F401
    import logging

    modules = [m for name, m in sorted(sys.modules.items()) if m is not None and not name.startswith("detsched")]
    found = {(m.__name__, name): value for m in modules if hasattr(m, "__name__") for name, value in list(vars(m).items())}
    for cls in (threading.Thread, threading.Condition, threading.Event, threading.Semaphore, threading.BoundedSemaphore, threading.Barrier, threading.Timer):
        found.update({(cls.__name__, name): value for name, value in vars(cls).items()})
    found["handlers"] = [id(getattr(ref(), "lock", None)) for ref in logging._handlerList]
    found["_thread"] = dict(vars(_thread))
    return found


def failing():
    """A deadlock, with an exception, a daemon, a held lock and a timer."""
    kept_lock.acquire()
    threading.Thread(target=lambda: 1 / 0).start()
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    threading.Timer(1000, int).start()
    threading.Semaphore(0).acquire()


kept_lock = threading.Lock()


def test_failing_runs_leave_nothing_behind():
    """After many failing runs: no lock held, no thread, collection enabled, affinity as before, every name as before."""
    detsched.record(failing)  # imports what a run imports
    names, threads, affinity = patched_names(), threading.enumerate(), os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    for seed in range(30):
        detsched.record(failing, seed=seed)
    before = len(sys._current_frames())

    for seed in range(150):
        run = detsched.record(failing, seed=seed)
        assert {failure.kind for failure in run.failures} == {"exception", "deadlock"}

    assert len(sys._current_frames()) <= before
    assert threading.enumerate() == threads
    assert not kept_lock.locked()
    assert gc.isenabled()
    if affinity is not None:
        assert os.sched_getaffinity(0) == affinity
    after = patched_names()
    assert [key for key in names if after.get(key) is not names[key] and key not in ("handlers", "_thread") and key[0] != __name__] == []
    assert after["handlers"] == names["handlers"]
    assert after["_thread"] == names["_thread"]
    assert threading.current_thread() is threading.main_thread()
    assert threading.get_ident() == threading.main_thread().ident
    assert detsched.current_run() is None


def test_failing_explorations_leave_no_memory_behind():
    """The objects of failing runs die with them."""

    class Made:
        count = 0

        def __init__(self):
            Made.count += 1

        def __del__(self):
            Made.count -= 1

    def program():
        made = Made()
        together(lambda: (made, threading.Event().wait()))

    for seed in range(50):
        detsched.record(program, seed=seed)
    gc.collect()

    assert Made.count <= 2


def test_collection_stays_off_if_it_was():
    """A run leaves garbage collection as it found it."""
    gc.disable()
    try:
        detsched.run(int)
        assert not gc.isenabled()
    finally:
        gc.enable()


REAL_LOCKS = """
import threading, detsched
def make():
    {where}
    def program():
        entered = []
        def body():
            with lock:
                entered.append(threading.current_thread().name)
                done = threading.Event()
                threading.Timer(1, done.set).start()
                done.wait()
        threads = [threading.Thread(target=body) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return len(entered)
    return program
print([detsched.run(make(), seed=seed) for seed in range(5)])
"""
FROM_BEFORE = {
    "a variable of an enclosing function": "lock = threading.Lock()",
    "a global": "global lock; lock = threading.Lock()",
    "an item of a list": "locks = [threading.Lock()]; lock = type('Lock', (), {'__enter__': lambda self: locks[0].__enter__(), '__exit__': lambda self, *e: locks[0].__exit__(*e)})()",
    "a Condition of an enclosing function": "lock = threading.Condition()",
}


@pytest.mark.parametrize("where", FROM_BEFORE)
def test_a_real_lock_from_before_freezes_no_run(where):
    """A real lock that was made before control, and is held by a parked thread, never freezes the process."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", REAL_LOCKS.format(where=FROM_BEFORE[where])],
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(detsched.__file__))},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert done.stdout == "[3, 3, 3, 3, 3]\n", done.stderr


# ---------------------------------------------------------------------- one run at a time


@pytest.mark.parametrize("inner", [detsched.run, detsched.record, detsched.explore, detsched.check])
def test_nested_run_is_refused(inner):
    """A run inside a run is refused with an error that says so, and the outer run goes on."""

    def program():
        with pytest.raises(UncontrolledError, match="inside a run"):
            inner(int)
        return "fine"

    assert detsched.run(program) == "fine"


def test_nested_run_in_a_thread_is_refused():
    """Also from a controlled thread."""

    def program():
        said = []

        def body():
            try:
                detsched.run(int)
            except UncontrolledError as error:
                said.append(str(error))

        together(body)
        return said

    assert "inside a run" in detsched.run(program)[0]


def test_run_in_a_second_real_thread_is_refused():
    """While one thread of the process is in a run, another one's run is refused, and the first goes on."""
    (go, tell_go), (done, tell_done) = os.pipe(), os.pipe()
    said = []

    def other():
        os.read(go, 1)
        try:
            detsched.run(int)
        except UncontrolledError as error:
            said.append(str(error))
        os.write(tell_done, b"!")

    thread = threading.Thread(target=other)
    thread.start()

    def program():
        os.write(tell_go, b"!")
        os.read(done, 1)
        together(int, int)
        return "fine"

    try:
        assert detsched.run(program) == "fine"
        thread.join()
    finally:
        for fd in (go, tell_go, done, tell_done):
            os.close(fd)

    assert len(said) == 1
    assert "another thread of this process is in a run" in said[0]
    assert detsched.run(lambda: "again") == "again"


def test_runs_in_a_real_thread():
    """Runs work in any real thread, one after the other."""
    came = []

    def body():
        came.append(detsched.run(lambda: (threading.current_thread() is threading.main_thread(), together(int, int))[0]))

    for _ in range(3):
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()

    assert came == [True] * 3


# ---------------------------------------------------------------------- interrupts


class Interrupted(detsched.Strategy):
    """Raises KeyboardInterrupt at the third choice."""

    def begin(self, run):
        self.left = 3

    def choose(self, step):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return step.enabled[-1]


def busy():
    """Two threads with some choices."""
    lock = threading.Lock()

    def body():
        for _ in range(5):
            with lock:
                pass

    together(body, body)
    return "fine"


def test_keyboard_interrupt_leaves_a_usable_process():
    """It comes out of `run`, everything is put back, and the next run works."""
    names, threads = patched_names(), threading.enumerate()

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            detsched.run(busy, strategy=Interrupted)

        assert threading.enumerate() == threads
        assert gc.isenabled()
        assert detsched.current_run() is None
        assert patched_names().keys() == names.keys()
        assert detsched.run(busy) == "fine"


def test_keyboard_interrupt_ends_an_exploration():
    """`explore` returns what it had done, `check` raises it."""
    exploration = detsched.explore(busy, strategy=Interrupted)

    assert exploration.interrupted
    assert exploration.runs == 0
    assert "interrupted" in exploration.summary()
    with pytest.raises(KeyboardInterrupt):
        detsched.check(busy, strategy=Interrupted)
    assert detsched.check(busy, runs=3).runs == 3


def test_keyboard_interrupt_of_the_program():
    """A KeyboardInterrupt that main raises comes out of `run`."""

    def program():
        threading.Thread(target=threading.Event().wait).start()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detsched.run(program)
    assert detsched.run(busy) == "fine"


# ---------------------------------------------------------------------- the same again


def test_a_thread_that_is_woken_too_early_waits_for_its_turn():
    """A signal in a parked main thread can give a baton twice: the spare wake-up must not start the thread's next job before its turn."""
    from detsched._core.active import active
    from detsched._core import watchdog

    began = []

    def program():
        thread = threading.Thread(target=lambda: began.append(1))
        thread.start()
        active.execution.live[-1].baton.give()
        watchdog.sleep(0.02)  # in real time, without a yield point: the OS thread would run now
        early = list(began)
        thread.join()
        return early, began

    assert detsched.run(program, granularity="sync") == ([], [1])


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin threads")
def test_threads_of_the_pool_are_pinned_only_in_runs():
    """After a run they may use the CPUs that they could use before: the next one may be pinned to another."""
    pool.idle.clear()

    detsched.run(lambda: together(int, int))

    assert pool.idle != []
    for worker in pool.idle:
        assert os.sched_getaffinity(worker.native_id) == os.sched_getaffinity(0)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="this system does not tell whether a signal has been delivered")
def test_a_signal_that_comes_to_a_thread_of_the_pool():
    """The system may give a process's signal to any of its threads; the pool's survive it."""

    def delivered(worker):
        with open(f"/proc/self/task/{worker.native_id}/status") as status:
            return "SigPnd:\t0000000000000000\n" in status

    before = signal.signal(signal.SIGUSR1, lambda signum, frame: None)
    try:
        detsched.run(lambda: together(int, int))
        for worker in pool.idle:
            signal.pthread_kill(worker.os_ident, signal.SIGUSR1)
            while not delivered(worker):
                time.sleep(0.001)
        detsched.run(lambda: together(int, int))
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_same_seed_same_execution():
    """The same seed gives the same trace; other seeds give others."""
    traces = {seed: [str(event) for event in detsched.record(busy, seed=seed).trace] for seed in range(10)}

    assert all([str(event) for event in detsched.record(busy, seed=seed).trace] == trace for seed, trace in traces.items())
    assert len({tuple(trace) for trace in traces.values()}) > 3


def test_trace():
    """A trace event says step, thread, operation, object, reason, place and time."""

    def program():
        lock = detsched.name(threading.Lock(), "db")
        lock.acquire()
        time.sleep(2)
        lock.release()

    trace = detsched.record(program).trace

    assert [(event.step, event.thread, event.operation.split()[0], event.object, event.time) for event in trace] == [
        (1, "MainThread", "acquire", "db", 0.0),
        (2, "MainThread", "sleep", "", 2.0),
        (3, "MainThread", "release", "db", 2.0),
    ]
    first = program.__code__.co_firstlineno
    assert [event.location.line - first for event in trace] == [2, 3, 4]
    assert all(event.location.file == __file__ and event.location.function.endswith("program") for event in trace)


def test_a_first_run_that_imports_is_like_the_second(tmp_path, monkeypatch):
    """An import inside the program is one step: the run that does it has the events of the run that finds it done."""
    (tmp_path / "lazily_imported_here.py").write_text("import threading\nlock = threading.Lock()\nwith lock: pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def program():
        def body():
            import lazily_imported_here

            with lazily_imported_here.lock:
                pass

        together(body, body)

    first, second = detsched.record(program, seed=3), detsched.record(program, seed=3)
    sys.modules.pop("lazily_imported_here", None)

    assert [str(event) for event in first.trace] == [str(event) for event in second.trace]
    assert first.schedule == second.schedule


def test_current_run():
    """`current_run` is the run that the calling code is in, in each of its threads, and None outside."""
    seen = []

    def program():
        lock = threading.Lock()
        with lock:
            pass
        run = detsched.current_run()
        seen.append((run.steps, run.value, run.failure, len(run.schedule)))
        together(lambda: seen.append(detsched.current_run() is not None))

    assert detsched.current_run() is None
    run = detsched.record(program)

    assert seen == [(2, None, None, 2), True]
    assert run.steps >= 4
    assert detsched.current_run() is None


def test_outside_of_a_run():
    """`yield_point` and `access` do nothing there, `name` returns its object, `choose` is an error."""
    thing = object()

    assert detsched.yield_point() is None
    assert detsched.access(thing, "key", write=True) is None
    assert detsched.name(thing, "it") is thing
    with pytest.raises(UncontrolledError):
        detsched.choose([1, 2])


def test_choose():
    """`choose` gives one of the options, all of them over the seeds, and the answers are in the schedule."""

    def program():
        return detsched.choose("abc"), detsched.choose([7])

    came = {detsched.run(program, seed=seed) for seed in range(40)}
    assert came == {("a", 7), ("b", 7), ("c", 7)}
    run = detsched.record(program, seed=3)
    assert detsched.replay(program, schedule=run.schedule) == run.value
    with pytest.raises(ValueError):
        detsched.run(lambda: detsched.choose([]))


A_FAULT = """
import threading
import detsched
from detsched._core.execution import Execution

def fault(execution):
    raise RuntimeError("a fault")

def program():
    threading.Thread(target=threading.Event().wait).start()
    detsched.yield_point()
    raise KeyboardInterrupt

Execution._unwind = fault
detsched.run(program)
"""


def test_a_fault_of_ours_does_not_keep_the_process():
    """Threads that an error inside the engine leaves behind are not waited for when the interpreter exits."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run([sys.executable, "-c", A_FAULT], env=environment, capture_output=True, text=True, timeout=60)

    assert done.stderr.endswith("RuntimeError: a fault\n")
