"""Which distinguishable ordering a run was: equal for two runs exactly where happens-before is equal."""

from __future__ import annotations

from .._core.causality import Causality
from .._core.log import Log
from .._core.operation import Operation
from .._core.thread import ControlledThread


class _Past(Causality):
    """Remembers what each event was, and what had to come before it."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.events: set[tuple[object, ...]] = set()

    def _event(self, thread: ControlledThread, operation: Operation) -> None:
        super()._event(thread, operation)
        past = frozenset((getattr(other, "label", "time"), weight) for other, weight in self._of[thread].items())
        self.events.add((thread.label, operation.key, past))


def ordering(log: Log) -> int:
    """A number that stands for the ordering. Takes some microseconds for each event."""
    past = _Past(log)
    if log.threads:
        past.past(log.threads[0])
    return hash(frozenset(past.events))
