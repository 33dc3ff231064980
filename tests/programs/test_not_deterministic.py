"""Programs that differ from run to run by their own fault: a replay says so at the first step that differs, and why that may be."""

import os
import re
import subprocess
import sys
import threading
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


def assert_named(message, recorded, replayed, cause, exact):
    """The message names the first step at which two runs differ, what was expected there, what came, and a likely cause.

    A token knows less than a schedule in memory or in a file: in short runs the step and the thread, in long ones the neighbourhood.
    """
    same = 0
    while same < min(len(recorded), len(replayed)) and recorded[same] == replayed[same]:
        same += 1
    where = r"the replay departs from the recording (?:at step|between steps (\d+) and) (\d+)"
    said = re.fullmatch(where + ": expected (.+?), came (.+?); usual causes: (.+)", message)
    assert said, message
    since, step, expected, came, causes = said.groups()
    if since is None:
        assert int(step) == same + 1
    else:
        assert not exact and len(recorded) > 64 and int(since) <= same + 1 <= int(step)
    if same == len(recorded):
        assert expected == "the end of the run"
    elif exact:
        assert f"{recorded[same][1]} {recorded[same][2]}" in expected
    else:
        assert expected == "another operation" or re.fullmatch(r"thread [\d.]+", expected)
    assert re.search(r"\b(start|join|acquire|release|read|write) \S+", came) or came == "the end of the run"
    assert cause in causes


def assert_detected(run, again, cause, exact):
    """A replay of a program that differs is a divergence, and nothing else."""
    assert run.failure is None, run.report()
    assert [failure.kind for failure in again.failures] == ["divergence"], again.report()
    assert_named(str(again.failure), steps_of(run), steps_of(again), cause, exact)


@pytest.fixture(params=["token", "schedule", "file"])
def form(request, tmp_path):
    """The forms in which a schedule is handed over: a token, the object, and a file; and whether each step's operation is known in it."""

    def of(run):
        if request.param == "token":
            return str(run.schedule), False
        if request.param == "schedule":
            return run.schedule, True
        path = tmp_path / "schedule.json"
        path.write_text(run.schedule.to_json(), encoding="utf-8")
        return f"@{path}", True

    return of


def test_order_of_addresses(form):
    """Locks taken in the order of their addresses: another run has other addresses."""
    run = detsched.record(programs.address_order)
    schedule, exact = form(run)
    kept = []
    for attempt in range(50):
        # Whatever else the process has made in the meantime moves the next nodes to other addresses.
        nodes = [programs.Node(str(number)) for number in range(7 + attempt)]
        kept += nodes[::3]
        del nodes[::2]
        again = detsched.record(programs.address_order, schedule=schedule)
        if again.failure is not None:
            break
    assert_detected(run, again, "an address", exact)


def test_real_clock_of_a_library(form):
    """A deadline on a clock that is read in C: how often it polls differs."""
    run = detsched.record(programs.clock_of_a_library)
    schedule, exact = form(run)
    for _ in range(20):
        again = detsched.record(programs.clock_of_a_library, schedule=schedule)
        if again.failure is not None:  # now and then it polls just as often
            break
    assert_detected(run, again, "a clock", exact)


def test_process_id():
    """Work that is spread by the process's number: the token says something else in another process."""
    run = detsched.record(programs.process_id)
    for _ in range(20):
        command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(SOURCES), str(TESTS), str(run.schedule)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        pid, message, *events = done.stdout.splitlines()
        if int(pid) % 2 != os.getpid() % 2:
            break
        threading.Thread(target=int).start()  # takes a number, too: else each process might take an even number of them
    assert_named(message, steps_of(run), [tuple(event.split("|")) for event in events], "a process id", exact=False)


def test_file_that_changes(form, tmp_path):
    """A file that says how many workers there are, written between two runs."""
    path = tmp_path / "workers"
    path.write_text("3")
    run = detsched.record(programs.changing_file, path)
    schedule, exact = form(run)
    path.write_text("2")
    again = detsched.record(programs.changing_file, path, schedule=schedule)
    assert_detected(run, again, "a file", exact)


def test_file_that_changes_late_in_a_long_run(form, tmp_path):
    """The difference comes after many steps that are the same."""
    path = tmp_path / "level"
    path.write_text("verbose")
    run = detsched.record(programs.changing_file_after_long, path)
    assert run.steps > 64
    schedule, exact = form(run)
    path.write_text("quiet")
    again = detsched.record(programs.changing_file_after_long, path, schedule=schedule)
    assert_detected(run, again, "a file", exact)


def test_state_kept_from_the_previous_run(form):
    """A set in a module that remembers whom the previous run has greeted."""
    programs._greeted.clear()
    run = detsched.record(programs.state_kept)
    schedule, exact = form(run)
    again = detsched.record(programs.state_kept, schedule=schedule)
    assert_detected(run, again, "keeps state between runs", exact)
