"""Unmodified programs under control: they pass, they are steered, and the same seed or schedule is the same run."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
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
        found[f"{name}, seed {seed}"] = hashlib.sha256(trace.encode()).hexdigest()
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
    first, second = digests_in_processes("1", "2")

    assert len(first) == len(NAMES) * 3
    assert {key for key in first if first[key] != second[key]} == set()


def digests_in_processes(*hash_seeds):
    """What a fresh process for each hash seed finds; they run at the same time."""
    command = [sys.executable, "-c", DIGESTS, str(SOURCES), str(TESTS)]
    with ExitStack() as stack:
        processes = []
        for hash_seed in hash_seeds:
            environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
            process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)  # one that hangs must not outlive the test
            processes.append(process)
        return [json.loads(process.communicate(timeout=60)[0]) for process in processes]
