"""Is the same seed the same run, in every process? Is a replay?

Every program of tests/programs runs under every seed in five fresh processes, each with another PYTHONHASHSEED. For each program
and seed all five traces must be identical, to the line and the file path; and a sixth process replays every recorded schedule,
which must give the same trace once more.

    python benchmarks/determinism.py              # 50 seeds
    python benchmarks/determinism.py --seeds 5

One line per program, then `N programs, N identical`. Exit status 1 if a program is not identical, or fails.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import detsched  # noqa: E402
from programs import NAMES, load  # noqa: E402

HASH_SEEDS = ("0", "1", "42", "4294967295", "random")


def digest(run):
    """The trace of a run, made short. The end of the run is part of it."""
    text = repr(([tuple(event) for event in run.trace], str(run.failure)))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def record(seeds):
    """In a process of its own: every program under every seed, a line for each program as soon as it is done."""
    for name in NAMES:
        found = []
        for seed in range(seeds):
            run = detsched.record(load(name), seed=seed)
            found.append((digest(run), run.steps, str(run.failure or ""), str(run.schedule)))
        print(json.dumps([name, found]), flush=True)


def replay(path):
    """In a process of its own: every schedule of a file, and what each came to."""
    with open(path, encoding="utf-8") as file:
        tokens = json.load(file)
    for name, schedules in tokens.items():
        found = []
        for token in schedules:
            run = detsched.record(load(name), schedule=token)
            found.append((digest(run), str(run.failure or "")))
        print(json.dumps([name, found]), flush=True)


def start(option, value, hash_seed, folder):
    """A fresh process of this file. It writes into files: a pipe that nobody empties would stop it."""
    out = open(os.path.join(folder, f"{option}-{hash_seed}"), "w+", encoding="utf-8")
    errors = open(os.path.join(folder, f"{option}-{hash_seed}-errors"), "w+", encoding="utf-8")
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    process = subprocess.Popen([sys.executable, __file__, option, str(value)], env=environment, stdout=out, stderr=errors)
    return process, out, errors


def collect(process, out, errors, seconds):
    """What a process found, by program. What it had not found when it hung or broke is missing."""
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        status = f"no end within {seconds} s"
        process.wait()
    out.seek(0)
    errors.seek(0)
    lines = out.read().splitlines()
    said = errors.read().strip().splitlines()
    out.close()
    errors.close()
    if status:
        print(f"a process ended badly ({status}): {said[-1] if said else 'it said nothing'}", file=sys.stderr)
    return dict(json.loads(line) for line in lines if line.endswith("]"))


def verdict(recordings, replays, seeds):
    """What is wrong with one program, in words; empty if nothing is."""
    if len(recordings) < len(HASH_SEEDS):
        return "it hung, or broke its process"
    failures = Counter(failure for _, _, failure, _ in recordings[0] if failure)
    if failures:
        failure, times = failures.most_common(1)[0]
        return f"fails under {sum(failures.values())} of {seeds} seeds: {failure[:80]}"
    differing = [seed for seed in range(seeds) if len({found[seed][0] for found in recordings}) > 1]
    if differing:
        return f"differs between processes under {len(differing)} of {seeds} seeds, first {differing[0]}"
    if replays is None:
        return "the replays hung, or broke their process"
    departing = [seed for seed in range(seeds) if replays[seed][0] != recordings[0][seed][0]]
    if departing:
        reason = replays[departing[0]][1] or "another trace"
        return f"replays differ under {len(departing)} of {seeds} seeds, first {departing[0]}: {reason[:90]}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds for each program (50)")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes at a time (2)")
    parser.add_argument("--seconds", type=float, default=600.0, help="when a process is taken to hang (600)")
    parser.add_argument("--record", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--replay", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record is not None:
        return record(options.record)
    if options.replay is not None:
        return replay(options.replay)

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for first in range(0, len(HASH_SEEDS), options.jobs):
            batch = [start("--record", options.seeds, seed, folder) for seed in HASH_SEEDS[first : first + options.jobs]]
            found += [collect(*started, options.seconds) for started in batch]
        tokens = os.path.join(folder, "tokens.json")
        with open(tokens, "w", encoding="utf-8") as file:
            json.dump({name: [token for *_, token in runs] for name, runs in found[0].items()}, file)
        replays = collect(*start("--replay", tokens, "7", folder), options.seconds)

    print(f"detsched {detsched.__version__}, CPython {sys.version.split()[0]}, {options.seeds} seeds, {len(HASH_SEEDS)} processes + 1 that replays")
    print(f"{'program':24} {'steps':>9} {'traces':>7}  result")
    identical = 0
    for name in NAMES:
        recordings = [runs[name] for runs in found if name in runs]
        wrong = verdict(recordings, replays.get(name), options.seeds)
        identical += not wrong
        steps = [count for _, count, _, _ in recordings[0]] if recordings else [0]
        different = len({short for short, *_ in recordings[0]}) if recordings else 0
        print(f"{name:24} {f'{min(steps)}-{max(steps)}':>9} {different:>7}  {wrong or 'identical'}")
    print(f"{len(NAMES)} programs, {identical} identical ({time.perf_counter() - began:.0f} s)")
    return 0 if identical == len(NAMES) else 1


if __name__ == "__main__":
    sys.exit(main())
