"""Whether a schedule is possible under the GIL of the interpreter at hand.

A thread that is preempted before an access could have been preempted on an interpreter with a GIL only if, since its last
event, it came through a place where the GIL can be handed over. Then the switch could have happened there, for what lies between
touches nothing shared. Before an operation of synchronisation it always could: those let go of the GIL when they block.
"""

from __future__ import annotations

import platform

from .._core.execution import Execution
from .._core.frames import Location, location_of, parked_frame
from .._core.operation import Operation
from .._core.thread import ControlledThread
from .locations import Read
from .points import Point


class Preemptions:
    """Observes a run: the preemptions that no GIL would make. `passed` is kept by whoever sees the places go by."""

    def __init__(self) -> None:
        self.passed: set[ControlledThread] = set()
        self.impossible: list[tuple[str, Location]] = []

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Judge one event, in the thread that does it."""
        threads = execution.log.threads
        if len(threads) > 1 and threads[-2] is not thread:
            self._switch(threads[-2])
        self.passed.discard(thread)

    def _switch(self, before: ControlledThread) -> None:
        pending = before.pending
        if before.ended or before in self.passed or pending is None:
            return
        if isinstance(pending, (Read, Point)):
            self.impossible.append((before.name, location_of(parked_frame(before.os_ident))))

    def verdict(self) -> str:
        """In words."""
        version = f"{platform.python_implementation()} {platform.python_version()}"
        if not self.impossible:
            return f"this schedule is possible under the GIL of {version}"
        thread, place = self.impossible[0]
        return (
            f"this schedule is not possible under the GIL of {version}: {thread} is preempted at {place} where this GIL is never "
            f"handed over; it takes a free-threaded interpreter, or another version"
        )
