"""Random choice and optimal DPOR in turn: small programs get a proof, long ones still get spread."""

from __future__ import annotations

from typing import Any

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.thread import ControlledThread
from .dpor import DPOR
from .random import RandomWalk
from .strategy import Strategy, Turn


class Auto(Strategy):
    """The first run and every second one after it at random, the others by `DPOR`; complete when that is.

    Where `DPOR` has nothing left to try, and yet does not cover everything, all further runs are at random; also where something had a say
    that is in no schedule.
    """

    def __init__(self) -> None:
        self._random, self._dpor = RandomWalk(), DPOR()
        self._now: Strategy = self._random
        self._next: Strategy = self._random
        self._exhausted = self._beyond = False

    @property
    def systematic(self) -> bool:  # type: ignore[override]
        """Of the run that comes next."""
        return self._next.systematic

    @property
    def repeatable(self) -> bool:  # type: ignore[override]
        """Of the latest run."""
        return self._now.repeatable

    @property
    def complete(self) -> bool:  # type: ignore[override]
        """Whether DPOR has run every ordering, to its end."""
        return self._dpor.complete

    @property
    def redundant(self) -> int:  # type: ignore[override]
        """Runs of DPOR that were equivalent to an earlier one of its own."""
        return self._dpor.redundant

    @property
    def cut(self) -> int:  # type: ignore[override]
        """Runs of DPOR that were given up because they were too long, or went round in circles."""
        return self._dpor.cut

    @property
    def runs(self) -> int:  # type: ignore[override]
        """How many of the runs were DPOR's."""
        return self._dpor.runs

    @property
    def limits(self) -> str:  # type: ignore[override]
        """Within which bounds DPOR is complete."""
        return self._dpor.limits

    @property
    def estimate(self) -> float | None:  # type: ignore[override]
        """How many runs it would take until DPOR has made all of its own."""
        estimate = self._dpor.estimate
        return None if estimate is None or self._exhausted and not self.complete else 2 * estimate

    def state(self) -> dict[str, Any]:
        """What both know, as plain data, and whose turn it is."""
        return {"dpor": self._dpor.state(), "exhausted": self._exhausted, "beyond": self._beyond, "random": self._next is self._random}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._dpor.restore(state["dpor"])
        self._exhausted, self._beyond = bool(state["exhausted"]), bool(state["beyond"])
        self._next = self._random if state["random"] else self._dpor

    def begin(self, run: Turn) -> None:
        self._now = self._next
        self._now.begin(run)

    def choose(self, step: Step) -> ControlledThread:
        return self._now.choose(step)

    def choose_value(self, count: int) -> int:
        return self._now.choose_value(count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        more = self._now.end(log, failures)
        self._beyond = self._beyond or bool(log.beyond)
        self._exhausted = self._exhausted or not more
        self._next = self._dpor if self._now is self._random and not self._exhausted else self._random
        return self._beyond or not self.complete
