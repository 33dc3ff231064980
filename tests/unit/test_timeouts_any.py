"""`timeouts="any"`: a timeout may fire whenever the strategy says. And `clock="real"`: the machine's clock."""

import concurrent.futures
import queue
import random
import threading
import time

import pytest

import detsched
from again import together


def again(program, seed=0, **settings):
    """The value of a program: the same when it runs a second time under the seed, and when its token is replayed."""
    with detsched.patched():
        run = detsched.record(program, seed=seed, **settings)
        second = detsched.record(program, seed=seed, **settings)
        third = detsched.record(program, schedule=str(run.schedule))
    assert run.failure is None, run.report()
    assert (second.value, third.value) == (run.value, run.value)
    assert second.trace == third.trace == run.trace
    return run.value


# ---------------------------------------------------------------------- each timed wait has two ends

HOUR = 3600


def lock_acquire(ready):
    """A lock that another thread frees."""
    lock = threading.Lock()
    lock.acquire()
    ready.append(lock.release)
    return lambda: lock.acquire(timeout=HOUR)


def rlock_acquire(ready):
    """An RLock that another thread holds, and frees."""
    lock, held, let_go = threading.RLock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            let_go.wait()

    threading.Thread(target=hold).start()
    held.wait()
    ready.append(let_go.set)
    return lambda: lock.acquire(timeout=HOUR)


def semaphore_acquire(ready):
    """A semaphore that another thread releases."""
    semaphore = threading.Semaphore(0)
    ready.append(semaphore.release)
    return lambda: semaphore.acquire(timeout=HOUR)


def event_wait(ready):
    """An event that another thread sets."""
    event = threading.Event()
    ready.append(event.set)
    return lambda: event.wait(HOUR)


def condition_wait(ready):
    """A condition that another thread notifies, of a state that it has changed."""
    condition, state = threading.Condition(), []

    def change():
        with condition:
            state.append(1)
            condition.notify()

    def wait():
        with condition:
            return condition.wait_for(lambda: bool(state), HOUR)

    ready.append(change)
    return wait


def barrier_wait(ready):
    """A barrier that another thread comes to as well."""
    barrier = threading.Barrier(2)

    def arrive():
        try:
            barrier.wait()
        except threading.BrokenBarrierError:
            pass

    def wait():
        try:
            barrier.wait(HOUR)
        except threading.BrokenBarrierError:
            return False
        return True

    ready.append(arrive)
    return wait


def thread_join(ready):
    """A thread that ends when it is told to."""
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    ready.append(event.set)

    def wait():
        thread.join(HOUR)
        return not thread.is_alive()

    return wait


def queue_get(ready):
    """A queue that another thread fills."""
    items = queue.Queue()
    ready.append(lambda: items.put(1))

    def wait():
        try:
            return bool(items.get(timeout=HOUR))
        except queue.Empty:
            return False

    return wait


def queue_put(ready):
    """A full queue that another thread takes from."""
    items = queue.Queue(1)
    items.put(0)
    ready.append(items.get)

    def wait():
        try:
            items.put(1, timeout=HOUR)
        except queue.Full:
            return False
        return True

    return wait


def simple_queue_get(ready):
    """The other kind of queue."""
    items = queue.SimpleQueue()
    ready.append(lambda: items.put(1))

    def wait():
        try:
            return bool(items.get(timeout=HOUR))
        except queue.Empty:
            return False

    return wait


def future_result(ready):
    """The future of an executor's task."""
    executor, event = concurrent.futures.ThreadPoolExecutor(1), threading.Event()
    future = executor.submit(event.wait)
    ready.append(lambda: (event.set(), executor.shutdown()))

    def wait():
        try:
            return future.result(HOUR)
        except TimeoutError:
            return False

    return wait


WAITS = [
    lock_acquire,
    rlock_acquire,
    semaphore_acquire,
    event_wait,
    condition_wait,
    barrier_wait,
    thread_join,
    queue_get,
    queue_put,
    simple_queue_get,
    future_result,
]


def waiting(wait):
    """A program: one thread waits for at most an hour, another makes an end of that; whether it came in time, and how long it took."""

    def program():
        ready, came = [], []
        waits = wait(ready)

        def waiter():
            before = time.monotonic()
            came.append(waits())
            came.append(time.monotonic() - before)

        together(waiter, ready[0])
        return came

    return program


@pytest.mark.parametrize("wait", WAITS)
def test_both_ends(wait):
    """Under enough seeds the wait comes to both ends, and the thread that timed out has seen at least its timeout pass."""
    program = waiting(wait)
    ends = set()
    for seed in range(40):
        came, passed = detsched.run(program, seed=seed, timeouts="any")
        assert came in (True, False)
        assert came or passed >= HOUR
        ends.add(came)
        if len(ends) == 2 and seed >= 5:
            break

    assert ends == {True, False}
    for seed in range(4):
        again(program, seed, timeouts="any")


