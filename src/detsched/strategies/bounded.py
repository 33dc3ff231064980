"""Schedules within a bound, the cheapest first.

Every sequence of choices whose cost is at most `bound` is made in exactly one run: first those that cost nothing, then those
that cost 1, and so on (iterative context bounding: Musuvathi and Qadeer, PLDI 2007; delay bounding: Emmi, Qadeer, Rakamarić,
POPL 2011). So the first failure is one of the cheapest. A run is named by the one before it and the last choice in which it
departs from what costs nothing, so none is made twice to get to the next cost.

There is no reduction here. A bound makes steps dependent that commute, and a sleep set or a wakeup tree would drop orderings whose only
cheap schedule it counts as a repetition of a dear one. Instead runs that were equivalent to an earlier one are counted.
"""

from __future__ import annotations

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


class _Prefix:
    """The choices that lead to a run: those of another one up to a depth, then an option, and from there on what costs nothing."""

    __slots__ = ("parent", "depth", "option", "cost")

    def __init__(self, parent: _Prefix | None, depth: int, option: int, cost: int) -> None:
        self.parent = parent
        self.depth = depth
        self.option = option
        self.cost = cost

    def choices(self) -> dict[int, int]:
        """The options that are not the first, by their place among the choices."""
        found: dict[int, int] = {}
        prefix: _Prefix | None = self
        while prefix is not None and prefix.parent is not None:
            found[prefix.depth] = prefix.option
            prefix = prefix.parent
        return found


class Bounded(Strategy):
    """Every sequence of choices up to a cost, each in one run, the cheap ones first.

    `kind` "preemptions": a choice costs 1 where it leaves a thread that could have gone on. "delays": it costs as many as there are
    threads passed over, of those that can go on, from the present one on in the order of their starts.
    """

    systematic = True

    def __init__(self, kind: str, bound: int, *, reduced: bool = True) -> None:
        self.kind = kind
        self.bound = bound
        self.cost = 0
        """What the present run costs at most."""
        self.complete = False
        """Whether every sequence of choices within the bound was run, to its end."""
        self.whole = True
        """Whether nothing was left out because of the bound."""
        self.runs = 0
        """Runs that were made."""
        self.redundant = 0
        """Runs that were equivalent to an earlier one. Where these are not `reduced`, no two are taken for equivalent."""
        self.cut = 0
        """Runs that were given up because they were too long, or went round in circles: what lies behind is not covered."""
        self._reduced = reduced
        self._levels: list[list[_Prefix]] = [[] for _ in range(bound + 1)]
        self._seen: set[int] = set()
        self._prefix = _Prefix(None, -1, 0, 0)
        self._spins = Spins()
        self.begin(Turn(0, 0))

    def begin(self, run: Turn) -> None:
        self._spins.begin()
        self._choices = self._prefix.choices()
        self._costs: list[tuple[int, ...]] = []

    def _answer(self, costs: tuple[int, ...]) -> int:
        """The option to take at the next choice, where options cost so much: the first costs nothing."""
        depth = len(self._costs)
        self._costs.append(costs)
        answer = self._choices.get(depth, 0)
        if answer >= len(costs):
            raise DivergenceError(f"an equal run departs from an earlier one at choice {depth + 1}: option {answer + 1} of {len(costs)}; {CAUSES}")
        return answer

    def choose(self, step: Step) -> ControlledThread:
        threads, current = self._spins.free(step), step.current
        if len(threads) == 1 or self._spins.stuck:
            return threads[0]
        if current is not None and current not in threads:
            at = next((place for place, thread in enumerate(threads) if thread.path > current.path), 0)
        else:
            at = 0 if current is None else threads.index(current)
        threads = threads[at:] + threads[:at]
        if self.kind == "delays":
            return threads[self._answer(tuple(range(len(threads))))]
        preempts = int(threads[0] is current)
        return threads[self._answer((0, *[preempts] * (len(threads) - 1)))]

    def choose_value(self, count: int) -> int:
        return self._answer((0,) * count)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        self.runs += 1
        self._spins.follow(log)
        self.cut += any(failure.kind in _CUT and len(log) - 1 not in self._spins.idle for failure in failures) or self._spins.doubtful
        if self._reduced:
            before = len(self._seen)
            self._seen.add(ordering(log))
            self.redundant += len(self._seen) == before
        prefix, levels = self._prefix, self._levels
        for depth in range(prefix.depth + 1, len(self._costs)):
            for option, cost in enumerate(self._costs[depth]):
                if option and prefix.cost + cost <= self.bound:
                    levels[prefix.cost + cost].append(_Prefix(prefix, depth, option, prefix.cost + cost))
                elif option:
                    self.whole = False
        return self._next()

    def _next(self) -> bool:
        for level in self._levels:
            if level:
                self._prefix = level.pop()
                self.cost = self._prefix.cost
                return True
        self.complete = not self.cut
        return False

    @property
    def limits(self) -> str:  # type: ignore[override]
        """The bound, where it left anything out."""
        noun = self.kind if self.bound != 1 else self.kind.removesuffix("s")
        bound = "" if self.whole else f"with at most {self.bound} {noun}" if self.bound else f"without {self.kind}"
        return " and ".join(filter(None, (bound, WAITING if self._spins.ever else "")))

    def state(self) -> dict[str, Any]:
        """What the search knows, as plain data: see `restore`."""
        pending = [self._prefix, *(prefix for level in reversed(self._levels) for prefix in level)]
        todo = [[prefix.cost, prefix.depth, sorted(prefix.choices().items())] for prefix in pending]
        return {"runs": self.runs, "redundant": self.redundant, "cut": self.cut, "whole": self.whole, "spun": self._spins.ever, "complete": self.complete, "seen": sorted(self._seen), "todo": todo}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.runs, self.redundant, self.cut, self.whole = state["runs"], state["redundant"], state["cut"], state["whole"]
        self._spins.ever, self.complete, self._seen = state["spun"], state["complete"], set(state["seen"])
        for level in self._levels:
            level.clear()
        for number, (cost, depth, choices) in enumerate(state["todo"]):
            prefix = _Prefix(None, -1, 0, 0)
            for place, option in choices:
                prefix = _Prefix(prefix, place, option, cost)
            if number:
                self._levels[cost].append(prefix)
            else:
                self._prefix, self.cost = prefix, cost


__all__ = ["Bounded"]
