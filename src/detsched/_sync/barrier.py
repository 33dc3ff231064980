"""Barrier: threads wait for one another, and leave together.

States as in the standard library: 0 filling, 1 draining, -1 resetting, -2 broken. A re-arrival waits while a barrier drains.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from _thread import allocate_lock, get_ident

from .._core.active import active
from .._core.operation import CAUSED, HELD, UPDATE, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .hook import controlled_init, foreign, identify, original, plain_condition, stand_for, state_of
from .acquire import deadline_after

_Real = threading.Barrier
_init, _wait, _reset, _abort = (original(_Real, name) for name in ("__init__", "wait", "reset", "abort"))
_controlled_init = controlled_init(_init, Condition=plain_condition, Lock=allocate_lock)
_FILLING, _DRAINING, _RESETTING, _BROKEN = 0, 1, -1, -2


class BarrierState(Resource):
    """Whether the last arrival runs the barrier's action right now: everybody else waits meanwhile."""

    __slots__ = ("acting",)

    def __init__(self, kind: str, frame: FrameType | None) -> None:
        super().__init__(kind, frame)
        self.acting = False


class _OnBarrier(Operation):
    __slots__ = ("_barrier", "found")
    resource: BarrierState
    found: tuple[int, bool]
    """The state of the barrier, and whether its action was at work."""

    def __init__(self, barrier: Any) -> None:
        self.resource = state_of(barrier, BarrierState)
        self._barrier = barrier

    def _find(self) -> None:
        self.found = self._barrier._state, self.resource.acting

    def _leave(self) -> None:
        barrier, self._barrier = self._barrier, None
        barrier._count -= 1
        if barrier._count == 0 and barrier._state in (_RESETTING, _DRAINING):
            barrier._state = _FILLING


class Arrive(_OnBarrier):
    """Arrive at the barrier. The last one opens it, unless there is an action to run first."""

    __slots__ = ()
    kind = "arrive at"
    blocking = True

    def enabled(self) -> bool:
        return self._barrier._state not in (_RESETTING, _DRAINING) and not self.resource.acting

    def without(self, other: Operation) -> Footprint | Blocked:
        state, acting = other.found
        return HELD if acting or state in (_RESETTING, _DRAINING) else self.footprint()

    def apply(self) -> int:
        self._find()
        barrier = self._barrier
        if barrier._state < 0:
            self._barrier = None
            raise threading.BrokenBarrierError
        index: int = barrier._count
        barrier._count += 1
        if index + 1 == barrier._parties:
            if barrier._action:
                self.resource.acting = True
            else:
                barrier._state = _DRAINING
                self._leave()
        self._barrier = None
        return index


class Open(_OnBarrier):
    """The last arrival has run the action: open the barrier, or break it if the action failed."""

    __slots__ = ("_state",)
    kind = "open"

    def __init__(self, barrier: Any, state: int) -> None:
        super().__init__(barrier)
        self._state = state

    def apply(self) -> None:
        self._find()
        self.resource.acting = False
        self._barrier._state = self._state
        self._leave()


class Leave(_OnBarrier):
    """Go on: the barrier opened, or broke, or the wait was too long, which breaks it."""

    __slots__ = ("deadline", "mode")
    kind = "leave"
    blocking = True
    deadline: float | None

    def __init__(self, barrier: Any, deadline: float | None) -> None:
        super().__init__(barrier)
        self.deadline = deadline
        self.mode: Mode = UPDATE
        self.due = False

    def enabled(self) -> bool:
        if self.resource.acting:
            return False
        return self._barrier._state != _FILLING or (
            active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]
        )

    def held(self) -> bool:
        return False

    def foresee(self) -> Footprint:
        return ((self.resource, WRITE if self._barrier._state == _FILLING else UPDATE),)

    def without(self, other: Operation) -> Footprint | Blocked:
        state, acting = other.found
        if acting:
            return CAUSED
        if state != _FILLING:
            return ((self.resource, UPDATE),)
        return ((self.resource, WRITE),) if self.due else CAUSED

    def apply(self) -> None:
        self._find()
        barrier = self._barrier
        self.due = active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]
        if barrier._state == _FILLING:
            self.mode = WRITE
            barrier._state = _BROKEN
            active.execution.clock.gave_up(self.deadline)  # type: ignore[union-attr]
        broken = barrier._state < 0
        self._leave()
        if broken:
            raise threading.BrokenBarrierError


class Reset(_OnBarrier):
    """Back to empty; whoever waits gets BrokenBarrierError."""

    __slots__ = ()
    kind = "reset"
    blocking = True

    def enabled(self) -> bool:
        return not self.resource.acting

    def without(self, other: Operation) -> Footprint | Blocked:
        return HELD if other.found[1] else self.footprint()

    def apply(self) -> None:
        self._find()
        barrier, self._barrier = self._barrier, None
        if barrier._count == 0:
            barrier._state = _FILLING
        elif barrier._state in (_FILLING, _BROKEN):
            barrier._state = _RESETTING


class Abort(_OnBarrier):
    """Break the barrier for everybody."""

    __slots__ = ()
    kind = "abort"
    blocking = True

    def enabled(self) -> bool:
        return not self.resource.acting

    def without(self, other: Operation) -> Footprint | Blocked:
        return HELD if other.found[1] else self.footprint()

    def apply(self) -> None:
        self._find()
        self._barrier._state = _BROKEN
        self._barrier = None


class Barrier(threading.Barrier):
    def __init__(self, parties: int, action: Callable[[], object] | None = None, timeout: float | None = None) -> None:
        (_controlled_init if active.ident == get_ident() else _init)(self, parties, action, timeout)
        identify(self, BarrierState)

    def wait(self, timeout: float | None = None) -> int:
        if active.ident != get_ident():
            foreign(self)
            return _wait(self, timeout)  # type: ignore[no-any-return]
        if timeout is None:
            timeout = self._timeout  # type: ignore[attr-defined]
        index: int = active.perform(Arrive(self))
        if index + 1 < self.parties:
            active.perform(Leave(self, None if timeout is None else deadline_after(max(timeout, 0))))
        elif self._action:  # type: ignore[attr-defined]
            outcome = _BROKEN
            try:
                self._action()  # type: ignore[attr-defined]
                outcome = _DRAINING
            finally:
                active.perform(Open(self, outcome))
        return index

    def reset(self) -> None:
        if active.ident == get_ident():
            active.perform(Reset(self))
        else:
            _reset(self)

    def abort(self) -> None:
        if active.ident == get_ident():
            active.perform(Abort(self))
        else:
            _abort(self)


stand_for(_Real, Barrier, ("__init__", "wait", "reset", "abort"))
