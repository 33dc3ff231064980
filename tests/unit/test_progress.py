"""Long explorations: what is said of them while they run, how much there may be in all, and the options of the command line."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest

import detsched
from detsched._cli import main
from detsched._report.progress import Progress, duration, line
from detsched._search.estimate import Estimate

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self):
        return True


def in_turn(*counts):
    """A program of threads with so many statements each."""

    def program():
        def body(count):
            for _ in range(count):
                detsched.yield_point()

        threads = [threading.Thread(target=body, args=(count,)) for count in counts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return program


# ---------------------------------------------------------------------- the line


def test_nothing_is_said_of_short_searches():
    """The first line is due after some seconds."""
    assert Progress(True, 100.0, io.StringIO()).due > 101.0


def test_a_line_now_and_then_where_there_is_no_terminal():
    """Each on a line of its own, further apart than on a terminal, and nothing is taken back."""
    stream = io.StringIO()
    progress = Progress(True, 100.0, stream)
    progress.say(103.0, "one")
    assert progress.due > 110.0
    progress.say(133.0, "two")
    progress.end()

    assert stream.getvalue() == "one\ntwo\n"


def test_one_line_on_a_terminal_that_is_written_over():
    """A shorter line hides all of a longer one, and in the end nothing is left."""
    stream = Terminal()
    progress = Progress(True, 100.0, stream)
    progress.say(103.0, "a longer one")
    assert progress.due < 104.0
    progress.say(103.5, "short")
    progress.end()

    assert stream.getvalue() == "\ra longer one\rshort       \r     \r"


@pytest.mark.parametrize(
    ("wanted", "stream", "in_a_test", "speaks"),
    [
        ("auto", Terminal(), False, True),
        ("auto", Terminal(), True, False),
        ("auto", io.StringIO(), False, False),
        (True, io.StringIO(), True, True),
        (False, Terminal(), False, False),
    ],
)
def test_when_it_speaks(wanted, stream, in_a_test, speaks, monkeypatch):
    """By itself on a terminal only, and never in a test."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    if in_a_test:
        monkeypatch.setenv("PYTEST_CURRENT_TEST", "test")

    assert (Progress(wanted, 0.0, stream).due < 1e9) is speaks


def test_what_the_line_says():
    """Runs, runs per second, outcomes, failures, how many there may be, and how long it may take."""
    assert line(12_345, 1234.5, 17, 1, "about 50,000 runs in all", 90.0) == (
        "detsched: 12,345 runs, 1,234 runs/s, 17 outcomes, 1 failure, 2 min left, about 50,000 runs in all"
    )
    assert line(1, 2.0, 1, 0, "", None) == "detsched: 1 run, 2 runs/s, 1 outcome, 0 failures"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (3_600, "60 min"), (7_200, "2 h"), (3 * 86_400, "3 days"), (1e9, "32 years"), (1e30, "ages")],
)
def test_durations(seconds, text):
    """In the largest unit of which there is more than one and a half."""
    assert duration(seconds) == text


def test_a_search_says_how_far_it_has_come(monkeypatch, capsys):
    """With progress=True, on stderr."""
    monkeypatch.setattr("detsched._report.progress._QUIET", 0.0)
    monkeypatch.setattr("detsched._report.progress._NOW_AND_THEN", 0.0)
    detsched.explore(in_turn(3, 3), strategy="dpor", granularity="sync", runs=10, progress=True)
    said = capsys.readouterr().err

    assert re.search(r"^detsched: 5 runs, [\d,]+ runs/s, 1 outcome, 0 failures, \d+ s left, about \d+ runs in all", said, re.MULTILINE)


# ---------------------------------------------------------------------- the estimate


class Guesses:
    """A strategy that estimates."""

    def __init__(self, *estimates):
        self._estimates = iter(estimates)

    @property
    def estimate(self):
        return next(self._estimates)


def test_estimates_know_how_far_they_lie_apart():
    """The range is of those since an eighth of the runs were made; no estimate is lower than what was done."""
    estimate, guesses = Estimate(), Guesses(900.0, 50.0, 120.0, 10.0)
    estimate.update(guesses, 1, False)
    estimate.update(guesses, 8, False)
    assert (estimate.value, estimate.range) == (50.0, (50.0, 900.0))
    estimate.update(guesses, 64, False)
    assert (estimate.value, estimate.range) == (120.0, (65.0, 120.0))
    assert str(estimate) == "about 120 runs in all: 65 to 120"
    estimate.update(guesses, 80, False)
    assert estimate.value == 81.0
    estimate.update(guesses, 85, True)
    assert (estimate.value, estimate.range, str(estimate)) == (85.0, (85.0, 85.0), "about 85 runs in all")


