"""Data races: pairs of accesses that conflict and that nothing orders.

FastTrack (Flanagan and Freund, "FastTrack: efficient and precise dynamic race detection", PLDI 2009), over the log of a run: a
vector clock for each thread and each object of synchronisation, and for each location what was last read and written by whom.
What orders events is the program's own synchronisation: starting and joining threads, and giving an object up (releasing a
lock, setting an event) before somebody else takes it. That the scheduler runs one thread after another orders nothing.

Two single operations of a container in C (`setdefault`, `popleft`) are atomic and no race with one another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from .._core.execution import Execution
from .._core.explicit import Access, YieldPoint
from .._core.failure import Failure
from .._core.frames import NOWHERE, Location, locate, program_frame
from .._core.operation import READ, UPDATE, WRITE, Mode, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from ..errors import DataRaceError
from .containers import ReadItem
from .locations import Read
from .points import Point

Clock = dict[ControlledThread, int]
_TAKING = frozenset(("acquire", "try acquire", "wake", "woken", "leave"))
"""Operations that take and give nothing up."""
_GIVING = frozenset(("release", "wait"))
_CONFLICTING = {READ: (UPDATE, WRITE), UPDATE: (READ, WRITE), WRITE: (READ, UPDATE, WRITE)}


class RacingAccess(NamedTuple):
    """One of the two accesses of a race."""

    thread: str
    operation: str
    location: Location
    locks: tuple[str, ...]
    step: int

    def __str__(self) -> str:
        held = f" holding {', '.join(self.locks)}" if self.locks else " holding no lock"
        return f"{self.thread} {self.operation} at {self.location}{held}"


class Race(NamedTuple):
    """Two accesses to one location, at least one of them a write, that nothing orders."""

    location: str
    first: RacingAccess
    second: RacingAccess

    def __str__(self) -> str:
        return f"{self.location}: {self.first}, and {self.second}"


class _Before:
    """What has been done with a location: for each mode, the last event of each thread, and that thread's clock there."""

    __slots__ = ("by_mode",)

    def __init__(self) -> None:
        self.by_mode: dict[Mode, dict[ControlledThread, tuple[int, int]]] = {READ: {}, UPDATE: {}, WRITE: {}}


def _is_data(operation: Operation) -> bool:
    return isinstance(operation, (Read, Access))


class Places:
    """Observes a run: where each event is."""

    def __init__(self) -> None:
        self.found: list[tuple[CodeType, int] | None] = []

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Note one event, in the thread that does it."""
        frame = program_frame(sys._getframe(1))
        self.found.append(None if frame is None else (frame.f_code, frame.f_lineno or 0))


class _Detector:
    def __init__(self, execution: Execution, places: list[tuple[CodeType, int] | None]) -> None:
        self._log = execution.log
        self._places = places
        self._clocks: dict[ControlledThread, Clock] = {}
        self._given: dict[int, Clock] = {}
        self._before: dict[int, _Before] = {}
        self._held: dict[ControlledThread, dict[int, Resource]] = {}
        self._locks: dict[int, tuple[str, ...]] = {}

    def races(self) -> Iterator[Race]:
        for step, (thread, operation) in enumerate(zip(self._log.threads, self._log.operations)):
            clock = self._clocks.setdefault(thread, {thread: 1})
            if _is_data(operation):
                held = self._held.get(thread)
                if held:
                    self._locks[step] = tuple(sorted(map(str, held.values())))
                yield from self._access(step, thread, operation, clock)
            elif not isinstance(operation, (Point, YieldPoint)):
                self._synchronise(thread, operation, clock)

    def _synchronise(self, thread: ControlledThread, operation: Operation, clock: Clock) -> None:
        kind = operation.kind
        other = operation.other_thread()
        if other is not None:
            if kind == "start":
                self._clocks[other] = {**clock, other: 1}
            elif other.ended and operation.deadline is None:
                _join(clock, self._clocks.get(other, {}))
        for resource, mode in operation.footprint():
            _join(clock, self._given.get(id(resource), {}))
            if mode is not READ and kind not in _TAKING:
                _join(self._given.setdefault(id(resource), {}), clock)
            held = self._held.setdefault(thread, {})
            if kind in _TAKING and mode is WRITE:
                held[id(resource)] = resource
            elif kind in _GIVING:
                held.pop(id(resource), None)
        clock[thread] = clock.get(thread, 0) + 1

    def _access(self, step: int, thread: ControlledThread, operation: Operation, clock: Clock) -> Iterator[Race]:
        mine = clock.get(thread, 0)
        for resource, mode in operation.footprint():
            before = self._before.setdefault(id(resource), _Before())
            for other_mode in _CONFLICTING[mode]:
                for other, (their_time, their_step) in before.by_mode[other_mode].items():
                    if other is not thread and their_time > clock.get(other, 0) and not self._atomic(operation, their_step):
                        yield self._race(resource, their_step, step)
            before.by_mode[mode][thread] = mine, step

    def _atomic(self, operation: Operation, step: int) -> bool:
        other = self._log.operations[step]
        return isinstance(operation, ReadItem) and isinstance(other, ReadItem) and operation.is_call and other.is_call

    def _race(self, resource: Resource, first: int, second: int) -> Race:
        return Race(str(self._log.operations[second].resource or resource), self._racing(first), self._racing(second))

    def _racing(self, step: int) -> RacingAccess:
        place = self._places[step] if step < len(self._places) else None
        done, about = self._log.operations[step].parts()
        where = NOWHERE if place is None else locate(*place)
        return RacingAccess(self._log.threads[step].name, f"{done} {about}".strip(), where, self._locks.get(step, ()), step + 1)


def _join(into: Clock, other: Clock) -> None:
    for thread, time in other.items():
        if into.get(thread, 0) < time:
            into[thread] = time


def races(execution: Execution, places: Places) -> tuple[Race, ...]:
    """The data races of a run that `places` has observed, one for each pair of places and location."""
    found: dict[tuple[str, frozenset[str]], Race] = {}
    for race in _Detector(execution, places.found).races():
        found.setdefault((race.location, frozenset((str(race.first.location), str(race.second.location)))), race)
    return tuple(found.values())


def failure(race: Race) -> Failure:
    """The failure that a race is, where races are failures."""
    origin = ("race", race.location, *sorted({f"{each.location.function} {each.location}" for each in (race.first, race.second)}))
    return Failure("race", DataRaceError(f"data race on {race}"), None, origin, location=race.second.location)


__all__ = ["Places", "Race", "RacingAccess", "failure", "races"]
