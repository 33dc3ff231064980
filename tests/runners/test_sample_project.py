"""The sample project, run as its users would run it: every feature of the plugin and of the decorators."""

import shutil

import pytest

from . import sample


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, after one run of all its tests."""
    return sample.copy(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def output(project):
    """What a run of all tests prints."""
    status, printed = sample.shell(project, "python3 -m pytest -v --junitxml=junit.xml")
    assert status == 1, printed
    return printed


def test_every_test_comes_to_what_it_has_to(project, output):
    """Passed, failed, skipped and expected to fail: each as it says."""
    found = sample.outcomes(project)
    if not any(name.startswith("test_given") for name in found if found[name] != "skipped"):
        found = {name: outcome for name, outcome in found.items() if not name.startswith("test_given")}

    assert sample.unlike_expected({name: outcome for name, outcome in found.items() if name != "::test_given"}) == {}


def test_one_line_for_each_controlled_test(output):
    """With -v: runs, distinct orderings, complete or not; nothing for tests that are not under control."""
    lines = {line.split(" ", 1)[0]: line for line in output.splitlines() if "::" in line and "PASSED" in line}

    assert "[12 runs, " in lines["test_fixtures.py::test_a_list_that_the_body_fills"]
    assert "[500 runs, 1 ordering, " in lines["test_fixtures.py::test_a_list_that_the_body_fills_500_times"]
    assert "[6 runs" in lines["test_outcomes.py::test_skipped_late"] and "1 skipped]" in lines["test_outcomes.py::test_skipped_late"]
    assert " runs" not in lines["test_fixtures.py::test_how_often_they_were_made"]


def test_reports_of_failures(output):
    """A section with the report, and the output of the run that failed, once."""
    race = output[output.index("__ test_race __") : output.index("__ test_parametrised[it's] __")]

    assert "-- detsched --" in race
    assert race.count("seen in the failing run") == 2  # in the source, and printed
    assert "found in run" in race and "replayed: the same failure again" in race
    assert "assert 10 == 20" in race
    assert "src/detsched" not in race


def test_assertions_are_rewritten(output):
    """pytest's explanation of a failed assertion is there."""
    assert "where 10 = <shop.Till object" in output


@pytest.mark.parametrize("test", ["test_race-9160", "test_parametrisedits-05f7", "test_deadlock-505c", "TestCase"])
def test_paste_the_replay_line(project, output, test, tmp_path):
    """The line that a failure prints, pasted into a shell, is the same failure."""
    lines = sample.replay_lines(output)
    line = next(line for name, line in lines.items() if name == test or f"::{test}::" in line)
    shutil.rmtree(project / ".detsched", ignore_errors=True)

    status, printed = sample.shell(project, line)

    assert status == 1
    assert "1 failed" in printed
    assert ("DeadlockError" if "deadlock" in test else "assert 10 == 20") in printed


def test_the_replay_finds_its_test(project, output):
    """The token alone is enough: the other tests are deselected, and counted."""
    token = sample.replay_lines(output)["test_race-9160"].split("=")[-1]

    status, printed = sample.shell(project, f"python3 -m pytest --detsched-schedule={token}")

    assert status == 1
    assert "1 failed" in printed and "deselected" in printed


def test_under_unittest(project):
    """The same tests under unittest, and the line that it prints."""
    status, printed = sample.shell(project, "python3 -m unittest test_outcomes test_failing.TestCase.test_race")

    assert status == 1
    assert "expected failures=1" in printed and "skipped=2" in printed
    assert "FAILED (failures=1," in printed
    traceback = printed[printed.index("Traceback") : printed.index("AssertionError")]
    assert "src/detsched" not in traceback
    assert "test_failing.py" in traceback

    line = next(line for line in sample.replay_lines(printed).values())
    status, printed = sample.shell(project, line)
    assert status == 1
    assert line.startswith("DETSCHED_SCHEDULE=") and "assert till.money == 20" in printed


def test_fresh_cases_under_unittest(project):
    """A fresh instance with setUp for each run, without pytest too."""
    code = (
        "import unittest, test_classes as t; r = unittest.TestResult();"
        "unittest.defaultTestLoader.loadTestsFromNames(['TestCase.test_fresh', 'TestCase.test_subtests', 'TestCase.test_with_a_mock'], t).run(r);"
        "print(r.testsRun, r.errors, r.failures, t.counts['case'], t.counts['down'], t.counts['cleanup'])"
    )

    status, printed = sample.shell(project, f'python3 -c "{code}"')

    # 3 times 5 runs; and unittest's own instance of each, around them.
    assert printed.strip() == "3 [] [] 18 18 18"


def test_everything_under_control(project):
    """`--detsched` puts the other tests under control too, and leaves alone what says so."""
    status, printed = sample.shell(project, "python3 -m pytest --detsched -v test_classes.py -k 'plain or left_alone'")

    assert "test_plain FAILED" in printed  # for it says that it is not under control
    assert "test_left_alone FAILED" in printed  # its counts; the class is made once
    assert "detsched: 1 test under control" in printed and "; 1 left alone" in printed


def test_debugger(project):
    """--pdb stops in the frame that failed, with its variables."""
    status, printed = sample.shell(project, "echo 'p till.money' | python3 -m pytest --pdb test_failing.py::test_race")

    assert "(Pdb) 10" in printed


def test_without_the_plugin(project):
    """Fixtures would be shared by all runs: the error names the plugin. Tests without fixtures work."""
    conftest = project / "conftest.py"
    text = conftest.read_text()
    try:
        conftest.write_text("import pytest\n\n\n@pytest.fixture\ndef box():\n    return []\n")
        status, printed = sample.shell(project, "python3 -m pytest -o addopts= -W default -p no:detsched test_parameters.py test_classes.py::TestCase::test_fresh")
    finally:
        conftest.write_text(text)

    assert "load the plugin of detsched" in printed
    assert "uses fixtures (box)" in printed
    assert "test_classes.py ." in printed
