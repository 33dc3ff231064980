"""Runs the sample project in a folder and a process of its own, as its users would."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import detsched

PROJECT = Path(__file__).resolve().parent.parent / "sample_project"
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))
FAILING = {
    *(f"test_failing::{name}" for name in ("test_race", "test_deadlock", "test_exit", "test_in_a_thread", "test_teardown")),
    *(f"test_failing::{name}" for name in ("test_body_and_teardown", "test_keeps_state")),
    *(f"test_failing::test_parametrised[{name}]" for name in ("it's", "a b", "[x]")),
    *(f"test_failing.TestCase::{name}" for name in ("test_race", "test_subtest")),
}
SKIPPED = {
    *(f"test_outcomes::{name}" for name in ("test_skipped", "test_skipped_by_import", "test_skipped_by_a_mark")),
    *(f"test_outcomes.TestCase::{name}" for name in ("test_skipped", "test_skipped_by_a_mark")),
}
XFAILED = {"test_outcomes::test_xfailed", "test_outcomes::test_xfailed_inside", "test_outcomes.TestCase::test_xfailed"}


def copy(folder):
    """A copy of the project in a folder, with a `python3` that is the interpreter of these tests."""
    project = folder / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    commands = folder / "bin"
    commands.mkdir()
    for name in ("python3", "pytest"):
        script = commands / name
        module = "-m pytest" if name == "pytest" else ""
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        script.chmod(0o755)
    return project


def environment(project, **more):
    """What a command finds in its environment: nothing of the process that runs these tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DETSCHED_", "PYTEST_", "PYTHON", "CI"))}
    path = os.pathsep.join([str(project.parent / "bin"), kept.get("PATH", "")])
    return {**kept, "PATH": path, "PYTHONPATH": SOURCE, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "250", "DETSCHED_STRATEGY": "random", "DETSCHED_GRANULARITY": "sync", **more}


def shell(project, line, **more):
    """Run a command line as it stands, in the project. Its exit status, and all that it printed."""
    done = subprocess.run(line, shell=True, cwd=project, env=environment(project, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


def outcomes(project):
    """What junit.xml says of each test."""
    found = {}
    for case in ElementTree.parse(project / "junit.xml").iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        child = {element.tag: element for element in case if element.tag in ("failure", "error", "skipped")}
        if "failure" in child or "error" in child:
            found[name] = "failed" if "failure" in child else "error"
        elif "skipped" in child:
            found[name] = "xfailed" if child["skipped"].get("type") == "pytest.xfail" else "skipped"
        else:
            found[name] = "passed"
    return found


def unlike_expected(found):
    """The tests that did not come to what they have to."""
    expected = {name: "passed" for name in found}
    expected.update(dict.fromkeys(FAILING, "failed"), **dict.fromkeys(SKIPPED, "skipped"), **dict.fromkeys(XFAILED, "xfailed"))
    return {name: (outcome, expected[name]) for name, outcome in found.items() if outcome != expected[name]} | {
        name: ("missing", outcome) for name, outcome in expected.items() if name not in found
    }


def replay_lines(output):
    """The lines to paste, by the test that they are of."""
    found = {}
    for line in re.findall(r"replay: +(.*\S)", output):
        test = re.search(r"~sync~([\w.]+-[0-9a-f]+)~", line)
        if test is not None:
            found.setdefault(test[1], line)
    return found
