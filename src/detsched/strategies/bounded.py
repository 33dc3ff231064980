"""Schedules within a bound, those of the least cost first.

Iterative context bounding (Musuvathi and Qadeer, PLDI 2007) and delay bounding (Emmi, Qadeer, Rakamarić, POPL 2011): depth first
through every sequence of choices that costs nothing, then through those that cost at most 1, and so on. So the first failure is one
of those of the least cost. Runs of an earlier round are made once more in the next one, where they are what its tree hangs on: the
price of a search that remembers nothing but its present path. Each round is some times larger than the one before, so it is small.

There is no reduction here. A bound makes steps dependent that commute: a sleep set or a wakeup tree would drop orderings of
which it knows an equivalent run that is over the bound. Instead, runs that were equivalent to an earlier one are counted.
"""

from __future__ import annotations

from math import comb
from typing import Any

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.orderings import ordering
from .._core.thread import ControlledThread
from ..errors import DivergenceError
from .replay import CAUSES
from .spinning import WAITING, Spins
from .strategy import Strategy, Turn

_CUT = ("limit", "livelock")
_MOST = 1 << 17
"""How many orderings are remembered to count equivalent runs: some ten megabytes."""


class Bounded(Strategy):
    """Every sequence of choices up to a cost, the cheap ones first.

    `kind` "preemptions": a choice costs 1 where it leaves a thread that could have gone on. "delays": it costs as many as there are
    threads passed over, of those that can go on, from the present one on in the order of their spawn paths.
    """

    systematic = True

    def __init__(self, kind: str, bound: int, *, reduced: bool = True) -> None:
        self.kind = kind
        self.bound = bound
        self.cost = 0
        """What runs of the present round cost at most."""
        self.complete = False
        """Whether every sequence of choices within the bound was run, to its end."""
        self.whole = False
        """Whether the bound left nothing out."""
        self.runs = 0
        """Runs that were made."""
        self.redundant = 0
        """Runs that were equivalent to an earlier one. Where these are not `reduced`, only equal ones are equivalent."""
        self.exact = True
        """Whether there were no more of these."""
        self.cut = 0
        """Runs that were given up because they were too long, or went round in circles: what lies behind is not covered."""
        self._reduced = reduced
        self._seen: set[int] = set()
        self._taken: list[int] = []
        """The present path: at each choice the option that was taken, what each one costs, and what was spent before."""
        self._costs: list[tuple[int, ...]] = []
        self._spent: list[int] = []
        self._before = 0
        """The runs of the rounds before."""
        self._more = False
        """Whether there is anything that costs more than this round allows."""
        self._depth = 0
        self._spins = Spins()

    def begin(self, run: Turn) -> None:
        self._depth = 0
        self._spins.begin()

    def _answer(self, costs: tuple[int, ...]) -> int:
        """The option to take at the next choice, where options cost so much: the first one nothing."""
        depth = self._depth
        self._depth += 1
        if depth == len(self._taken):
            self._spent.append(self._spent[-1] + self._costs[-1][self._taken[-1]] if depth else 0)
            self._taken.append(0)
            self._costs.append(costs)
        elif self._costs[depth] != costs:
            before, now = len(self._costs[depth]), len(costs)
            raise DivergenceError(f"an equal run departs from an earlier one at choice {depth + 1}: {before} options, now {now}; {CAUSES}")
        return self._taken[depth]

    def choose(self, step: Step) -> ControlledThread:
        threads, current = self._spins.free(step), step.current
        if len(threads) == 1 or self._spins.stuck:
            return threads[0]
        threads = sorted(threads, key=_path)
        goes_on = current in threads
        if current is not None:
            at = next((place for place, thread in enumerate(threads) if thread.path >= current.path), 0)
            threads = threads[at:] + threads[:at]
        if self.kind == "delays":
            costs = tuple(range(len(threads)))
        else:
            costs = (0, *[int(goes_on)] * (len(threads) - 1))
        return threads[self._answer(costs)]

    def choose_value(self, count: int) -> int:
        return self._answer((0,) * count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        if self._depth < len(self._taken):
            raise DivergenceError(f"an equal run departs from an earlier one: {len(self._taken)} choices before, now {self._depth}; {CAUSES}")
        self.runs += 1
        self._spins.follow(log)
        self.cut += any(failure.kind in _CUT and len(log) - 1 not in self._spins.idle for failure in failures) or self._spins.doubtful
        spent = self._spent[-1] + self._costs[-1][self._taken[-1]] if self._taken else 0
        self.redundant += spent < self.cost or (self._reduced and self._was_seen(ordering(log)))
        return self._next()

    def _was_seen(self, which: int) -> bool:
        if which in self._seen:
            return True
        if len(self._seen) < _MOST:
            self._seen.add(which)
        else:
            self.exact = False
        return False

    def _next(self) -> bool:
        """Go to the last choice that has an option left that can be paid for; if none has, begin the next round."""
        taken, costs, spent = self._taken, self._costs, self._spent
        while taken:
            taken[-1] += 1
            for option in range(taken[-1], len(costs[-1])):
                if spent[-1] + costs[-1][option] <= self.cost:
                    taken[-1] = option
                    return True
                self._more = True
            taken.pop(), costs.pop(), spent.pop()
        if self._more and self.cost < self.bound:
            self.cost += 1
            self._more, self._before = False, self.runs
            return True
        self.whole = not self._more
        self.complete = not self.cut
        return False

    # ------------------------------------------------------------------ how far it has come

    @property
    def limits(self) -> str:  # type: ignore[override]
        """The bound, where it left anything out."""
        return self._within("" if self.whole else self._words(self.bound))

    @property
    def covered(self) -> str:  # type: ignore[override]
        """The bound of the round before."""
        return self._within(self._words(self.cost - 1)) if self.cost and not self.cut else ""

    def _words(self, bound: int) -> str:
        noun = self.kind if bound != 1 else self.kind.removesuffix("s")
        return f"with at most {bound} {noun}" if bound else f"without {self.kind}"

    def _within(self, words: str) -> str:
        return " and ".join(filter(None, (words, WAITING if self._spins.ever else "")))

    @property
    def estimate(self) -> float | None:  # type: ignore[override]
        """In the last round: the runs of this round by the share of its tree that they are, and those before. What hangs on an option is
        taken to be as much as the rest of the present path would allow with what is left to be spent."""
        if self.complete:
            return float(self.runs)
        if self.cost < self.bound or not self._taken:
            return None
        share, done, length = 1.0, 0.0, len(self._taken)
        for depth, (taken, costs, spent) in enumerate(zip(self._taken, self._costs, self._spent)):
            weights = [_size(length - depth - 1, self.cost - spent - cost) for cost in costs]
            done += share * sum(weights[:taken]) / sum(weights)
            share *= weights[taken] / sum(weights)
        return self._before + (self.runs - self._before) / done if done else None

    def state(self) -> dict[str, Any]:
        """What the search knows between two runs, as plain data."""
        return {
            "cost": self.cost,
            "runs": self.runs,
            "before": self._before,
            "redundant": self.redundant,
            "exact": self.exact,
            "cut": self.cut,
            "whole": self.whole,
            "complete": self.complete,
            "more": self._more,
            "spun": self._spins.ever,
            "taken": self._taken,
            "costs": self._costs,
            "spent": self._spent,
            "seen": sorted(self._seen),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.cost, self.runs, self._before = int(state["cost"]), int(state["runs"]), int(state["before"])
        self.redundant, self.exact, self.cut = int(state["redundant"]), bool(state["exact"]), int(state["cut"])
        self.whole, self.complete, self._more = bool(state["whole"]), bool(state["complete"]), bool(state["more"])
        self._spins.ever = bool(state["spun"])
        self._taken, self._spent = list(map(int, state["taken"])), list(map(int, state["spent"]))
        self._costs = [tuple(map(int, costs)) for costs in state["costs"]]
        self._seen = set(map(int, state["seen"]))


def _path(thread: ControlledThread) -> tuple[int, ...]:
    return thread.path


def _size(choices: int, left: int) -> int:
    """How many paths of so many choices spend no more than what is left."""
    return sum(comb(choices, cost) for cost in range(left + 1))


__all__ = ["Bounded"]