@pytest.mark.parametrize(("strategy", "factor"), [("dfs", 40), ("dpor", 8), ("auto", 8)])
def test_estimate_half_way(strategy, factor):
    """It errs, but not without measure; and once a search is complete, it is the number of runs."""
    whole = detsched.explore(in_turn(4, 4), strategy=strategy, granularity="sync", runs=None)
    half = detsched.explore(in_turn(4, 4), strategy=strategy, granularity="sync", runs=whole.runs // 2)

    assert whole.estimate == whole.runs
    assert whole.estimate_range == (whole.runs, whole.runs)
    assert whole.runs / factor <= half.estimate <= factor * whole.runs
    assert half.estimate_range[0] <= half.estimate <= half.estimate_range[1]
    assert re.search(r"not complete \(about [\d,]+ runs in all", half.summary())


def test_random_choice_has_no_estimate():
    """It is never complete."""
    found = detsched.explore(in_turn(2, 2), strategy="random", runs=20)

    assert (found.estimate, found.estimate_range) == (None, None)
    assert "in all" not in found.summary()


# ---------------------------------------------------------------------- the command line

SCRIPT = """\
import threading

seen = []

def body(me):
    for _ in range(4):
        with lock:
            seen.append(me)

lock = threading.Lock()
threads = [threading.Thread(target=body, args=(me,)) for me in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done", flush=True)
assert seen[0] == 0
"""


def command(*words, folder, **changed):
    """The command, ready to be started."""
    return {
        "args": [sys.executable, "-m", "detsched", *words], "cwd": folder, "text": True, "encoding": "utf-8",
        "env": {**os.environ, "PYTHONPATH": SOURCE, "PYTHONUTF8": "1", **changed}, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a script that fails where its first thread is not the first to come to the lock."""
    folder = tmp_path_factory.mktemp("script")
    (folder / "script.py").write_text(SCRIPT, encoding="utf-8")
    return folder


def test_options_of_a_search(folder, capsys):
    """Bounds, numbers and the first failure: as the settings of these names."""
    words = ["explore", "--strategy", "dpor", "--preemptions", "0", "--runs", "none", "--granularity", "sync"]

    assert main([*words, "--stop-at-first", str(folder / "script.py")]) == 1
    first = capsys.readouterr()
    assert main([*words, str(folder / "script.py")]) == 1
    whole = capsys.readouterr()
    assert "0 preemptions" in first.err
    assert "orderings of synchronisation without preemptions" in whole.err
    assert first.out.count("done") < whole.out.count("done")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runs", "many"], "--runs='many'"),
        (["--preemptions", "-1"], "preemptions=-1"),
        (["--preemptions", "1", "--strategy", "random"], "go through the orderings"),
        (["--progress", "loudly"], "--progress='loudly'"),
    ],
)
def test_wrong_options_are_wrong_usage(words, said, folder, capsys):
    """Exit status 2, and what is wrong."""
    assert main(["explore", *words, str(folder / "script.py")]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_interrupted_and_resumed_in_another_process(folder, capsys):
    """Ctrl-C ends an endless search with what it found; the same command goes on from there, under another hash seed."""
    words = ["explore", "--strategy", "dpor", "--granularity", "sync", "--resume", "search.json"]
    with subprocess.Popen(**command(*words, "--runs", "none", "script.py", folder=folder, PYTHONHASHSEED="1")) as process:
        for _ in range(20):
            assert process.stdout.readline() == "done\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    made = json.loads((folder / "search.json").read_text(encoding="utf-8"))["runs"]
    again = subprocess.run(**command(*words, "--runs", "30", "script.py", folder=folder, PYTHONHASHSEED="2"), timeout=60)
    main([*words[:-2], "--runs", str(made + 30), str(folder / "script.py")])
    once = capsys.readouterr().err

    assert process.returncode == 130
    assert "interrupted" in said
    assert made > 9  # some of the twenty only made sure of what others had found
    counts = [re.search(r"in ([\d,]+) runs.*?(\d+) outcomes?, not complete \((about [\d,]+) runs", text).groups() for text in (again.stderr, once)]
    assert counts[0] == counts[1]
    assert counts[0][0] == f"{made + 30:,}"
