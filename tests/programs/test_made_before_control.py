"""Objects made before control began: none of them may freeze a run.

Each program runs in a process of its own, because a frozen run cannot be ended from inside.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

import detsched

TESTS = Path(__file__).resolve().parent.parent
SOURCES = Path(detsched.__file__).resolve().parent.parent

# Longer than the watchdog's default, which is when a thread that cannot be steered is to be reported at the latest.
PATIENCE = 15

RUN = """
import sys
sys.path[:0] = sys.argv[1:3]
import detsched
from programs import _made_before
program = getattr(_made_before, sys.argv[3])
for seed in range(3):
    run = detsched.record(program, seed=seed)
    if run.failure is not None:
        sys.exit(f"{run.failure.kind}: {run.failure}")
    again = detsched.record(program, schedule=str(run.schedule))
    if again.trace != run.trace:
        sys.exit(f"another trace: {again.failure}")
"""


IN_REACH = ("in_simple_queue", "in_executor", "sleep_in_default_argument")
OUT_OF_REACH = ("in_list", "in_nested_dictionary", "in_slots", "in_default_argument", "in_closure", "in_property_of_local_class")


@pytest.fixture(scope="module")
def outcomes():
    """What each program comes to. All at the same time: those that are frozen, or wait for the watchdog, only sleep."""
    end = time.monotonic() + PATIENCE
    found = {}
    with ExitStack() as stack:
        processes = {}
        for name in (*IN_REACH, *OUT_OF_REACH):
            command = [sys.executable, "-c", RUN, str(SOURCES), str(TESTS), name]
            # What is printed goes into a file: a pipe that is full would look like a freeze.
            said = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
            process = stack.enter_context(subprocess.Popen(command, stdout=said, stderr=said))
            stack.callback(process.kill)
            processes[name] = process, said
        for name, (process, said) in processes.items():
            try:
                status = process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                found[name] = "frozen"
                continue
            said.seek(0)
            found[name] = said.read().strip().rpartition("\n")[2] if status else "passed"
    return found


@pytest.mark.parametrize("name", IN_REACH)
def test_steered(name, outcomes):
    """Objects in module globals and functions taken as default arguments are steered like those made inside a run."""
    assert outcomes[name] == "passed"


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_steered_or_named(name, outcomes):
    """Where an object is hard to find, the run passes all the same, or says what it could not steer; it never hangs."""
    assert outcomes[name].startswith(("passed", "uncontrolled:"))
