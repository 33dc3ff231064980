"""Interrupts and exceptions at any moment of random programs: no hang, no thread left, everything put back, the next run works.

Each case is a random program of locks, conditions, events, semaphores, queues, sleeps, timers and executors, and one thing that
comes from nowhere: a KeyboardInterrupt from a strategy or an observer's place in the engine, a SIGINT that a thread raises or
that a real timer sends after some microseconds, an exception at a random operation of a thread.

150 cases are made here. `DETSCHED_LONG=1` makes 10,000 of them, which takes some minutes; `DETSCHED_LONG=<n>` makes n.
`DETSCHED_FIRST=<n>` begins with case n: a failing case names its number, and is made again by `DETSCHED_FIRST=<n> DETSCHED_LONG=1`
with the first assertion that fails.
"""

import concurrent.futures
import gc
import os
import queue
import random
import signal
import sys
import tempfile
import threading
import time
import uuid

import _thread

import pytest

import detsched

LONG = os.environ.get("DETSCHED_LONG", "")
CASES = {"": 150, "1": 10_000}.get(LONG) or int(LONG)
FIRST = int(os.environ.get("DETSCHED_FIRST", "0"))
KINDS = ("strategy", "strategy, threads", "raise_signal", "interrupt_main", "exception", "base exception", "exit")
TIMERS = ("timer", "late timer")
pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timers")


class Injected(Exception):
    """What a thread of a random program raises."""


class InjectedBase(BaseException):
    """The same, past every `except Exception`."""


# ---------------------------------------------------------------------- random programs


class World:
    """The objects of one run of a random program, and what its threads do with them."""

    def __init__(self, chosen, inject):
        self.chosen = chosen
        self.inject = inject
        self.locks = [threading.Lock() for _ in range(2)]
        self.rlock = threading.RLock()
        self.condition = threading.Condition()
        self.event = threading.Event()
        self.semaphore = threading.Semaphore(2)
        self.queue = queue.Queue(2)
        self.simple = queue.SimpleQueue()
        self.entered = 0

    def step(self, chosen):
        """One random thing, which never waits for ever by itself."""
        self.inject()
        getattr(self, chosen.choice(STEPS))(chosen)

    def take_lock(self, chosen):
        """Hold a lock, and do something within, at times in a `finally`."""
        with chosen.choice(self.locks):
            self.inject()
            try:
                detsched.yield_point()
            finally:
                self.event.is_set()

    def try_lock(self, chosen):
        """Take a lock if it comes in time."""
        lock = chosen.choice(self.locks)
        if lock.acquire(timeout=chosen.choice([0, 1])):
            try:
                self.inject()
            finally:
                lock.release()

    def nest(self, chosen):
        """An RLock, twice."""
        with self.rlock, self.rlock:
            self.inject()

    def wait(self, chosen):
        """Wait for a condition, or notify."""
        with self.condition:
            if chosen.random() < 0.5:
                self.condition.wait(1)
            else:
                self.condition.notify_all()

    def signal(self, chosen):
        """Set, clear, or wait for an event."""
        chosen.choice([self.event.set, self.event.clear, lambda: self.event.wait(2)])()

    def limited(self, chosen):
        """Hold a semaphore."""
        with self.semaphore:
            self.inject()
            time.sleep(0)

    def put_or_get(self, chosen):
        """Pass something on."""
        try:
            self.queue.put(1, timeout=1) if chosen.random() < 0.5 else self.queue.get(timeout=1)
        except (queue.Empty, queue.Full):
            pass

    def pass_on(self, chosen):
        """Through the other kind of queue."""
        self.simple.put(1)
        try:
            self.simple.get(timeout=1)
        except queue.Empty:
            pass

    def sleep(self, chosen):
        """Some time, some readings of the clock, some random numbers."""
        time.sleep(chosen.choice([0, 0.5, 100]))
        time.time(), random.random()

    def time_out(self, chosen):
        """A timer that is cancelled or not."""
        timer = threading.Timer(1, self.event.set)
        timer.start()
        if chosen.random() < 0.5:
            timer.cancel()
        else:
            timer.join()

    def submit(self, chosen):
        """An executor with some tasks."""
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            futures = [executor.submit(self.inject) for _ in range(chosen.randint(1, 3))]
            concurrent.futures.wait(futures)

    def swallow(self, chosen):
        """An `except BaseException` around a yield point."""
        try:
            detsched.yield_point()
        except BaseException:
            if chosen.random() < 0.5:
                raise

    def nested_thread(self, chosen):
        """A thread of its own."""
        thread = threading.Thread(target=self.take_lock, args=(random.Random(chosen.random()),), daemon=chosen.random() < 0.3)
        thread.start()
        if chosen.random() < 0.7:
            thread.join()

    def daemon(self, chosen):
        """A daemon that polls for ever."""

        def poll():
            while True:
                time.sleep(5)

        threading.Thread(target=poll, daemon=True).start()


