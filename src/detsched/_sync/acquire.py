"""What Lock and RLock have in common: a real lock that one thread holds, and the operations that take it.

The helpers for timeouts at the end serve every primitive that waits.
"""

from __future__ import annotations

import sys
from types import FrameType

from _thread import LockType, TIMEOUT_MAX, allocate_lock

from .._core.active import active
from .._core.operation import HELD, READ, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread


class LockState(Resource):
    """A real lock, whose state is the truth; who holds it, and how many times.

    The owner is a controlled thread, or the OS identity of an uncontrolled one; None for a Lock that is held outside of a run.
    """

    __slots__ = ("real", "owner", "count")

    def __init__(self, kind: str, frame: FrameType | None) -> None:
        super().__init__(kind, frame)
        self.hold(allocate_lock())

    def hold(self, real: LockType) -> None:
        """Begin with this real lock, and no owner."""
        self.real = real
        self.owner: ControlledThread | int | None = None
        self.count = 1

    def take(self, owner: ControlledThread | int, count: int = 1) -> None:
        self.real.acquire(False)
        self.owner, self.count = owner, count

    def free(self) -> None:
        self.owner, self.count = None, 1
        if self.real.locked():
            self.real.release()

    def abandon(self, gone: frozenset[ControlledThread]) -> None:
        if self.owner in gone:
            self.free()


class Acquire(Operation):
    """Take the lock as soon as it is free."""

    __slots__ = ()
    kind = "acquire"
    blocking = True
    found = False
    resource: LockState

    def enabled(self) -> bool:
        return not self.resource.real.locked()

    def apply(self) -> bool:
        state = self.resource
        state.real.acquire(False)
        state.owner = active.execution.current  # type: ignore[union-attr]
        return True

    def holder(self) -> ControlledThread | None:
        owner = self.resource.owner
        return owner if isinstance(owner, ControlledThread) else None

    def without(self, other: Operation) -> Footprint | Blocked:
        return HELD if other.found else self.footprint()


class AcquireUntil(Acquire):
    """Take the lock as soon as it is free, or give up at a deadline. What happens is decided where it is applied."""

    __slots__ = ("deadline", "mode", "found")
    options = 2
    deadline: float
    found: bool

    def __init__(self, state: LockState, deadline: float) -> None:
        self.resource = state
        self.deadline = deadline
        self.mode: Mode = WRITE
        self.found = False
        self.due = False

    def enabled(self) -> bool:
        return not self.resource.real.locked() or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def apply(self) -> bool:
        clock = active.execution.clock  # type: ignore[union-attr]
        self.found = self.resource.real.locked()
        self.due = clock.expired(self.deadline)
        if self.found or clock.fires():
            self.mode = READ
            clock.gave_up(self.deadline)
            return False
        return super().apply()

    def foresee(self) -> Footprint:
        return ((self.resource, READ if self.resource.real.locked() else WRITE),)

    def asks_now(self) -> bool:
        return not self.resource.real.locked()

    def without(self, other: Operation) -> Footprint | Blocked:
        if not other.found:
            return ((self.resource, WRITE if self.found else self.mode),)
        return ((self.resource, READ),) if self.due else HELD

    def asks(self, other: Operation) -> bool:
        return not other.found

    def answering(self, value: int) -> Footprint:
        return ((self.resource, READ if value else WRITE),)


class TryAcquire(Operation):
    """Take the lock if it is free right now."""

    __slots__ = ("mode", "found")
    found: bool
    kind = "try acquire"
    resource: LockState

    def __init__(self, state: LockState) -> None:
        self.resource = state
        self.mode: Mode = WRITE

    def apply(self) -> bool:
        state = self.resource
        self.found = not state.real.acquire(False)
        if self.found:
            self.mode = READ
            return False
        state.owner = active.execution.current  # type: ignore[union-attr]
        return True

    def foresee(self) -> Footprint:
        return ((self.resource, READ if self.resource.real.locked() else WRITE),)

    def without(self, other: Operation) -> Footprint | Blocked:
        return ((self.resource, READ if other.found else WRITE),)


class Locked(Operation):
    """Ask whether the lock is held."""

    __slots__ = ("found",)
    kind = "locked?"
    mode = READ
    resource: LockState

    def apply(self) -> bool:
        self.found = held = self.resource.real.locked()
        return held


def deadline_after(timeout: float) -> float:
    """The time of the run at which a timeout of the calling thread that begins now ends."""
    execution = active.execution
    return execution.clock.deadline(timeout, execution.current)  # type: ignore[union-attr]


def check_timeout(blocking: bool, timeout: float) -> None:
    """Refuse what the interpreter's own locks refuse, in the same words."""
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout != timeout:
        raise ValueError("Invalid value NaN (not a number)")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be a non-negative number" if sys.version_info >= (3, 13) else "timeout value must be positive")
    if timeout > TIMEOUT_MAX:
        raise OverflowError("timestamp too large to convert to C PyTime_t" if sys.version_info >= (3, 13) else "timeout value is too large")
