"""Random programs over shared state against brute force: the reduction and switches between instructions, at granularity "access".

For each program every order of its accesses is run. Then `dpor` must see the same outcomes, and run each class of orderings once; and
random runs with a switch at any instruction must show no other outcome.

    python benchmarks/shared_state.py --programs 2000 --first 0 --instructions 1000
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent / "tests" / "oracle")]

import detsched  # noqa: E402
from shared_programs import together  # noqa: E402
from test_shared_state import programs  # noqa: E402


def wrong(program: object, outcomes: set[str], classes: set[object], instructions: int) -> str | None:
    """What does not agree with brute force."""
    reduced = detsched.explore(program, strategy="dpor", granularity="access", ignore=together, runs=None)
    if not reduced.complete or reduced.redundant:
        return reduced.summary()
    if set(reduced.outcomes) != outcomes or reduced.runs != len(classes):
        return f"{reduced.runs} runs for {len(classes)} classes; {sorted(set(reduced.outcomes) ^ outcomes)}"
    if instructions:
        fine = detsched.explore(program, strategy="random", granularity="opcode", ignore=together, runs=instructions)
        if not set(fine.outcomes) <= outcomes:
            return f"between instructions: {sorted(set(fine.outcomes) - outcomes)}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--programs", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--instructions", type=int, default=0, help="random runs of each program with a switch at any instruction")
    options = parser.parse_args()
    began, failed, orderings = time.perf_counter(), 0, 0
    for number, (seed, text, program, (outcomes, classes)) in enumerate(programs(options.programs, first=options.first), 1):
        said = wrong(program, outcomes, classes, options.instructions)
        orderings += len(classes)
        if said is not None:
            failed += 1
            print(f"random_program({seed}): {said}\n{text}\n", flush=True)
        if number % 200 == 0:
            print(f"{number:,} programs, {failed} wrong, {orderings:,} orderings, to seed {seed}, {time.perf_counter() - began:,.0f} s", flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