STEPS = [name for name in vars(World) if not name.startswith("_") and name not in ("step", "inject")]


def random_program(number, injection=lambda: lambda: None):
    """A program of up to four threads with up to six random things each. The same number is the same program."""

    def program():
        made = random.Random(f"program {number}")
        world = World(made, injection())
        signal.signal(signal.SIGUSR2, lambda *args: world.inject())
        count = made.randint(1, 4)

        def body(name):
            chosen = random.Random(f"{number} {name}")
            for _ in range(chosen.randint(1, 6)):
                world.step(chosen)

        threads = [threading.Thread(target=body, args=(name,)) for name in range(count)]
        for thread in threads:
            thread.start()
        body("main")
        for thread in threads:
            thread.join()
        return "done"

    return program


# ---------------------------------------------------------------------- what comes from nowhere


class Interrupting(detsched.Strategy):
    """Chooses at random, and raises at one of its choices; with `everywhere` also while it is asked by a thread other than main."""

    def __init__(self, chosen, at):
        self.random, self.left = chosen, at

    def choose(self, step):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return self.random.choice(step.enabled)


class Signalling(Interrupting):
    """Sends a real SIGINT to the process at one of its choices, wherever the main thread is then."""

    def choose(self, step):
        self.left -= 1
        if self.left == 0:
            REAL_KILL(os.getpid(), signal.SIGINT)
        return self.random.choice(step.enabled)


REAL_KILL = os.kill


def counting_down(at, act):
    """What makes, for each run, a function that acts at its call number `at`."""

    def injection():
        left = [at]

        def count():
            left[0] -= 1
            if left[0] == 0:
                act()

        return count

    return injection


def fail(error):
    """A function that raises."""

    def act():
        raise error

    return act


def case(number, kinds):
    """One case: a program, and something of some kind that comes into it. What came out of the run."""
    chosen = random.Random(f"case {number}")
    kind = kinds[number % len(kinds)]
    at = int(chosen.expovariate(1 / 12)) + 1
    settings = {"seed": number, "watchdog": 20.0, "timeouts": chosen.choice(["idle", "idle", "any"])}
    injection = lambda: lambda: None  # noqa: E731
    if kind == "strategy":
        settings["strategy"] = Interrupting(chosen, at)
    elif kind == "strategy, threads":
        settings["strategy"] = Signalling(chosen, at)
    elif kind == "raise_signal":
        injection = counting_down(at, lambda: signal.raise_signal(signal.SIGINT))
    elif kind == "interrupt_main":
        injection = counting_down(at, _thread.interrupt_main)
    elif kind == "exception":
        injection = counting_down(at, fail(Injected()))
    elif kind == "base exception":
        injection = counting_down(at, fail(InjectedBase()))
    elif kind == "exit":
        injection = counting_down(at, fail(SystemExit(3)))
    program = random_program(chosen.randrange(1000), injection)
    whole = chosen.random() < 0.2
    if kind in ("timer", "late timer"):
        # The whole of a run takes some milliseconds, and most of that is before and after the program.
        signal.setitimer(signal.ITIMER_REAL, chosen.uniform(1e-6, 0.012 if kind == "timer" else 0.03))
    try:
        if whole:
            ended = str(detsched.explore(program, runs=5, **settings).failure)
        else:
            ended = str(detsched.record(program, **settings).failure)
        # An alarm that has not come yet comes here.
        while signal.getitimer(signal.ITIMER_REAL)[0]:
            time.sleep(0.0005)
    except KeyboardInterrupt:
        ended = "KeyboardInterrupt"
    except SystemExit:
        ended = "SystemExit"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return kind, ended


