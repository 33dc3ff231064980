"""How far a long exploration has come: one line on a terminal that is written over, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TextIO

_QUIET = 3.0
"""Seconds in which nothing is said."""
_LIVE, _NOW_AND_THEN = 0.25, 30.0
"""Seconds between two lines."""


class Progress:
    """The lines about one exploration, on stderr. `wanted`: True; False; or "auto", on a terminal only, and never in a test."""

    def __init__(self, wanted: bool | str, clock: float, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._live = self._stream is not None and self._stream.isatty()
        speaks = self._stream is not None and (wanted is True or (wanted == "auto" and self._live and "PYTEST_CURRENT_TEST" not in os.environ))
        self.due = clock + _QUIET if speaks else float("inf")
        """When the next line is to be said, on the clock that `say` is given."""
        self._width = 0

    def say(self, clock: float, line: str) -> None:
        """Say a line."""
        if self._live:
            line = line[: _columns(self._stream) - 1]
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
        self.due = clock + (_LIVE if self._live else _NOW_AND_THEN)

    def end(self) -> None:
        """Take the live line away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


def line(runs: int, rate: float, outcomes: int, failures: int, whole: str, left: float | None) -> str:
    """The line: runs, runs per second, outcomes, failures, the time that is left, and how many runs there may be in all, which is where
    a narrow terminal cuts it off."""
    parts = [_count(runs, "run"), f"{rate:,.0f} runs/s", _count(outcomes, "outcome"), _count(failures, "failure")]
    if left is not None:
        parts.append(f"{duration(max(left, 0.0))} left")
    if whole:
        parts.append(whole)
    return "detsched: " + ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    for size, unit in ((365 * 86_400.0, "years"), (86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * size:
            return "ages" if seconds > 1_000 * 365 * 86_400.0 else f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


__all__ = ["Progress", "duration", "line"]
