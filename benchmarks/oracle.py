"""Random programs against brute force: outcomes, deadlocks and the number of orderings are equal, and none is run twice.

    PYTHONPATH=src python benchmarks/oracle.py --programs 20000 --first 0 --most 2000

Programs for which brute force needs more than `most` runs are drawn again. Half of them are run with timeouts only when idle, half with
timeouts at any time. With `--access`, the programs are over attributes, variables and containers, in every order of their accesses.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent / "tests" / "oracle")]

import detsched  # noqa: E402
from drawn import compare, drawn  # noqa: E402
from shared_programs import every_order, load, random_program, together  # noqa: E402


def compare_accesses(seed: int, most: int) -> tuple[str | None, int, int]:
    """The same as `compare`, for a program over shared state."""
    text = random_program(seed)
    program = load(text)
    brute = every_order(program, most)
    if brute is None:
        return "too large", most, 0
    outcomes, classes = brute
    found = detsched.explore(program, strategy="dpor", granularity="access", ignore=together, runs=None, shrink=False)
    if (set(found.outcomes), found.runs, found.redundant, found.complete) == (outcomes, len(classes), 0, True):
        return None, len(classes), found.runs
    lost, invented = outcomes - set(found.outcomes), set(found.outcomes) - outcomes
    return f"{len(classes)} orderings; {found.summary()}; missed {lost}, invented {invented}\n{text}", len(classes), found.runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--most", type=int, default=2_000, help="runs of brute force that a program may need")
    parser.add_argument("--access", action="store_true", help="programs over shared state, at granularity access")
    options = parser.parse_args()
    began = time.perf_counter()
    seed, agreed, wrong, large, brute, reduced = options.first, 0, 0, 0, 0, 0
    while agreed + wrong < options.programs:
        if options.access:
            came, runs, reduced_runs = compare_accesses(seed, options.most)
        else:
            came, runs, reduced_runs = compare(drawn(seed), options.most, timeouts=("idle", "any")[seed % 2])
        if came == "too large":
            large += 1
        elif came is None:
            agreed, brute, reduced = agreed + 1, brute + runs, reduced + reduced_runs
        else:
            wrong += 1
            print(f"seed {seed}: {came}\n", flush=True)
        seed += 1
        if ((agreed + wrong) % 100 == 0 or agreed + wrong == options.programs) and came != "too large":
            print(
                f"{agreed:,} programs agree, {wrong} do not; {large:,} were too large; seeds {options.first} to {seed - 1}; "
                f"{brute:,} runs of brute force, {reduced:,} of the reduction; {time.perf_counter() - began:,.0f} s",
                flush=True,
            )
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
