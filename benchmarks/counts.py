"""Every number of orderings that is known from the literature: runs, redundant ones, and time, under strategy "dpor".

    python benchmarks/counts.py                  everything, some minutes: accesses that are announced, at granularity "sync"
    python benchmarks/counts.py small            what takes less than a second each
    python benchmarks/counts.py [small] plain    plain attributes, at granularity "access"
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent / "src"), str(Path(__file__).parent.parent / "tests" / "oracle")]

GRANULARITY = "access" if "plain" in sys.argv[1:] else "sync"
os.environ["COUNTED"] = "plain" if GRANULARITY == "access" else ""

import detsched  # noqa: E402
from counted import counted, program  # noqa: E402


def main() -> int:
    wrong = 0
    for name, bodies, expected in counted(large="small" not in sys.argv[1:]):
        began, worked = time.perf_counter(), time.process_time()
        found = detsched.explore(program(bodies), strategy="dpor", granularity=GRANULARITY, runs=None)
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        right = found.complete and found.runs == expected and found.redundant == 0
        wrong += not right
        print(f"{name:36s} {found.runs:8,} of {expected:8,}  redundant {found.redundant}  {seconds:9.3f} s ({worked:.3f} s of it at work)  {'' if right else 'WRONG'}", flush=True)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
