"""What a yield point costs: ratios to the raw hand-over of this machine, measured in the same run, and runs per second.

    PYTHONPATH=src python benchmarks/engine.py

Every figure is the best of several rounds that take turns, because machines are noisy and noise only ever adds.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

import _thread

import detsched
from detsched._core.baton import Baton, _lock_baton, _pipe_baton, make_baton
from detsched._core.execution import Step
from detsched._core.thread import ControlledThread
from detsched._core.workers import Pinned
from detsched.strategies import RandomWalk


_CLOCK = (time.perf_counter,)
"""The real clock: a run replaces names in modules, not what is inside a tuple."""


# ---------------------------------------------------------------- the programs

def increments(times: int) -> Callable[[], int]:
    """Two threads that count under a lock."""

    def program() -> int:
        lock = threading.Lock()
        count = [0]

        def add() -> None:
            for _ in range(times):
                with lock:
                    count[0] += 1

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return count[0]

    return program


def philosophers() -> None:
    """Three dining philosophers who take the left fork first."""
    forks = [threading.Lock() for _ in range(3)]

    def dine(left: threading.Lock, right: threading.Lock) -> None:
        with left:
            with right:
                pass

    threads = [threading.Thread(target=dine, args=(forks[i], forks[(i + 1) % 3])) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def bounded_buffer() -> None:
    """Two producers and two consumers of two items each around a buffer of one."""
    changed = threading.Condition()
    items: deque[int] = deque()

    def produce() -> None:
        for item in range(2):
            with changed:
                while items:
                    changed.wait()
                items.append(item)
                changed.notify_all()

    def consume() -> None:
        for _ in range(2):
            with changed:
                while not items:
                    changed.wait()
                items.popleft()
                changed.notify_all()

    threads = [threading.Thread(target=work) for work in (produce, produce, consume, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ---------------------------------------------------------------- single costs, in seconds per piece

def raw_hand_over(make: Callable[[], Baton], times: int = 20_000) -> float:
    """Two OS threads that hand a baton to and fro."""
    one, other = make(), make()

    def partner() -> None:
        for _ in range(times):
            other.take()
            one.give()

    _thread.start_new_thread(partner, ())
    began = _CLOCK[0]()
    for _ in range(times):
        other.give()
        one.take()
    return (_CLOCK[0]() - began) / times / 2


# Subclasses of a strategy of detsched's own: their answers are trusted as that one's are. Those of other strategies are checked,
# which costs about half a microsecond more per choice.


class Stay(RandomWalk):
    """Goes on with the thread that is at work, wherever it can."""

    def choose(self, step: Step) -> ControlledThread:
        threads, enabled = step.log.threads, step.enabled
        return threads[-1] if threads and threads[-1] in enabled else enabled[0]


class Alternate(RandomWalk):
    """Goes on with the other thread, wherever it can."""

    def choose(self, step: Step) -> ControlledThread:
        threads, enabled = step.log.threads, step.enabled
        return enabled[0] if not threads or threads[-1] is not enabled[0] else enabled[1]


def yield_point(strategy: object, times: int = 10_000) -> float:
    """A lock operation where two threads could go on, with a lock for each so that none ever waits."""
    measured = []

    def program() -> None:
        def work() -> None:
            lock = threading.Lock()
            for _ in range(times):
                lock.acquire()
                lock.release()

        thread = threading.Thread(target=work)
        thread.start()
        began = _CLOCK[0]()
        work()
        thread.join()
        measured.append((_CLOCK[0]() - began) / times / 4)

    execution_of(program, strategy)
    return measured[0]


def start_and_join(times: int = 3_000) -> float:
    """A thread that does nothing: made, started, joined."""
    measured = []

    def program() -> None:
        began = _CLOCK[0]()
        for _ in range(times):
            thread = threading.Thread(target=nothing)
            thread.start()
            thread.join()
        measured.append((_CLOCK[0]() - began) / times)

    execution_of(program, "random")
    return measured[0]


def nothing() -> None:
    pass


def execution_of(program: Callable[[], None], strategy: object) -> None:
    """One lean run, as an exploration makes them."""
    exploration = detsched.explore(program, runs=1, strategy=strategy, max_steps=None, granularity="sync")
    assert exploration.failure is None, exploration.report()


def runs_per_second(program: Callable[[], object], runs: int) -> float:
    """Runs of an exploration under random choice."""
    exploration = detsched.explore(program, runs=runs, strategy="random", granularity="sync")
    assert exploration.runs == runs
    return exploration.runs / exploration.elapsed


# ---------------------------------------------------------------- beside a run

def uncontended(lock: object, times: int = 200_000) -> float:
    """Acquire and release outside of any run."""
    acquire, release = lock.acquire, lock.release  # type: ignore[attr-defined]
    began = _CLOCK[0]()
    for _ in range(times):
        acquire()
        release()
    return (_CLOCK[0]() - began) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=2_000)
    options = parser.parse_args()
    kinds: dict[str, Callable[[], Baton]] = {"lock": _lock_baton}
    if os.name == "posix":
        kinds["pipe"] = _pipe_baton
    if hasattr(os, "eventfd"):
        kinds["eventfd"] = make_baton
    best: dict[str, float] = {}

    def keep(name: str, seconds: float) -> None:
        best[name] = min(best.get(name, seconds), seconds)

    programs = {
        "2 threads x 1 locked increment": (increments(1), 12_000),
        "2 threads x 3 locked increments": (increments(3), 8_000),
        "3 dining philosophers": (philosophers, 8_000),
        "bounded buffer, 2 + 2 threads x 2": (bounded_buffer, 4_000),
    }
    rates = dict.fromkeys(programs, 0.0)
    for _ in range(options.rounds):
        with Pinned():
            for name, make in kinds.items():
                keep(name, raw_hand_over(make))
        keep("yield point that does not switch", yield_point(Stay))
        keep("yield point that switches", yield_point(Alternate))
        keep("thread start plus join", start_and_join())
        for name, (program, _) in programs.items():
            rates[name] = max(rates[name], runs_per_second(program, options.runs))
    keep("threading.Lock outside a run", uncontended(_thread.allocate_lock()))
    keep("detsched.threading.Lock outside a run", uncontended(detsched.threading.Lock()))

    print(f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, best of {options.rounds} rounds")
    unit = best["eventfd" if "eventfd" in best else "pipe" if "pipe" in best else "lock"]
    print("raw hand-over, pinned: " + ", ".join(f"{name} {best[name] * 1e6:.2f} us" for name in kinds))
    for name, goal in (("yield point that does not switch", 0.5), ("yield point that switches", 1.6), ("thread start plus join", 6)):
        print(f"{name:<36} {best[name] * 1e6:6.2f} us = {best[name] / unit:5.2f} hand-overs (goal <= {goal})")
    for name, (_, goal) in programs.items():
        print(f"{name:<36} {rates[name]:8,.0f} runs/s (goal {goal:,} where a hand-over costs 2.6 us)")
    for name in ("threading.Lock outside a run", "detsched.threading.Lock outside a run"):
        print(f"{name:<40} {best[name] * 1e9:6.0f} ns for acquire + release")


if __name__ == "__main__":
    sys.exit(main())
