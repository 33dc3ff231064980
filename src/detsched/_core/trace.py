"""The trace: what happened in a run, event by event, in the terms of the program."""

from __future__ import annotations

from types import CodeType, FrameType
from typing import TYPE_CHECKING, NamedTuple

import sys

from .failure import doing
from .frames import LIBRARY, NOWHERE, PROGRAM, Location, boundaries, locate, rank
from .operation import READ, Operation
from .resource import is_machinery
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


Chain = tuple[tuple[CodeType, int, int], ...]
"""Frames of the program, innermost first: code, line, and a number that tells one call of a function from another."""
_DEEPEST = 6


_OURS = -1
_sorts: dict[str, int] = {}


def _sort(filename: str) -> int:
    """What kind of code a source file holds: as `rank`, and _OURS for detsched and `threading`."""
    known = _sorts[filename] = _OURS if is_machinery(filename) else rank(filename)
    return known


def _where(frame: FrameType | None) -> tuple[Chain, str]:
    """The program's frames, innermost first, and the function of a library that the innermost of them has called.

    The frame of an installed package stands in where there is none of the program.
    """
    found: list[tuple[CodeType, int, int]] = []
    library: Chain = ()
    within = ""
    begun = False
    while frame is not None and len(found) < _DEEPEST:
        code = frame.f_code
        sort = _sorts.get(code.co_filename)
        if sort is None:
            sort = _sort(code.co_filename)
        if sort == PROGRAM:
            found.append((code, frame.f_lineno or 0, id(frame)))
        elif sort == _OURS:
            if id(code) in boundaries:
                break
            begun = begun or bool(within)
        elif not found:
            if not begun:
                within = code.co_qualname
            if sort == LIBRARY and not library:
                library = ((code, frame.f_lineno or 0, id(frame)),)
        frame = frame.f_back
    return tuple(found) or library, within


def library_call(frame: FrameType | None) -> str:
    """The function of a library that the program has called, from `frame` outwards; empty where it is the program's own."""
    return _where(frame)[1]


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
        self.chains: list[Chain] = []
        """Where each event was: the program's frames from the innermost outwards, as far as `_DEEPEST`."""
        self.within: list[str] = []
        """The function of a library that the program has called, for events inside of it; empty for the program's own."""
        self._reasons: list[str] = []
        self._times: list[float] = []
        self._unshown: Operation | None = None
        self.shown: list[str] = []
        """The value that each event read or wrote, where its operation knows it."""
        self.cuts: list[int] = []
        """After how many events each preemption was."""
        self.blocked: list[tuple[int, tuple[str, ...]]] = []
        """From which event on which threads could not go on: an entry for each change."""

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Note one event, in the thread that does it."""
        chain, within = _where(sys._getframe(1))
        self.chains.append(chain)
        self.within.append(within)
        self._times.append(execution.clock.base)
        self._reasons.append(self._reason(execution, thread))
        self._show_last()
        if operation.mode is READ:
            self.shown.append(operation.shows())
        else:
            self.shown.append("")
            self._unshown = operation
        blocked = tuple([t.label for t in execution.live if t.blocking and not t.pending.enabled()])  # type: ignore[union-attr]
        if blocked != (self.blocked[-1][1] if self.blocked else ()):
            self.blocked.append((len(self._times) - 1, blocked))

    def _show_last(self) -> None:
        # What was written can be seen only now: nobody else has had a turn since.
        if self._unshown is not None:
            self.shown[-1] = self._unshown.shows()
            self._unshown = None

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
            return f"{before.name} {doing(pending.describe())}{held}"
        self.cuts.append(len(threads) - 1)
        return f"{before.name} preempted"

    @property
    def preemptions(self) -> int:
        """How many of the switches left a thread that could have gone on."""
        return len(self.cuts)

    def events(self, execution: Execution) -> tuple[TraceEvent, ...]:
        """The trace of a run that this has observed."""
        self._show_last()
        log = execution.log
        names = _names(log.threads)
        found = []
        for index, chain in enumerate(self.chains):
            done, about = log.operations[index].parts()
            found.append(
                TraceEvent(
                    index + 1,
                    names[log.threads[index]],
                    done,
                    about,
                    self._reasons[index],
                    locate(*chain[0][:2]) if chain else NOWHERE,
                    self._times[index],
                )
            )
        return tuple(found)
