"""Which distinguishable ordering a run was: equal for two runs exactly where happens-before is equal."""

from __future__ import annotations

from hashlib import blake2b

from .causality import Causality
from .log import Log
from .operation import Operation
from .thread import ControlledThread


class _Past(Causality):
    """Remembers what each event was, and what had to come before it."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self.events: list[str] = []

    def _event(self, thread: ControlledThread, operation: Operation) -> None:
        super()._event(thread, operation)
        past = sorted([(getattr(other, "label", "time"), weight) for other, weight in self._of[thread].items()])
        self.events.append(f"{thread.label} {operation.key} {past}")


def ordering(log: Log) -> int:
    """A number that stands for the ordering, the same in every process. Takes some microseconds for each event."""
    past = _Past(log)
    if log.threads:
        past.past(log.threads[0])
    answers: dict[str, list[int]] = {}
    for label, answer in log.answers:
        answers.setdefault(label, []).append(answer)
    text = "\n".join([*sorted(past.events), *(f"{label} answered {given}" for label, given in sorted(answers.items()))])
    return int.from_bytes(blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")
