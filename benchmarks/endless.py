"""Memory of a search that never ends: resident set size after so many runs, for each strategy.

    PYTHONPATH=src python benchmarks/endless.py --runs 100000
    PYTHONPATH=src python benchmarks/endless.py --runs 1000000 --strategy dpor --program locks
    PYTHONPATH=src python benchmarks/endless.py --check      exit status 1 where it grows by more than 4 MB in the second half

Each search is made in a process of its own. The programs have more orderings than anybody will run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import detsched  # noqa: E402

SEARCHES = {
    "auto": {"strategy": "auto"},
    "dpor": {"strategy": "dpor"},
    "dfs": {"strategy": "dfs"},
    "random": {"strategy": "random"},
    "preemptions": {"strategy": "dpor", "preemptions": 6},
    "delays": {"strategy": "dpor", "delays": 6},
}
GOAL = 4.0
"""Megabytes by which it may grow in the second half."""


def together(*bodies, daemon=None):
    threads = [threading.Thread(target=body, daemon=body is daemon) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        if not thread.daemon:
            thread.join()


def locks():
    """Four threads that take a lock five times each."""
    lock = threading.Lock()

    def body():
        for _ in range(5):
            with lock:
                pass

    together(body, body, body, body)


def attributes():
    """Three threads that count an attribute up, four times each."""

    class Counter:
        n = 0

    def body():
        for _ in range(4):
            counter.n += 1

    counter = Counter()
    together(body, body, body)


def daemon():
    """Two threads work, and a daemon beside them, which may be cut off."""
    lock = threading.Lock()

    def body():
        for _ in range(5):
            with lock:
                pass

    def serve():
        for _ in range(6):
            with lock:
                pass

    together(body, body, serve, daemon=serve)


PROGRAMS = {"locks": (locks, "sync"), "attributes": (attributes, "access"), "daemon": (daemon, "sync")}


def resident():
    """Megabytes that this process has in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(program, search, runs):
    """Make the search in this process, and print what it took at each tenth."""
    body, granularity = PROGRAMS[program]
    sizes, calls = [], 0

    def measured():
        nonlocal calls
        calls += 1
        if calls % (runs // 10) == 0:
            sizes.append(round(resident(), 1))
        body()

    found = detsched.explore(measured, runs=runs, granularity=granularity, progress=False, watchdog=None, **SEARCHES[search])
    print(json.dumps({"sizes": sizes, "summary": found.summary(), "runs": found.runs, "rate": found.runs / found.elapsed}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--strategy", choices=SEARCHES, help="one of them only")
    parser.add_argument("--program", choices=PROGRAMS, help="one of them only")
    parser.add_argument("--check", action="store_true", help="exit status 1 where memory grows")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.program, options.strategy, options.runs)
        return 0
    grown = False
    print(f"CPython {sys.version.split()[0]}, {options.runs:,} runs; resident megabytes after each tenth")
    for program in [options.program] if options.program else PROGRAMS:
        for search in [options.strategy] if options.strategy else SEARCHES:
            words = ["--here", "--runs", str(options.runs), "--strategy", search, "--program", program]
            done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{program:11} {search:12} {done.stderr.strip().splitlines()[-1]}", flush=True)
                grown = True
                continue
            came = json.loads(done.stdout.splitlines()[-1])
            sizes = came["sizes"]
            growth = sizes[-1] - sizes[len(sizes) // 2] if sizes else 0.0
            bad = growth > GOAL
            grown = grown or bad
            said = " ".join(f"{size:.1f}" for size in sizes)
            print(f"{program:11} {search:12} {said}   {came['rate']:,.0f} runs/s{'   GROWS' if bad else ''}", flush=True)
            if came["runs"] < options.runs:
                print(f"            ended: {came['summary']}", flush=True)
    return 1 if grown and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
