"""Lock: one real lock of the interpreter, whose state is the truth inside and outside of runs.

Because a controlled acquire takes the real lock too, a Lock may be made, held and released across the border of a run, and an
existing real lock can be put under control by wrapping it.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, final

from _thread import LockType, TIMEOUT_MAX, allocate_lock, get_ident

from .._core.active import active
from .._core.operation import HELD, READ, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .._core.trespass import outside


class LockState(Resource):
    """What the engine knows of a lock: the real one, and which controlled thread took it."""

    __slots__ = ("real", "owner")

    def __init__(self, real: LockType, frame: FrameType | None) -> None:
        super().__init__("Lock", frame)
        self.real = real
        self.owner: ControlledThread | None = None

    def abandon(self, gone: frozenset[ControlledThread]) -> None:
        if self.owner in gone:
            self.owner = None
            if self.real.locked():
                self.real.release()


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
        return self.resource.owner

    def without(self, other: Operation) -> Footprint | Blocked:
        return HELD if other.found else self.footprint()


class AcquireUntil(Acquire):
    """Take the lock as soon as it is free, or give up at a deadline. What happens is decided where it is applied."""

    __slots__ = ("deadline", "mode", "found", "_due")
    deadline: float
    found: bool

    def __init__(self, state: LockState, deadline: float) -> None:
        self.resource = state
        self.deadline = deadline
        self.mode: Mode = WRITE
        self.found = False
        self._due = False

    def enabled(self) -> bool:
        return not self.resource.real.locked() or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def apply(self) -> bool:
        clock = active.execution.clock  # type: ignore[union-attr]
        self.found = self.resource.real.locked()
        self._due = clock.expired(self.deadline)
        if self.found or clock.fires():
            self.mode = READ
            clock.gave_up(self.deadline)
            return False
        return super().apply()

    def foresee(self) -> Footprint:
        return ((self.resource, READ if self.resource.real.locked() else WRITE),)

    def without(self, other: Operation) -> Footprint | Blocked:
        if not other.found:
            return ((self.resource, WRITE if self.found else self.mode),)
        return ((self.resource, READ),) if self._due else HELD

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


class Release(Operation):
    """Free the lock. Any thread may."""

    __slots__ = ()
    kind = "release"
    found: bool = True
    resource: LockState

    def apply(self) -> None:
        state = self.resource
        try:
            state.real.release()
        except RuntimeError:
            operations = active.execution.log.operations  # type: ignore[union-attr]
            if operations and operations[-1] is self:
                operations[-1] = StrayRelease(state)
            raise
        state.owner = None

    def without(self, other: Operation) -> Footprint | Blocked:
        return ((self.resource, WRITE if other.found else READ),)


class StrayRelease(Release):
    """What a release of a free lock turns out to have been: an error, that only looked at the lock."""

    __slots__ = ()
    found = False
    mode = READ


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


@final
class Lock:
    """A lock as `threading.Lock` makes it: not reentrant, and any thread may release it."""

    __slots__ = ("_state", "_acquire", "_release", "__weakref__")

    def __init__(self) -> None:
        self._state = state = LockState(allocate_lock(), sys._getframe(1))
        # The operations of a plain acquire and release hold no state of their own, so one object each serves all events.
        # They refer to the state, not to this lock: a log that keeps them must not keep the program's object alive.
        self._acquire = Acquire(state)
        self._release = Release(state)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        raise TypeError("type '_thread.lock' is not an acceptable base type")

    @classmethod
    def around(cls, real: LockType) -> Lock:
        """A lock with an existing real lock inside: both can be used side by side."""
        lock: Lock = cls.__new__(cls)
        lock._state = state = LockState.unnamed("Lock")
        state.real, state.owner = real, None
        lock._acquire = Acquire(state)
        lock._release = Release(state)
        return lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; False if that was not possible at once (not blocking), or within `timeout` seconds."""
        if active.ident != get_ident():
            if active.execution is not None:
                outside(self._state)
            return self._state.real.acquire(blocking, timeout)
        taken: bool
        if blocking and timeout == -1:
            taken = active.perform(self._acquire)
            return taken
        check_timeout(blocking, timeout)
        if not blocking or timeout == 0:
            taken = active.perform(TryAcquire(self._state))
        else:
            taken = active.perform(AcquireUntil(self._state, deadline_after(timeout)))
        return taken

    def __enter__(self) -> bool:
        if active.ident == get_ident():
            return active.perform(self._acquire)  # type: ignore[no-any-return]
        return self.acquire()

    def release(self) -> None:
        """Free the lock; RuntimeError if it is not held."""
        if active.ident == get_ident():
            active.perform(self._release)
        else:
            if active.execution is not None:
                outside(self._state)
            self._state.real.release()
            self._state.owner = None

    def __exit__(self, *exc: object) -> None:
        if active.ident == get_ident():
            active.perform(self._release)
        else:
            self.release()

    def locked(self) -> bool:
        """Whether the lock is held by anybody."""
        if active.ident == get_ident():
            return active.perform(Locked(self._state))  # type: ignore[no-any-return]
        return self._state.real.locked()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self) -> None:
        self._state.owner = None
        self._state.real._at_fork_reinit()  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{'locked' if self._state.real.locked() else 'unlocked'} _thread.lock object at {id(self):#x}>"

    def __hash__(self) -> int:
        number = self._state.hash()  # sets of locks iterate alike in every process
        return object.__hash__(self) if number is None else number

    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle '_thread.lock' object")


# What the interpreter calls it: reprs and error texts of programs show these names.
Lock.__name__ = Lock.__qualname__ = "lock"
Lock.__module__ = "_thread"
