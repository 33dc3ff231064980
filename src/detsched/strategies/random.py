"""Random walk: at each step any thread that can go on, all equally likely.

Known bias: a thread that is short beside the others hardly ever runs late (a thread of one step among 25 steps of another
comes last with probability 2 to the -25).
"""

from __future__ import annotations

from random import Random
from typing import Any

from .._core.execution import Step
from .._core.thread import ControlledThread
from .strategy import Strategy, Turn


class RandomWalk(Strategy):
    """Uniform choice at every step."""

    repeatable = True

    def __init__(self) -> None:
        self._source = Random()
        self._random = self._source.random

    def begin(self, run: Turn) -> None:
        self._source.seed(run.seed)

    def state(self) -> dict[str, Any]:
        """Nothing: what a run is like follows from its seed."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Nothing to be restored."""

    # Not randrange or choice: how they use the source may change between versions of Python; random() does not.

    def choose(self, step: Step) -> ControlledThread:
        enabled = step.enabled
        return enabled[int(self._random() * len(enabled))]

    def choose_value(self, count: int) -> int:
        return int(self._random() * count)