def left_behind():
    """Everything of the process that a run touches."""
    modules = [sys.modules[name] for name in ("threading", "_thread", "time", "queue", "random", "os", "signal", "select", "subprocess", "selectors")]
    found = {f"{module.__name__}.{name}": value for module in modules for name, value in vars(module).items() if not name.startswith("__")}
    for cls in (threading.Thread, threading.Condition, threading.Event, threading.Semaphore, queue.Queue):
        found.update({f"{cls.__name__}.{name}": value for name, value in vars(cls).items()})
    found["threads"] = threading.enumerate()
    found["collecting"] = gc.isenabled()
    found["run"] = detsched.current_run()
    found["trace function"] = sys.gettrace()
    found["Ctrl-C"] = signal.getsignal(signal.SIGINT)
    found["a handler"] = signal.getsignal(signal.SIGUSR2)
    found["excepthook"] = threading.excepthook
    found["what uuid gave out last"] = uuid._last_timestamp
    found["names of temporary files"] = tempfile._name_sequence
    if hasattr(os, "sched_getaffinity"):
        found["cpus"] = os.sched_getaffinity(0)
    for changing in ("random._inst", "threading._counter", "threading._dangling", "threading._active", "subprocess._active"):
        found.pop(changing, None)
    return found


def differences(before, after):
    """What is not as it was, with how it is now."""
    return [(name, after.get(name)) for name in sorted(before.keys() | after.keys()) if before.get(name) is not after.get(name) and before.get(name) != after.get(name)]


def small():
    """A program that needs most of what may be broken."""
    lock, done, items = threading.Lock(), threading.Event(), queue.Queue()

    def body(number):
        with lock:
            items.put(number)
        time.sleep(1)
        done.set()

    threads = [threading.Thread(target=body, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    done.wait()
    for thread in threads:
        thread.join()
    return sorted([items.get(), items.get()])


def go_through(cases, kinds):
    """After each case everything is as it was, and the same small program runs as ever. What came out of the cases of each kind."""
    expected = [str(event) for event in detsched.record(small, seed=1).trace]
    detsched.record(random_program(0))
    uuid.uuid1(), tempfile.mktemp()
    uuid._last_timestamp = 1
    before, native = left_behind(), 0
    came = {kind: {} for kind in kinds}
    for number in range(FIRST, FIRST + cases):
        kind, ended = case(number, kinds)
        ends = came[kind]
        ends[ended.split()[0]] = ends.get(ended.split()[0], 0) + 1
        assert differences(before, left_behind()) == [], f"after case {number}: {kind}, {ended}"
        run = detsched.record(small, seed=1)
        assert (run.value, run.failure) == ([0, 1], None), f"after case {number}: {kind}, {ended}"
        assert [str(event) for event in run.trace] == expected, f"after case {number}: {kind}, {ended}"
        if number - FIRST == cases // 10:
            native = len(sys._current_frames())
    if LONG:
        print(came, f"threads of the system: {native}, then {len(sys._current_frames())}")
    assert len(sys._current_frames()) <= native + 60, "idle workers are kept, up to a number; lost ones are not"
    return came


@pytest.mark.filterwarnings("ignore:.*could not be made to end:UserWarning")
def test_injection():
    """Interrupts and exceptions at random operations."""
    came = go_through(CASES, KINDS)

    if CASES >= 300:
        for kind in KINDS[:4]:
            assert came[kind].get("KeyboardInterrupt"), f"{kind}: the interrupt came too late in every case"
        assert came["exception"].get("Injected")
