"""Reports, word for word: what a person is shown for each kind of failure.

DETSCHED_WRITE_GOLDEN=1 writes them anew; then read what has changed.
"""

import os
import re
from pathlib import Path

import pytest

import detsched

import failing
import real_bugs

HERE = Path(__file__).parent
_MASKS = [
    (re.compile(r"(?:[\d,]+|inf) runs/s"), "N runs/s"),
    (re.compile(r"detsched [\d.]+, Python [\w.+]+"), "detsched V, Python V"),
    (re.compile(r", granularity='\w+'"), ""),  # said only where it is not the default
    (re.compile(r"this schedule is (?:.|\n    )*\n", re.M), "this schedule is … under the GIL\n"),
]


def masked(report):
    """A report without what differs between machines and versions."""
    for pattern, text in _MASKS:
        report = pattern.sub(text, report)
    return report + "\n"


def failure_of(program, **settings):
    """What check raises. Random choice, for how many runs it takes is part of the report."""
    with pytest.raises(BaseException) as caught:
        detsched.check(program, runs=2000, strategy="random", max_steps=3_000, **settings)
    return caught.value


def says_it_in_one_line(error):
    """Whether the exception alone, as summaries of test runners show it, is one line with the cause, and none of it is lost on the way."""
    ours = isinstance(error, detsched.DetschedError)
    return len(error.__notes__) == 1 and ("\n" not in str(error) and len(str(error)) > 40 if ours else error.__traceback__ is not None)


def same_as_on_file(name, report):
    """Whether a report is the one on file."""
    path = HERE / f"{name}.txt"
    if os.environ.get("DETSCHED_WRITE_GOLDEN"):
        path.write_text(report, encoding="utf-8")
    return report == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("program", failing.PROGRAMS, ids=lambda program: program.__name__)
def test_report(program):
    """The report is the one on file."""
    failing._seen.clear()
    error = failure_of(program, granularity=failing.AT.get(program, "sync"))
    report = masked(error.__notes__[-1].lstrip("\n"))
    if program is failing.pool_starved:
        # What goes on inside of concurrent.futures differs between versions of Python; who waits for what does not.
        report = report[report.index("nobody is left") : report.index("it failed in all")]

    assert same_as_on_file(program.__name__, report)
    assert says_it_in_one_line(error)


@pytest.mark.parametrize("program", real_bugs.GRANULARITY, ids=lambda program: program.__name__)
def test_report_of_a_real_bug(program):
    """The bugs of ten packages in small, at every granularity: the cause is the one on file, and so is the rest where it is alike on all versions."""
    granularity = real_bugs.GRANULARITY[program]
    error = failure_of(program, granularity=granularity, races=program is real_bugs.unordered)
    report = masked(error.__notes__[-1].lstrip("\n"))
    if granularity in ("gil", "line", "opcode"):
        # Where a line begins, which instructions there are, and where a GIL is handed over differs between versions.
        report = re.sub(r"step +\d+", "step N", report[report.index("cause:") : report.index("this schedule is")])

    assert same_as_on_file(program.__name__, report)
    assert says_it_in_one_line(error)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_fits_and_obeys(path):
    """At most 100 columns, but for the line to copy; no character that a terminal obeys; each file belongs to a program."""
    text = path.read_text(encoding="utf-8")

    assert path.stem in {program.__name__ for program in (*failing.PROGRAMS, *real_bugs.GRANULARITY)}
    assert [line for line in text.splitlines() if len(line) > 100 and not line.startswith("replay:")] == []
    assert all(character.isprintable() or character == "\n" for character in text)
