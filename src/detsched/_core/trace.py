"""The trace: what happened in a run, event by event, in the terms of the program."""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

import sys

from .frames import NOWHERE, Location, locate, program_frame
from .operation import Operation
from .thread import ControlledThread

if TYPE_CHECKING:
    from .execution import Execution


class TraceEvent(NamedTuple):
    """One event of a run. All names are the same in every process.

    `step` counts from 1. `object` is what the operation was about, empty if about nothing. `reason` says why the event belongs
    to another thread than the one before, empty if it does not. `location` is the program's line, empty where there is none.
    `time` is the virtual clock, in seconds since the start of the run.
    """

    step: int
    thread: str
    operation: str
    object: str
    reason: str
    location: Location
    time: float

    def __str__(self) -> str:
        return f"{self.step} {self.thread}: {self.operation} {self.object}".rstrip()


def _names(threads: list[ControlledThread]) -> dict[ControlledThread, str]:
    """The threads' names; those that share one with another are told apart by their spawn path."""
    found = dict.fromkeys(threads, "")
    count: dict[str, int] = {}
    for thread in found:
        count[thread.name] = count.get(thread.name, 0) + 1
    return {thread: thread.name if count[thread.name] == 1 else f"{thread.name} ({thread.label})" for thread in found}


class Recorder:
    """Observes a run in full detail: where each event is, and why each switch."""

    def __init__(self) -> None:
        self._places: list[tuple[CodeType, int] | None] = []
        self._reasons: list[str] = []
        self._times: list[float] = []
        self.preemptions = 0

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Note one event, in the thread that does it."""
        frame = program_frame(sys._getframe(1))
        self._places.append(None if frame is None else (frame.f_code, frame.f_lineno or 0))
        self._times.append(execution.clock.base)
        self._reasons.append(self._reason(execution, thread))

    def _reason(self, execution: Execution, thread: ControlledThread) -> str:
        threads = execution.log.threads
        if len(threads) < 2 or threads[-2] is thread:
            return ""
        before = threads[-2]
        if before.ended:
            return f"{before.name} ended"
        pending = before.pending
        if pending is None:
            return ""
        if pending.external or (pending.blocking and not pending.enabled()):
            holder = pending.holder()
            held = f" (held by {holder.name})" if holder is not None else ""
            return f"{before.name} waits to {pending.describe()}{held}"
        self.preemptions += 1
        return f"{before.name} preempted"

    def events(self, execution: Execution) -> tuple[TraceEvent, ...]:
        """The trace of a run that this has observed."""
        log = execution.log
        names = _names(log.threads)
        found = []
        for index, place in enumerate(self._places):
            done, about = log.operations[index].parts()
            found.append(
                TraceEvent(
                    index + 1,
                    names[log.threads[index]],
                    done,
                    about,
                    self._reasons[index],
                    NOWHERE if place is None else locate(*place),
                    self._times[index],
                )
            )
        return tuple(found)
