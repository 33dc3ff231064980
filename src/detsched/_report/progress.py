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
    """The lines about one exploration. `wanted`: True, False, or "auto", for which it speaks on a terminal, and never in a test."""

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
            line = line[: _columns() - 1]
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


def line(runs: int, rate: float, distinct: int, failures: int, whole: str, left: float | None) -> str:
    """The line: runs, runs per second, outcomes, failures, how many there may be in all, and the time that is left."""
    parts = [f"{runs:,} runs", f"{rate:,.0f} runs/s", f"{distinct:,} outcome{'' if distinct == 1 else 's'}", f"{failures} failure{'' if failures == 1 else 's'}"]
    if whole:
        parts.append(whole)
    if left is not None:
        parts.append(f"{duration(left)} left")
    return "detsched: " + ", ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _columns() -> int:
    try:
        return os.get_terminal_size(2).columns
    except OSError:
        return 80


__all__ = ["Progress", "duration", "line"]
