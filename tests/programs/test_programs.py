"""Unmodified programs under control: they pass, they are steered, and the same seed or schedule is the same run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import detsched

from . import NAMES, load

SEEDS = range(10)
TESTS = Path(__file__).resolve().parent.parent
SOURCES = Path(detsched.__file__).resolve().parent.parent

# The whole trace goes into a digest, file paths included: both processes see the same files.
DIGESTS = """
import hashlib, json, sys
sys.path[:0] = sys.argv[1:3]
import detsched
from programs import NAMES, load
found = {}
for name in NAMES:
    for seed in range(3):
        run = detsched.record(load(name), seed=seed)
        trace = repr([tuple(event) for event in run.trace])
        found[f"{name}, seed {seed}"] = hashlib.sha256(trace.encode()).hexdigest(), str(run.failure)
print(json.dumps(found))
"""


def test_there_are_programs():
    """The folder holds the programs that the other tests go through."""
    assert len(NAMES) >= 24


@pytest.mark.parametrize("name", NAMES)
def test_passes_and_replays(name):
    """Under each seed a program passes and is under control, and its token leads to the same trace and value."""
    main = load(name)
    for seed in SEEDS:
        run = detsched.record(main, seed=seed)
        assert run.failure is None, run.report()
        assert run.steps > 0

        token = str(run.schedule)
        again = detsched.record(main, schedule=detsched.Schedule.parse(token))
        assert again.failure is None, again.report()
        assert again.trace == run.trace
        assert again.value == run.value
        assert str(again.schedule) == token


@pytest.mark.parametrize("name", NAMES)
def test_seeds_make_a_difference(name):
    """Different seeds give different orders: a program of several threads that always runs the same is not steered."""
    traces = {detsched.record(load(name), seed=seed).trace for seed in SEEDS}
    assert len(traces) > 1


def test_same_in_every_process():
    """Two fresh processes with different hash seeds see the same trace of every program under the same seed."""

    def started(hash_seed):
        return subprocess.Popen(
            [sys.executable, "-c", DIGESTS, str(SOURCES), str(TESTS)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )

    processes = [started("1"), started("2")]
    first, second = (json.loads(process.communicate(timeout=100)[0]) for process in processes)
    assert len(first) == len(NAMES) * 3
    assert {key for key in first if first[key] != second[key]} == set()
    assert {failure for _, failure in first.values()} == {"None"}
