"""Whether a thread is alone: every other thread has ended, and that is in its past.

What it does from there on is ordered after everything that any other thread did, in every run, so no access of it needs an
event. A thread that has ended but was not joined is not in the past: its end could come later.
"""

from __future__ import annotations

from .._core.execution import Execution
from .._core.thread import ControlledThread


class Alone:
    """Follows the starts and joins of one run."""

    def __init__(self) -> None:
        self._done = 0
        self._started: set[ControlledThread] = set()
        self._past: dict[ControlledThread, set[ControlledThread]] = {}

    def now(self, execution: Execution) -> bool:
        """Whether the thread at work is alone."""
        log = execution.log
        for index in range(self._done, len(log)):
            operation = log.operations[index]
            other = operation.other_thread()
            if other is None:
                continue
            if operation.kind == "start":
                self._started.add(other)
            elif operation.kind == "join" and operation.deadline is None:
                # Without a deadline the join waited for the end, so the other thread's own past is final.
                self._past.setdefault(log.threads[index], set()).update((other, *self._past.get(other, ())))
        self._done = len(log)
        return self._started <= self._past.get(execution.current, set())