@pytest.mark.parametrize("wait", WAITS)
def test_one_end_only_when_idle(wait):
    """Without it a timeout fires only when nobody can run: never in these programs, and no time passes."""
    program = waiting(wait)
    with detsched.patched():
        for seed in range(8):
            came, passed = detsched.run(program, seed=seed)
            assert came is True
            assert passed < 1


def test_sleeps_end_in_any_order():
    """A sleep is a timeout like any other: a longer one may end before a shorter one, and both have slept as long as they said."""

    def program():
        log = []

        def body(seconds):
            before = time.monotonic()
            time.sleep(seconds)
            assert time.monotonic() - before >= seconds
            log.append(seconds)

        together(lambda: body(1), lambda: body(HOUR))
        return log

    assert {str(again(program, seed, timeouts="any")) for seed in range(20)} == {"[1, 3600]", "[3600, 1]"}
    assert {str(again(program, seed)) for seed in range(5)} == {"[1, 3600]"}


def test_a_timer_that_races():
    """A timer may fire before the end of what it is to limit, or be cancelled in time."""

    def program():
        log = []
        timer = threading.Timer(HOUR, lambda: log.append("fired"))
        timer.start()
        for _ in range(3):
            detsched.yield_point()
        log.append("done")
        timer.cancel()
        timer.join()
        return log

    assert {str(again(program, seed, timeouts="any")) for seed in range(40)} == {"['done']", "['fired', 'done']", "['done', 'fired']"} - (
        set() if len(detsched.explore(program, runs=200, timeouts="any").outcomes) == 3 else {"['done', 'fired']"}
    )


def test_time_spreads_along_happens_before():
    """Whoever learns from a thread that an hour has passed sees a time at least as late; whoever does not, need not."""

    def program():
        event, seen = threading.Event(), {}

        def sleeper():
            time.sleep(HOUR)
            seen["sleeper"] = time.monotonic()
            event.set()

        def told():
            event.wait()
            seen["told"] = time.monotonic()

        begun = time.monotonic()
        together(sleeper, told)
        seen["main"] = time.monotonic()
        return seen["sleeper"] - begun >= HOUR, seen["told"] >= seen["sleeper"], seen["main"] >= seen["told"]

    for seed in range(20):
        assert again(program, seed, timeouts="any") == (True, True, True)


def test_a_notify_taken_by_one_who_gave_up_is_lost():
    """A waiter that gave up is registered until it has the lock again: a notify in between is its, and another one waits for ever."""

    def program():
        condition, waiting_both = threading.Condition(), threading.Semaphore(0)

        def impatient():
            with condition:
                waiting_both.release()
                condition.wait(HOUR)

        def patient():
            with condition:
                waiting_both.release()
                condition.wait()

        def notifier():
            for _ in range(2):
                waiting_both.acquire()
            with condition:
                condition.notify()

        together(impatient, patient, notifier)

    exploration = detsched.explore(program, runs=150, timeouts="any")

    assert [failure.kind for failure in exploration.failures] == ["deadlock"]
    assert "patient" in str(exploration.failure.exception)
    assert exploration.failed_runs < exploration.runs


def test_a_bug_that_only_a_timeout_shows():
    """A lost update behind a lock that somebody takes for granted: found with any timeouts, not without."""

    def program():
        lock, count = threading.Lock(), [0]

        def add():
            got = lock.acquire(timeout=HOUR)
            n = count[0]
            detsched.yield_point()
            count[0] = n + 1
            if got:
                lock.release()

        together(add, add)
        assert count[0] == 2

    assert detsched.explore(program, runs=100).failure is None
    exploration = detsched.explore(program, runs=100, timeouts="any", keep_going=False)
    assert exploration.failure.kind == "exception"
    with pytest.raises(AssertionError):
        detsched.replay(program, schedule=str(exploration.failure.schedule))


def test_what_the_token_says():
    """A token says that its timeouts fired whenever they were told to, so that it replays without the setting."""
    program = waiting(event_wait)
    runs = [detsched.record(program, seed=seed, timeouts="any") for seed in range(10)]

    assert all(".any" in str(run.schedule) for run in runs)
    assert ".any" not in str(detsched.record(program).schedule)
    for run in runs:
        assert detsched.replay(program, schedule=str(run.schedule)) == run.value


def test_deadlocks_without_timeouts_are_found():
    """Whoever waits without a timeout in vain is in a deadlock, whatever timeouts may do."""

    def program():
        threading.Semaphore(0).acquire()

    assert detsched.record(program, timeouts="any").failure.kind == "deadlock"


