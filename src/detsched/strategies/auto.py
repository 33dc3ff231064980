"""Random choice and optimal DPOR in turn: small programs get a proof, long ones still get spread."""

from __future__ import annotations

from typing import Any

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.thread import ControlledThread
from ..errors import DivergenceError
from .bounded import Bounded
from .dpor import DPOR
from .random import RandomWalk
from .strategy import Strategy, Turn


_ANY = 1_000_000


class Auto(Strategy):
    """The first run and every second one after it at random, the others by `DPOR`; complete when that is.

    Where `DPOR` has nothing left to try, and yet does not cover everything, because it cut something off or something had a say that is no
    operation (a finalizer runs where the last reference is dropped), its turns go to the schedules without preemptions, with one, with two,
    and so on, as long as the program does the same under the same schedule.
    """

    def __init__(self) -> None:
        self._random, self._dpor = RandomWalk(), DPOR()
        self._bounded = Bounded("preemptions", _ANY, reduced=False)
        self._bounded_ended = False
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
        return {"dpor": self._dpor.state(), "exhausted": self._exhausted, "beyond": self._beyond, "random": self._next is self._random,
                "bounded": self._bounded.state(), "bounded ended": self._bounded_ended}  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self._dpor.restore(state["dpor"])
        self._exhausted, self._beyond = bool(state["exhausted"]), bool(state["beyond"])
        self._bounded.restore(state["bounded"])
        self._bounded_ended = bool(state["bounded ended"])
        self._next = self._random if state["random"] else self._systematic()

    def begin(self, run: Turn) -> None:
        self._now = self._next
        self._now.begin(run)

    def choose(self, step: Step) -> ControlledThread:
        try:
            return self._now.choose(step)
        except DivergenceError:
            self._let_go_of_bounded()
            return self._random.choose(step)

    def choose_value(self, count: int) -> int:
        try:
            return self._now.choose_value(count)
        except DivergenceError:
            self._let_go_of_bounded()
            return self._random.choose_value(count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        self._beyond = self._beyond or bool(log.beyond)
        self._go_on(log, failures)
        self._next = self._systematic() if self._now is self._random else self._random
        return self._beyond or not self.complete

    def _go_on(self, log: Log, failures: tuple[Failure, ...]) -> None:
        try:
            more = self._now.end(log, failures)
        except DivergenceError:
            self._let_go_of_bounded()
            return
        self._exhausted = self._exhausted or (self._now is self._dpor and not more)
        self._bounded_ended = self._bounded_ended or (self._now is self._bounded and not more)

    def _let_go_of_bounded(self) -> None:
        """What is in no schedule has come out otherwise than before. That is known of this program, and random choice can live with it.

        Called where an error is being handled, which is raised again if it is another strategy's.
        """
        if self._now is not self._bounded:
            raise
        self._bounded_ended = True

    def _systematic(self) -> Strategy:
        if not self._exhausted:
            return self._dpor
        return self._random if self._bounded_ended else self._bounded
