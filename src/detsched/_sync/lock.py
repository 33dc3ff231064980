"""Lock: one real lock of the interpreter, whose state is the truth inside and outside of runs.

Because a controlled acquire takes the real lock too, a Lock may be made, held and released across the border of a run, and an
existing real lock can be put under control by wrapping it.
"""

from __future__ import annotations

import sys
from typing import Any, final

from _thread import LockType, get_ident

from .._core.active import active
from .._core.operation import READ, WRITE, Blocked, Footprint, Operation
from .._core.trespass import outside
from .acquire import Acquire, AcquireUntil, Locked, LockState, TryAcquire, check_timeout, deadline_after


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
            execution = active.execution
            operations = execution.log.operations  # type: ignore[union-attr]
            if operations and operations[-1] is self and not execution.unwinding:  # type: ignore[union-attr]
                operations[-1] = StrayRelease(state)
            raise
        state.owner = None

    def foresee(self) -> Footprint:
        return ((self.resource, WRITE if self.resource.real.locked() else READ),)

    def without(self, other: Operation) -> Footprint | Blocked:
        return ((self.resource, WRITE if other.found else READ),)


class StrayRelease(Release):
    """What a release of a free lock turns out to have been: an error, that only looked at the lock."""

    __slots__ = ()
    found = False
    mode = READ


@final
class Lock:
    """A lock as `threading.Lock` makes it: not reentrant, and any thread may release it."""

    __slots__ = ("_state", "_acquire", "_release", "__weakref__")

    def __init__(self) -> None:
        self._state = state = LockState("Lock", sys._getframe(1))
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
        state.hold(real)
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
