"""Programs that differ from run to run by their own fault: a replay says so at the first step that differs, and why that may be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import detsched

from . import _not_deterministic as programs

TESTS = Path(__file__).resolve().parent.parent
SOURCES = Path(detsched.__file__).resolve().parent.parent

IN_ANOTHER_PROCESS = """
import os, sys
sys.path[:0] = sys.argv[1:3]
import detsched
from programs import _not_deterministic as programs
again = detsched.record(programs.process_id, schedule=sys.argv[3])
print(os.getpid(), again.failure, sep="\\n")
for event in again.trace:
    print(event.thread, event.operation, event.object, sep="|")
"""


def steps_of(run):
    """What happened, without the lines and times."""
    return [(event.thread, event.operation, event.object) for event in run.trace]


def assert_named(message, recorded, replayed, cause):
    """The message names the first step at which two runs differ, what was expected there, what came, and a likely cause."""
    same = 0
    while same < min(len(recorded), len(replayed)) and recorded[same] == replayed[same]:
        same += 1
    said = re.fullmatch(r"the replay departs from the recording at step (\d+): expected (.+?), came (.+?); usual causes: (.+)", message)
    assert said, message
    step, expected, came, causes = said.groups()
    assert int(step) == same + 1
    if same == len(recorded):
        assert expected == "the end of the run"
    else:
        _, operation, thing = recorded[same]
        # A token knows less than a schedule in memory or in a file: the thread, and whether the operation is the same.
        assert f"{operation} {thing}" in expected or expected == "another operation" or re.fullmatch(r"thread [\d.]+", expected)
    assert re.search(r"\b(start|join|acquire|release) \S+", came) or came == "the end of the run"
    assert cause in causes


def assert_detected(run, again, cause):
    """A replay of a program that differs is a divergence, and nothing else."""
    assert run.failure is None, run.report()
    assert [failure.kind for failure in again.failures] == ["divergence"], again.report()
    assert_named(str(again.failure), steps_of(run), steps_of(again), cause)


@pytest.fixture(params=["token", "schedule", "file"])
def form(request, tmp_path):
    """The forms in which a schedule is handed over: a token, the object, and a file."""

    def of(run):
        if request.param == "token":
            return str(run.schedule)
        if request.param == "schedule":
            return run.schedule
        path = tmp_path / "schedule.json"
        path.write_text(run.schedule.to_json(), encoding="utf-8")
        return f"@{path}"

    return of


def test_order_of_addresses(form):
    """Locks taken in the order of their addresses: another run has other addresses."""
    run = detsched.record(programs.address_order)
    schedule = form(run)
    kept = []
    for attempt in range(50):
        # Whatever else the process has made in the meantime moves the next nodes to other addresses.
        nodes = [programs.Node(str(number)) for number in range(7 + attempt)]
        kept += nodes[::3]
        del nodes[::2]
        again = detsched.record(programs.address_order, schedule=schedule)
        if again.failure is not None:
            break
    assert_detected(run, again, "an address")


def test_real_clock_of_a_library(form):
    """A deadline on a clock that is read in C: how often it polls differs."""
    run = detsched.record(programs.clock_of_a_library)
    again = detsched.record(programs.clock_of_a_library, schedule=form(run))
    assert_detected(run, again, "outside of control")


def test_process_id():
    """Work that is spread by the process's number: the token says something else in another process."""
    run = detsched.record(programs.process_id)
    for _ in range(20):
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(SOURCES), str(TESTS), str(run.schedule)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        pid, message, *events = done.stdout.splitlines()
        if int(pid) % 2 != os.getpid() % 2:
            break
    assert_named(message, steps_of(run), [tuple(event.split("|")) for event in events], "outside of control")


def test_file_that_changes(form, tmp_path):
    """A file that says how many workers there are, written between two runs."""
    path = tmp_path / "workers"
    path.write_text("3")
    run = detsched.record(programs.changing_file, path)
    path.write_text("2")
    again = detsched.record(programs.changing_file, path, schedule=form(run))
    assert_detected(run, again, "a file")


def test_state_kept_from_the_previous_run(form):
    """A set in a module that remembers whom the previous run has greeted."""
    programs._greeted.clear()
    run = detsched.record(programs.state_kept)
    again = detsched.record(programs.state_kept, schedule=form(run))
    assert_detected(run, again, "keeps state between runs")
