"""What explaining costs: the search beside it, shrinking of a long failure, pictures of long runs.

    python benchmarks/explaining.py

Prints what it measures, and exits with status 1 if a bar is missed:

- check, which would shrink and explain a failure, takes at most 5 % longer than explore for runs that pass (least of several);
- a failure of 20,000 steps and more than 5,000 switches is shrunk and explained in under 10 s, in at most 200 runs;
- report and picture of that failure as it was found take under 5 s;
- failures of 50 and 100 threads and hundreds of switches shrink to the one preemption that they need;
- the picture of a run of 20 threads and 5,000 steps has under 2 MB (how soon it is painted: see picture.py).
"""

import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "quality")]

import detsched  # noqa: E402
from detsched.strategies import RandomWalk  # noqa: E402
from kernels import reorder, twostage  # noqa: E402


class Shared:
    """A variable whose accesses are steps."""

    def __init__(self):
        self.value = 0

    def get(self):
        detsched.access(self, write=False)
        return self.value

    def set(self, value):
        detsched.access(self, write=True)
        self.value = value


def in_threads(count, body):
    threads = [threading.Thread(target=body, args=(number,), name=f"worker-{number}") for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def passing():
    """Three threads with a lock."""
    lock, found = threading.Lock(), []

    def work(number):
        for _ in range(3):
            with lock:
                found.append(number)

    in_threads(3, work)


def long_failure():
    """Four threads, 22,000 steps, and one update that is lost at the end."""
    counter, own, locks = Shared(), [Shared() for _ in range(4)], [threading.Lock() for _ in range(2)]

    def work(number):
        for _ in range(1250):
            with locks[number % 2]:
                own[number].set(own[number].get() + 1)
        counter.set(counter.get() + 1)

    in_threads(4, work)
    assert counter.value == 4


def many_threads():
    """Twenty threads, 5,000 steps."""
    locks = [threading.Lock() for _ in range(10)]

    def work(number):
        for turn in range(124):
            with locks[(number + turn) % 10]:
                pass

    in_threads(20, work)


class AllAtOnce(RandomWalk):
    """Random choice among threads that are all there before one of them runs."""

    def choose(self, step):
        return next((thread for thread in step.enabled if thread.pending.kind == "start"), None) or super().choose(step)


MANY = {"reorder_50": lambda: reorder(49), "reorder_100": lambda: reorder(99), "twostage_50": lambda: twostage(49), "twostage_100": lambda: twostage(99)}
"""Programs of SCTBench with many threads, see tests/quality/kernels.py."""


def seconds(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main():
    missed = []
    times = {detsched.explore: [], detsched.check: []}
    for _ in range(15):
        for call, taken in times.items():
            taken.append(seconds(lambda: call(passing, runs=300, strategy="random", granularity="sync")))
    ratio = min(times[detsched.check]) / min(times[detsched.explore])
    print(f"search: check takes {ratio:.3f} of what explore takes, for runs that pass")
    if ratio > 1.05:
        missed.append("search")

    exploration = None

    def explain():
        nonlocal exploration
        exploration = detsched.explore(
            long_failure, runs=50, keep_going=False, shrink=True, max_steps=30_000, strategy="random", granularity="sync"
        )

    taken = seconds(explain)
    run = exploration.run_of(exploration.failure)
    print(f"long failure: {run.shrunk}; {run.preemptions} preemption, {run.switches} switches left; {taken:.1f} s, the cause found: {run.pair is not None}")
    if taken > 10 or run.preemptions != 1 or run.shrunk.runs > 200 or run.shrunk.before[1] < 5_000:
        missed.append("long failure")

    exploration = detsched.explore(long_failure, runs=50, keep_going=False, max_steps=30_000, strategy="random", granularity="sync")
    run = exploration.run_of(exploration.failure)
    taken = seconds(run.report) + seconds(run.to_html)
    print(f"the same, not shrunk: report and picture of {run.steps:,} steps and {run.preemptions:,} preemptions in {taken:.2f} s")
    if taken > 5:
        missed.append("report of a long failure")

    for name, program in MANY.items():
        exploration = detsched.explore(program, strategy=AllAtOnce, runs=6_000, keep_going=False, shrink=True, granularity="sync")
        run = exploration.run_of(exploration.failure)
        print(f"{name}: {run.shrunk}; {run.preemptions} preemption, {run.switches} switches left")
        if run.preemptions != 1 or run.shrunk.runs > 200:
            missed.append(name)

    run = detsched.record(many_threads, seed=1, granularity="sync")
    page = None

    def picture():
        nonlocal page
        page = run.to_html()

    taken = seconds(picture)
    print(f"picture: {len(page.encode()):,} bytes for {run.steps:,} steps of {len(run.story.threads)} threads, made in {taken:.2f} s")
    if len(page.encode()) > 2_000_000:
        missed.append("picture")
    if missed:
        print("bar missed:", ", ".join(missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
