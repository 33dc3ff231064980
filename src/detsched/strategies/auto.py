"""Random choice and optimal DPOR in turn: small programs get a proof, long ones still get spread."""

from __future__ import annotations

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.thread import ControlledThread
from .dpor import DPOR
from .random import RandomWalk
from .strategy import Strategy, Turn


class Auto(Strategy):
    """The first run and every second one after it at random, the others by `DPOR`; complete when that is.

    Where `DPOR` has nothing left to try, and yet does not cover everything, all further runs are at random.
    """

    def __init__(self) -> None:
        self._random, self._dpor = RandomWalk(), DPOR()
        self._now: Strategy = self._random
        self._next: Strategy = self._random
        self._exhausted = False

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

    def begin(self, run: Turn) -> None:
        self._now = self._next
        self._now.begin(run)

    def choose(self, step: Step) -> ControlledThread:
        return self._now.choose(step)

    def choose_value(self, count: int) -> int:
        return self._now.choose_value(count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        more = self._now.end(log, failures)
        self._exhausted = self._exhausted or not more
        self._next = self._dpor if self._now is self._random and not self._exhausted else self._random
        return not self.complete
