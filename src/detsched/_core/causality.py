"""Happens-before: which events of a run every equivalent run has in the same order.

Vector clocks over the log, computed only as far as somebody asks (most runs never do). A component counts the *weight* of a
thread's events rather than their number, because that is what the virtual clock sums up; every event weighs 1 except
repeated readings of the clock (see clock.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .operation import READ, UPDATE, Operation
from .log import Log

if TYPE_CHECKING:
    from .resource import Resource
    from .thread import ControlledThread

VectorClock = dict[object, float]

TIME = "time"
"""The component of a vector clock that holds the latest deadline which passed, where timeouts may fire at any time."""

_HEAVIEST = 20
"""How often the weight doubles: 2 ** 20 ticks of a microsecond are about one second. From there on readings grow evenly."""


def _join(into: VectorClock, other: VectorClock) -> None:
    for thread, weight in other.items():
        if into.get(thread, 0) < weight:
            into[thread] = weight


class _Touched:
    """What happened to one resource since the last jump of the clock: its last write, the reads and the updates since that."""

    __slots__ = ("written", "read", "updated", "jumps")

    def __init__(self) -> None:
        self.written: VectorClock = {}
        self.read: VectorClock = {}
        self.updated: VectorClock = {}
        self.jumps = 0


class Causality:
    """The vector clock of every thread, after as much of the log as was asked for.

    A jump of the clock comes after every earlier event and before every later one. So after it every thread's clock is the same,
    all threads' own components, and whatever was known of resources before is part of it: a thread's clock is brought up to
    that when the thread is next at work, and older knowledge of a resource is dropped when the resource is next touched.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._done = 0
        self._jumps = 0
        self._own: VectorClock = {}
        self._common: VectorClock = {}
        self._of: dict[object, VectorClock] = {}
        self._jumps_of: dict[object, int] = {}
        self._touched: dict[int, _Touched] = {}
        self._streak: dict[ControlledThread, int] = {}

    def past(self, thread: ControlledThread) -> VectorClock:
        """The clock of `thread` after all that is in the log by now."""
        log = self._log
        while self._done < len(log):
            self._jump()
            self._event(log.threads[self._done], log.operations[self._done])
            self._done += 1
        self._jump()
        return self._clock(thread)

    def _jump(self) -> None:
        jumps = self._log.jumps
        while self._jumps < len(jumps) and jumps[self._jumps] <= self._done:
            self._jumps += 1
            self._common = dict(self._own)

    def _clock(self, thread: ControlledThread) -> VectorClock:
        if self._jumps_of.get(thread, 0) < self._jumps:
            self._jumps_of[thread] = self._jumps
            self._of[thread] = dict(self._common)
        return self._of.setdefault(thread, {})

    def _resource(self, resource: Resource) -> _Touched:
        touched = self._touched.get(id(resource))
        if touched is None or touched.jumps < self._jumps:
            touched = self._touched[id(resource)] = _Touched()
            touched.jumps = self._jumps
        return touched

    def _event(self, thread: ControlledThread, operation: Operation) -> None:
        clock = self._clock(thread)
        footprint = [(self._resource(resource), mode) for resource, mode in operation.footprint()]
        for touched, mode in footprint:
            _join(clock, touched.written)
            if mode is not READ:
                _join(clock, touched.read)
            if mode is not UPDATE:
                _join(clock, touched.updated)
        weight = 1
        if operation.kind == "read clock":
            streak = self._streak[thread] = self._streak.get(thread, -1) + 1
            weight = 1 << min(streak, _HEAVIEST)
        elif operation.changes():
            self._streak.pop(thread, None)
        clock[thread] = self._own[thread] = clock.get(thread, 0) + weight
        if self._done in self._log.expired:
            clock[TIME] = max(clock.get(TIME, 0.0), self._log.expired[self._done])
            self._own[TIME] = max(self._own.get(TIME, 0.0), clock[TIME])
        for touched, mode in footprint:
            if mode is READ:
                _join(touched.read, clock)
            elif mode is UPDATE:
                _join(touched.updated, clock)
            else:
                touched.written, touched.read, touched.updated = dict(clock), {}, {}
        self._ends(operation, clock)

    def _ends(self, operation: Operation, clock: VectorClock) -> None:
        # Begin and end of a thread are no events of their own: start hands the starter's clock on, join takes the ended one's.
        other = operation.other_thread()
        if other is None:
            return
        if operation.kind == "start":
            self._of[other] = dict(clock)
            self._jumps_of[other] = self._jumps
        elif operation.saw_end():
            _join(clock, self._clock(other))
