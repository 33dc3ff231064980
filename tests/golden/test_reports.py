"""Reports, word for word: what a person is shown for each kind of failure.

DETSCHED_WRITE_GOLDEN=1 writes them anew; then read what has changed.
"""

import os
import re
from pathlib import Path

import pytest

import detsched

import failing

HERE = Path(__file__).parent
_MASKS = [
    (re.compile(r"(?:[\d,]+|inf) runs/s"), "N runs/s"),
    (re.compile(r"detsched [\d.]+, Python [\w.+]+"), "detsched V, Python V"),
    (re.compile(r"this schedule is (?:.|\n    )*\n", re.M), "this schedule is … under the GIL\n"),
]


def masked(report):
    """A report without what differs between machines and versions."""
    for pattern, text in _MASKS:
        report = pattern.sub(text, report)
    return report + "\n"


def failure_of(program, **settings):
    """What check raises."""
    with pytest.raises(BaseException) as caught:
        detsched.check(program, runs=2000, **settings)
    return caught.value


@pytest.mark.parametrize("program", failing.PROGRAMS, ids=lambda program: program.__name__)
def test_report(program):
    """The report is the one on file."""
    failing._seen.clear()
    error = failure_of(program, max_steps=3_000, granularity=failing.AT.get(program, "sync"), strategy=failing.BY.get(program, "auto"))
    report = masked(error.__notes__[-1].lstrip("\n"))
    if program is failing.pool_starved:
        # What goes on inside of concurrent.futures differs between versions of Python; who waits for what does not.
        report = report[report.index("no cycle") : report.index("it failed in all")]
    path = HERE / f"{program.__name__}.txt"
    if os.environ.get("DETSCHED_WRITE_GOLDEN"):
        path.write_text(report, encoding="utf-8")

    assert report == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_fits_and_obeys(path):
    """At most 100 columns, but for the line to copy; no character that a terminal obeys; each file belongs to a program."""
    text = path.read_text(encoding="utf-8")

    assert path.stem in {program.__name__ for program in failing.PROGRAMS}
    assert [line for line in text.splitlines() if len(line) > 100 and not line.startswith("replay:")] == []
    assert all(character.isprintable() or character == "\n" for character in text)
