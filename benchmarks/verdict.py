"""Time to a complete verdict: small programs of the engine benchmark, every distinguishable ordering of them under strategy "dpor".

    PYTHONPATH=src python benchmarks/verdict.py

The best of several rounds, because machines are noisy and noise only ever adds. A figure for all beside each: how much of the time
the strategy took between the runs.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

import detsched  # noqa: E402
from detsched.strategies import DPOR  # noqa: E402
from engine import bounded_buffer, increments, philosophers  # noqa: E402

_CLOCK = (time.perf_counter,)
"""The real clock: a run replaces names in modules, not what is inside a tuple."""


class Timed(DPOR):
    """Notes how long it takes between the runs."""

    spent = 0.0

    def end(self, log, failures):  # type: ignore[no-untyped-def]
        began = _CLOCK[0]()
        try:
            return super().end(log, failures)
        finally:
            Timed.spent += _CLOCK[0]() - began


def verdict(program: Callable[[], object], granularity: str) -> tuple[float, float, detsched.Exploration[object]]:
    """Seconds in all, seconds of analysis, and what was found."""
    Timed.spent = 0.0
    began = _CLOCK[0]()
    found = detsched.explore(program, strategy=Timed, runs=None, granularity=granularity, shrink=False)
    return _CLOCK[0]() - began, Timed.spent, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    programs: list[tuple[str, Callable[[], object], int, float, int]] = [
        ("2 threads x 3 locked increments", increments(3), 20, 0.020, options.rounds),
        ("3 dining philosophers", philosophers, 7, 0.010, options.rounds),
        ("bounded buffer, 2 + 2 threads x 2", bounded_buffer, 0, 0.0, 1),
    ]
    print(f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs, best of {options.rounds} rounds")
    wrong = 0
    for granularity in ("sync", "access"):
        for name, program, expected, goal, rounds in programs:
            seconds, spent, found = min((verdict(program, granularity) for _ in range(rounds)), key=lambda one: one[0])
            right = found.complete and found.redundant == 0 and expected in (0, found.runs)
            wrong += not right
            of = f" (goal {goal * 1e3:.0f} ms)" if goal else ""
            print(
                f"{granularity:7} {name:36} {found.runs:9,} orderings in {seconds * 1e3:11,.1f} ms{of}, {spent / seconds:.0%} of it analysis, "
                f"{found.runs / seconds:,.0f} runs/s{'' if right else '   WRONG'}",
                flush=True,
            )
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
