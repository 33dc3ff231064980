"""Colour for reports, where a terminal shows them."""

from __future__ import annotations

import os
import re
from typing import TextIO

_BOLD, _RED, _YELLOW, _DIM, _END = "\x1b[1m", "\x1b[1;31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
_LINES = (
    (re.compile(r"detsched: (?!passed|no failure)"), _RED),
    (re.compile(r"detsched: "), _BOLD),
    (re.compile(r"cause: |likely cause, |suspected, |nobody is left"), _BOLD),
    (re.compile(r" +✗"), _RED),
    (re.compile(r" *►"), _YELLOW),
    (re.compile(r" +┄|  ────|        …|searched: |detsched \d"), _DIM),
)


def wanted(stream: TextIO) -> bool:
    """Whether a stream is a terminal that is not asked to do without (NO_COLOR, TERM=dumb)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def coloured(report: str) -> str:
    """A report with its verdict, its cause and its marked rows standing out."""
    return "\n".join(map(_line, report.split("\n")))


def _line(line: str) -> str:
    for pattern, colour in _LINES:
        if pattern.match(line):
            return f"{colour}{line}{_END}"
    return line
