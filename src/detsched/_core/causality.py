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
    """What happened to one resource: the clock of its last write, of the reads and of the updates since."""

    __slots__ = ("written", "read", "updated")

    def __init__(self) -> None:
        self.written: VectorClock = {}
        self.read: VectorClock = {}
        self.updated: VectorClock = {}


class Causality:
    """The vector clock of every thread, after as much of the log as was asked for."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._done = 0
        self._jumps_done = 0
        self._of: dict[object, VectorClock] = {}
        self._touched: dict[int, _Touched] = {}
        self._streak: dict[ControlledThread, int] = {}

    def past(self, thread: ControlledThread) -> VectorClock:
        """The clock of `thread` after all that is in the log by now."""
        log = self._log
        while self._done < len(log):
            if self._jumps_done < len(log.jumps) and log.jumps[self._jumps_done] <= self._done:
                self._jumps_done += 1
                self._synchronise()
                continue
            self._event(log.threads[self._done], log.operations[self._done])
            self._done += 1
        return self._of.setdefault(thread, {})

    def _synchronise(self) -> None:
        # A jump of the clock comes after every earlier event and before every later one.
        everything: VectorClock = {}
        for clock in self._of.values():
            _join(everything, clock)
        for thread in self._of:
            self._of[thread] = dict(everything)

    def _event(self, thread: ControlledThread, operation: Operation) -> None:
        clock = self._of.setdefault(thread, {})
        for resource, mode in operation.footprint():
            touched = self._touched.get(id(resource))
            if touched is None:
                touched = self._touched[id(resource)] = _Touched()
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
        clock[thread] = clock.get(thread, 0) + weight
        if self._done in self._log.expired:
            clock[TIME] = max(clock.get(TIME, 0.0), self._log.expired[self._done])
        for resource, mode in operation.footprint():
            touched = self._touched[id(resource)]
            if mode is READ:
                _join(touched.read, clock)
            elif mode is UPDATE:
                _join(touched.updated, clock)
            else:
                touched.written, touched.read, touched.updated = dict(clock), {}, {}
        self._ends(thread, operation, clock)

    def _ends(self, thread: ControlledThread, operation: Operation, clock: VectorClock) -> None:
        # Begin and end of a thread are no events of their own: start hands the starter's clock on, join takes the ended one's.
        other = operation.other_thread()
        if other is None:
            return
        if operation.kind == "start":
            self._of[other] = dict(clock)
        elif other.ended:
            _join(clock, self._of.get(other, {}))
