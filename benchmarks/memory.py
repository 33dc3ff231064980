"""What yield points on shared state cost.

- unwatched code, and watched lines that touch nothing shared: their time over that of plain execution;
- an access that makes no switch, in µs, and over the raw hand-over between two OS threads;
- finding object and key of an access alone, in µs;
- runs per second of the counter through a temporary, 2 threads × 1, at granularity "access";
- 100,000 watched lines in 8 threads, under one seed, in seconds.

    python benchmarks/memory.py
    python benchmarks/memory.py --check      exit status 1 where a goal is missed (the goals are for 3.12 and later)
    python benchmarks/memory.py --cpu        by the time that the processor works, on a machine that has other work

Times are the best of several rounds: other work on the machine only ever adds to them.
"""

import argparse
import resource
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import detsched  # noqa: E402
from detsched._core.active import active  # noqa: E402
from detsched._core.baton import make_baton  # noqa: E402
from detsched._search import explore  # noqa: E402

ROUNDS = 5
LOOPS = 20_000


class Clock:
    """The machine's clock, also inside a run, where `time` is virtual."""

    now = staticmethod(explore._clock)

    @staticmethod
    def of_the_process(usage=resource.getrusage):
        """Seconds of work of all threads of this process."""
        used = usage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime


class Counter:
    def __init__(self):
        self.n = 0

    def add(self):
        value = self.n
        self.n = value + 1


class Stay(detsched.Strategy):
    """Goes on with the current thread."""

    def choose(self, step):
        return step.current if step.current in step.enabled else step.enabled[0]


def seconds(call):
    """How long a call takes."""
    began = Clock.now()
    call()
    return Clock.now() - began


def best(measure):
    return min(measure() for _ in range(ROUNDS))


def beside_another(body):
    """Seconds that `body` takes in a thread of a run in which a second thread waits at a lock."""
    took = []

    def program():
        counter, gate = Counter(), threading.Lock()
        gate.acquire()

        def wait():
            with gate:
                counter.n = 0

        waiting = threading.Thread(target=wait)
        waiting.start()
        took.append(seconds(lambda: body(counter)))
        gate.release()
        waiting.join()

    detsched.explore(program, granularity="access", strategy=Stay, runs=1, max_steps=None, watchdog=None)
    return took[0]


def reads(counter):
    for _ in range(LOOPS):
        counter.n


def empty(counter):
    for _ in range(LOOPS):
        pass


def private(counter):
    total, seen = 0, []
    for number in range(LOOPS):
        total += number
        seen.append(total)
        if total > 1000:
            total %= 1000
    return seen


def arithmetic(counter):
    total = 0
    for number in range(LOOPS):
        total += number
        total ^= number
        if total > 1000:
            total %= 1000


def access():
    """µs for an access without a switch."""
    return (best(lambda: beside_another(reads)) - best(lambda: beside_another(empty))) / LOOPS * 1e6


def finding():
    """µs for finding what an access is about, without the yield point."""

    class Nothing:
        def __get__(self, owner, kind=None):
            return None

    def found():
        perform = active.perform

        def none(operation):
            return None if operation.kind == "read" else perform(operation)

        return none

    def look(counter):
        active.perform = found()
        reads(counter)
        active.perform = active.execution._perform

    return (best(lambda: beside_another(look)) - best(lambda: beside_another(empty))) / LOOPS * 1e6


def hand_over():
    """µs for a raw hand-over between two OS threads."""
    mine, theirs, many = make_baton(), make_baton(), 5_000

    def other():
        for _ in range(many):
            theirs.take()
            mine.give()

    def measure():
        thread = threading.Thread(target=other)
        thread.start()

        def ping():
            for _ in range(many):
                theirs.give()
                mine.take()

        took = seconds(ping)
        thread.join()
        return took / many / 2 * 1e6

    return best(measure)


def lost_update():
    counter = Counter()
    threads = [threading.Thread(target=counter.add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counter.n


def rate():
    """Runs per second."""
    found = []
    took = best(lambda: seconds(lambda: found.append(detsched.explore(lost_update, granularity="access", strategy="random", runs=1_000))))
    assert set(found[0].outcomes) == {"1", "2"}
    return 1_000 / took


def work(counter, lines):
    total, seen = 0, []
    for number in range(lines // 5):
        total += number
        seen.append(total)
        counter.n = total
        total %= 1000


def long_test():
    def program():
        counter = Counter()
        threads = [threading.Thread(target=work, args=(counter, 12_500)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return seconds(lambda: detsched.run(program, granularity="access"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="exit status 1 where a goal is missed")
    parser.add_argument("--cpu", action="store_true", help="count the processor's time instead of the clock's: for a machine with other work")
    options = parser.parse_args()
    if options.cpu:
        Clock.now = Clock.of_the_process
    counter = Counter()
    one, raw = access(), hand_over()
    plain = best(lambda: seconds(lambda: arithmetic(counter)))
    rows = [
        ("watched lines that share nothing, over plain ones", beside(arithmetic) / plain, None, "×"),
        ("unwatched lines, over plain ones", beside(arithmetic, ignore=arithmetic) / plain, 1.1, "×"),
        ("watched lines on private containers, over plain ones", beside(private) / best(lambda: seconds(lambda: private(counter))), None, "×"),
        ("an access without a switch", one, 2.0, "µs"),
        ("finding what it is about", finding(), None, "µs"),
        ("an access, over the raw hand-over", one / raw, None, "×"),
        ("100,000 watched lines in 8 threads", long_test(), 3.0, "s"),
        ("lost update, 2 threads × 1, runs/s", rate(), -8_000, ""),
    ]
    print(f"CPython {sys.version.split()[0]}, raw hand-over {raw:.1f} µs")
    missed = False
    for name, value, goal, unit in rows:
        met = goal is None or (value <= goal if goal > 0 else value >= -goal)
        missed = missed or not met
        wanted = "" if goal is None else f"   goal {'<=' if goal > 0 else '>='} {abs(goal):,}"
        print(f"{name:55} {value:10,.2f} {unit:3}{wanted}{'' if met else '   missed'}")
    return 1 if missed and options.check else 0


def beside(body, **settings):
    """Seconds that `body` takes inside a run, with a second thread there."""

    def measure():
        took = []

        def program():
            counter, gate = Counter(), threading.Lock()
            gate.acquire()
            waiting = threading.Thread(target=gate.acquire)
            waiting.start()
            began = Clock.now()
            body(counter)
            took.append(Clock.now() - began)
            gate.release()
            waiting.join()

        detsched.explore(program, granularity="access", strategy=Stay, runs=2, max_steps=None, watchdog=None, **settings)
        return min(took)

    return best(measure)


if __name__ == "__main__":
    sys.exit(main())
