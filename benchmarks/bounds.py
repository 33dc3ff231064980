"""Random programs within bounds: the orderings that have a schedule within the bound are those that brute force has at that price.

    PYTHONPATH=src python benchmarks/bounds.py --programs 1000 --first 0 --most 500

Each program is searched within 0, 1 and 2 preemptions and delays; half of them with timeouts only when idle, half with timeouts at any time.
Programs for which brute force needs more than `most` runs are left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent / "tests" / "oracle")]

from drawn import compare_within, drawn  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--programs", type=int, default=300, help="how many are drawn")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--most", type=int, default=500, help="runs of brute force that a program may need")
    options = parser.parse_args()
    began = time.perf_counter()
    compared, wrong, large, brute, bounded = 0, 0, 0, 0, 0
    for seed in range(options.first, options.first + options.programs):
        for kind, bound in product(("preemptions", "delays"), range(3)):
            came, runs, runs_within = compare_within(drawn(seed), options.most, kind, bound, timeouts=("idle", "any")[seed % 2])
            if came == "too large":
                large += 1
                break
            compared, brute, bounded = compared + 1, brute + runs, bounded + runs_within
            if came is not None:
                wrong += 1
                print(f"seed {seed}: {came}\n", flush=True)
    print(
        f"{compared:,} comparisons, {wrong} wrong; {large} of {options.programs:,} programs were too large; "
        f"{brute:,} runs of brute force, {bounded:,} within bounds; {time.perf_counter() - began:,.0f} s"
    )
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
