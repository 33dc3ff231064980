"""Outcomes: a canonical text for what a run came to, equal for equal outcomes in every process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .._core.failure import Failure
from .._core.schedule import Schedule

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}\b")
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Witness:
    """How often an outcome came, and the schedule of the first run that had it, which is kept as its token: there may be very many."""

    count: int
    token: str

    @property
    def schedule(self) -> Schedule:
        """The schedule."""
        return Schedule.parse(self.token)


def of_value(value: Any, depth: int = _DEPTH) -> str:
    """The outcome of a run that passed: builtin values by their contents (1 and True stay apart), others by their repr."""
    kind = type(value)
    if kind in (int, float, complex, str, bytes, bool, type(None)):
        return repr(value)
    if depth:
        if kind in (list, tuple):
            inner = ", ".join(of_value(item, depth - 1) for item in value)
            return f"[{inner}]" if kind is list else f"({inner},)" if len(value) == 1 else f"({inner})"
        if kind in (set, frozenset):
            inner = ", ".join(sorted(of_value(item, depth - 1) for item in value))
            return f"{kind.__name__}({inner})"
        if kind is dict:
            inner = ", ".join(sorted(f"{of_value(key, depth - 1)}: {of_value(item, depth - 1)}" for key, item in value.items()))
            return f"{{{inner}}}"
    try:
        text = repr(value)
    except Exception as error:
        text = f"repr raised {type(error).__name__}"
    return f"{kind.__qualname__} {_ADDRESS.sub('0x…', text)}"


def of_failures(failures: tuple[Failure, ...]) -> str:
    """The outcome of a run that failed: the set of its failures by origin."""
    return "; ".join(sorted({" ".join(failure.origin) for failure in failures}))