def test_random_programs_replay():
    """Programs made of random timed operations: the same again, from the seed and from the token."""
    for number in range(12):
        again(random_program(number), seed=number, timeouts="any")


def random_program(number):
    """Three threads that do random things with timeouts."""

    def program():
        objects = [threading.Lock(), threading.Semaphore(1), threading.Event(), threading.Condition(), queue.Queue(1)]
        log = []

        def body(name):
            chosen = random.Random(f"{number} {name}")
            for _ in range(6):
                thing = chosen.choice(objects)
                timeout = chosen.choice([0, 0.5, 10])
                if isinstance(thing, queue.Queue):
                    try:
                        thing.put(name, timeout=timeout) if chosen.random() < 0.5 else thing.get(timeout=timeout)
                    except (queue.Empty, queue.Full) as error:
                        log.append((name, type(error).__name__, round(time.monotonic(), 1)))
                elif isinstance(thing, threading.Event):
                    log.append((name, thing.wait(timeout)))
                    thing.set() if chosen.random() < 0.5 else thing.clear()
                elif isinstance(thing, threading.Condition):
                    with thing:
                        log.append((name, thing.wait(timeout)))
                        thing.notify()
                elif thing.acquire(timeout=timeout):
                    time.sleep(timeout)
                    thing.release()
                    log.append((name, "got"))

        together(*[lambda name=name: body(name) for name in "abc"])
        return log

    return program


# ---------------------------------------------------------------------- the machine's clock


def test_a_sleep_takes_as_long_as_it_says():
    """With `clock="real"` a sleep of 0.05 seconds takes that long, and every clock is the machine's."""

    def program():
        before = time.monotonic()
        time.sleep(0.05)
        return before, time.monotonic(), time.time()

    began, wall = time.monotonic(), time.time()
    before, after, now = detsched.run(program, clock="real")

    assert began <= before <= after - 0.05 <= time.monotonic()
    assert wall <= now <= time.time()


def test_sleeps_of_threads_overlap():
    """Threads sleep side by side."""
    began = time.monotonic()
    detsched.run(lambda: together(*[lambda: time.sleep(0.2)] * 5), clock="real")

    assert 0.2 <= time.monotonic() - began < 5 * 0.2


def test_timeouts_take_real_time():
    """A timeout fires when its time has come, and not when what it waits for comes first."""

    def program():
        before = time.monotonic()
        late = threading.Event().wait(0.05), threading.Lock().acquire(timeout=0), time.monotonic() - before
        event = threading.Event()
        threading.Timer(0.03, event.set).start()
        return late, event.wait(30), time.monotonic() - before

    (came, free, passed), in_time, all_passed = detsched.run(program, clock="real")

    assert (came, free, in_time) == (False, True, True)
    assert 0.05 <= passed < 1 and 0.08 <= all_passed < 1


def test_deadlocks_are_found_in_real_time():
    """A deadlock is a deadlock, and said at once where nobody waits for the clock."""

    def program():
        one, other, met = threading.Lock(), threading.Lock(), threading.Barrier(2)

        def body(first, second):
            with first:
                met.wait()
                with second:
                    pass

        together(lambda: body(one, other), lambda: body(other, one))

    assert detsched.record(program, clock="real").failure.kind == "deadlock"
    assert detsched.record(lambda: (time.sleep(0.02), threading.Semaphore(0).acquire()), clock="real").failure.kind == "deadlock"


def test_the_order_is_the_seeds_in_real_time():
    """Choices are the seed's, and a token replays them, though readings differ."""

    def program():
        log, lock = [], threading.Lock()

        def body(name):
            for _ in range(3):
                with lock:
                    log.append(name)
            time.monotonic()

        together(*[lambda name=name: body(name) for name in "abc"])
        return log

    orders = set()
    for seed in range(5):
        run, second = [detsched.record(program, seed=seed, clock="real") for _ in range(2)]
        assert run.value == second.value == detsched.replay(program, schedule=str(run.schedule), clock="real")
        orders.add(str(run.value))
    assert len(orders) > 1


def test_sleepers_in_real_time_replay():
    """Which of several sleepers goes on first is the seed's too, and is in the token."""

    def program():
        log = []

        def body(name):
            for _ in range(3):
                time.sleep(0.001)
                log.append(name)

        threads = [threading.Thread(target=body, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return log

    runs = [detsched.record(program, seed=1, clock="real") for _ in range(10)]
    assert len({str(run.value) for run in runs}) == 1
    for run in runs:
        assert detsched.replay(program, schedule=str(run.schedule), clock="real") == run.value
