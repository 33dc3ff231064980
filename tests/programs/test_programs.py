"""Unmodified programs under control: they pass, they are steered, and the same seed or schedule is the same run."""

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

import detsched

from . import BUGS, NAMES, load
from ._controlled import CONTROLLED

SEEDS = range(30 if os.environ.get("DETSCHED_LONG") else 12)
BY_ACCESS = len(SEEDS) // 3
"""Under so many of the seeds plain accesses are yield points, too, as by default: it takes much longer, above all on 3.11."""
OUTSIDE = {"fork_and_wait", "subprocess_timeouts", "subprocesses"}
"""Programs that wait for other processes: how soon those are done is no doing of the seed. A replay waits for what was recorded."""
TESTS = Path(__file__).resolve().parent.parent
SOURCES = Path(detsched.__file__).resolve().parent.parent

# The whole trace goes into a digest, file paths included: both processes see the same files.
DIGESTS = """
import hashlib, json, sys
sys.path[:0] = sys.argv[1:3]
import detsched
from programs import load
found = {}
for name in sys.argv[3:]:
    for seed in range(2):
        run = detsched.record(load(name), seed=seed)
        trace = repr([tuple(event) for event in run.trace])
        found[f"{name}, seed {seed}"] = hashlib.sha256(trace.encode()).hexdigest()
print(json.dumps(found))
"""


def test_there_are_programs():
    """The folder holds the programs that the other tests go through, and it is known of each what is to be controlled."""
    assert len(NAMES) >= 60
    assert len(BUGS) >= 10
    assert sorted(CONTROLLED) == sorted(NAMES + BUGS)


@pytest.mark.parametrize("name", NAMES)
def test_passes_and_replays(name):
    """Under each seed a program passes and is under control, and its token leads to the same trace and value."""
    runs = recorded_and_replayed(load(name))

    for run in runs:
        assert run.failure is None, run.report()
    assert_controlled(name, runs)


@pytest.mark.parametrize("name", BUGS)
def test_bug_is_found_and_replays(name):
    """Some of the seeds bring the bug out, as what it is, and never anything else; its token leads there again."""
    main = load(name)
    expected = sys.modules[main.__module__].FAILURE

    runs = recorded_and_replayed(main)

    ends = {run.failure and run.failure.kind for run in runs}
    assert ends == {None, expected}, "each of these bugs depends on the schedule"
    assert_controlled(name, runs)
    exploration = detsched.explore(main, runs=100, keep_going=False)
    assert exploration.failure.kind == expected, exploration.report()


def recorded_and_replayed(main):
    """The runs of a program under each seed, each of them compared with its replay."""
    runs = []
    before = threading.enumerate()
    with detsched.patched():  # once, as an exploration does: it takes longer than so short a run
        for seed in SEEDS:
            run = detsched.record(main, seed=seed, granularity="access" if seed < BY_ACCESS else "sync")
            again = detsched.record(main, schedule=str(run.schedule))
            assert [failure.origin for failure in again.failures] == [failure.origin for failure in run.failures], again.report()
            assert again.trace == run.trace
            assert again.value == run.value
            runs.append(run)
    assert threading.enumerate() == before
    return runs


def assert_controlled(name, runs):
    """Not vacuous: as many threads and yield points as the program has, and orders that differ from seed to seed."""
    passed = [run for run in runs if run.failure is None]
    assert min(len({event.thread for event in run.trace}) for run in passed) - 1 >= CONTROLLED[name].threads
    assert min(run.steps for run in passed) >= CONTROLLED[name].yield_points
    assert len({run.trace for run in runs}) > 1


def test_same_in_every_process():
    """Two fresh processes with different hash seeds see the same trace of every program under the same seed."""
    names = sorted({*NAMES, *BUGS} - OUTSIDE)
    first, second = digests_in_processes(names, "1", "2")

    assert len(first) == len(names) * 2
    assert {key for key in first if first[key] != second[key]} == set()


def digests_in_processes(names, *hash_seeds):
    """What a fresh process for each hash seed finds; they run at the same time."""
    command = [sys.executable, "-c", DIGESTS, str(SOURCES), str(TESTS), *names]
    with ExitStack() as stack:
        processes = []
        for hash_seed in hash_seeds:
            environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
            process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)  # one that hangs must not outlive the test
            processes.append(process)
        return [json.loads(process.communicate(timeout=60)[0]) for process in processes]
