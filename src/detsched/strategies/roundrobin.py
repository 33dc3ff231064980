"""Round robin: after each event the next thread in the order of their starts. The same in every run."""

from __future__ import annotations

from .._core.execution import Step
from .._core.thread import ControlledThread
from .strategy import Strategy


class RoundRobin(Strategy):
    """Every thread in turn, one event each."""

    repeatable = True

    def choose(self, step: Step) -> ControlledThread:
        current = step.current
        if current is None:
            return step.enabled[0]
        for thread in step.enabled:
            if thread.path > current.path:
                return thread
        return step.enabled[0]
