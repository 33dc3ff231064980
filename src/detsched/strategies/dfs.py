"""Depth first: every sequence of choices, with no reduction. For small programs, and to check cleverer strategies by."""

from __future__ import annotations

from typing import Any

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.thread import ControlledThread
from ..errors import DivergenceError
from .replay import CAUSES
from .spinning import WAITING, Spins
from .strategy import Strategy, Turn

_CUT = ("limit", "livelock")


class DFS(Strategy):
    """Every order of yield points, each in one run: a stack of choices, the last of which that has another option left is changed.

    Goes on with the current thread first, so that the next run switches little.
    """

    systematic = True

    def __init__(self) -> None:
        self.complete = False
        """Whether every sequence of choices was run, to its end."""
        self.runs = 0
        """Runs that were made."""
        self.cut = 0
        """Runs that were given up because they were too long, or went round in circles: what lies behind is not covered."""
        self._taken: list[int] = []
        self._options: list[int] = []
        self._depth = 0
        self._spins = Spins()

    def begin(self, run: Turn) -> None:
        self._depth = 0
        self._spins.begin()

    def _answer(self, options: int) -> int:
        depth = self._depth
        if depth == len(self._taken):
            self._taken.append(0)
            self._options.append(options)
        elif self._options[depth] != options:
            raise DivergenceError(f"an equal run departs from an earlier one at choice {depth + 1}: {self._options[depth]} options, now {options}; {CAUSES}")
        self._depth += 1
        return self._taken[depth]

    def choose(self, step: Step) -> ControlledThread:
        enabled, current = self._spins.free(step), step.current
        if len(enabled) == 1 or self._spins.stuck:
            return enabled[0]
        answer = self._answer(len(enabled))
        if current is None or current not in enabled:
            return enabled[answer]
        if answer == 0:
            return current
        return enabled[answer - (answer <= enabled.index(current))]

    def choose_value(self, count: int) -> int:
        return self._answer(count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        if self._depth < len(self._taken):
            raise DivergenceError(f"an equal run departs from an earlier one: {len(self._taken)} choices before, now {self._depth}; {CAUSES}")
        self.runs += 1
        self._spins.follow(log)
        self.cut += any(failure.kind in _CUT and len(log) - 1 not in self._spins.idle for failure in failures) or self._spins.doubtful
        while self._taken and self._taken[-1] + 1 == self._options[-1]:
            self._taken.pop()
            self._options.pop()
        if not self._taken:
            self.complete = not self.cut
            return False
        self._taken[-1] += 1
        return True

    @property
    def limits(self) -> str:  # type: ignore[override]
        """What was left out of threads that spin."""
        return WAITING if self._spins.ever else ""

    @property
    def estimate(self) -> float | None:  # type: ignore[override]
        """The runs so far, by the share of the tree of choices that they are."""
        if not self._taken:
            return float(self.runs) or None
        share, done = 1.0, 0.0
        for taken, options in zip(self._taken, self._options):
            share /= options
            done += share * taken
        return self.runs / done if done else None

    def state(self) -> dict[str, Any]:
        """What the search knows, as plain data."""
        return {"runs": self.runs, "cut": self.cut, "spun": self._spins.ever, "taken": self._taken, "options": self._options}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.runs, self.cut, self._spins.ever = int(state["runs"]), int(state["cut"]), bool(state["spun"])
        self._taken, self._options = list(map(int, state["taken"])), list(map(int, state["options"]))
        self.complete = bool(self.runs) and not self._taken and not self.cut
