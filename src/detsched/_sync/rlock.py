"""RLock: a lock that its owner may take again."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from _thread import RLock as RealRLock
from _thread import allocate_lock, get_ident

from .._core.active import active
from .._core.operation import Operation
from .._core.thread import ControlledThread
from .._core.trespass import outside
from .acquire import Acquire, AcquireUntil, Locked, LockState, TryAcquire, check_timeout, deadline_after


class Release(Operation):
    """The owner's outermost release. (Inner ones, and taking the lock again, concern nobody else: they are no events.)"""

    __slots__ = ()
    kind = "release"
    found = True
    resource: LockState

    def apply(self) -> None:
        self.resource.free()


class RLock:
    """A reentrant lock as `threading.RLock` makes it."""

    __slots__ = ("_state", "__weakref__")

    if sys.version_info >= (3, 15):

        def __init__(self) -> None:
            self._state = LockState("RLock", sys._getframe(1))

    else:

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if (args or kwargs) and sys.version_info >= (3, 13):
                text = "Passing arguments to RLock is deprecated and will be removed in 3.15"
                warnings.warn(text, DeprecationWarning, stacklevel=2)
            self._state = LockState("RLock", sys._getframe(1))

    @classmethod
    def around(cls) -> RLock:
        """A lock that stands for one from before control. (A real one knows its owner only by OS thread.)"""
        lock: RLock = cls.__new__(cls)
        lock._state = state = LockState.unnamed("RLock")
        state.hold(allocate_lock())
        return lock

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock, or one level more of it; False if that was not possible at once, or within `timeout` seconds."""
        state = self._state
        if active.ident != get_ident():
            return self._acquire_outside(blocking, timeout)
        if not blocking or timeout != -1:
            check_timeout(blocking, timeout)
        if state.owner is active.execution.current:  # type: ignore[union-attr]
            state.count += 1
            return True
        taken: bool
        if not blocking or timeout == 0:
            taken = active.perform(TryAcquire(state))
        elif timeout == -1:
            taken = active.perform(Acquire(state))
        else:
            taken = active.perform(AcquireUntil(state, deadline_after(timeout)))
        return taken

    __enter__ = acquire

    def _acquire_outside(self, blocking: bool, timeout: float) -> bool:
        state, me = self._state, get_ident()
        outside(state)
        if state.owner == me:
            check_timeout(blocking, timeout)
            state.count += 1
            return True
        taken = state.real.acquire(blocking, timeout)
        if taken:
            state.owner, state.count = me, 1
        return taken

    def _me(self) -> ControlledThread | int:
        me = get_ident()
        return active.execution.current if active.ident == me else me  # type: ignore[union-attr]

    def release(self) -> None:
        """Give one level back; RuntimeError if the calling thread does not own the lock."""
        state = self._state
        if state.owner is None or state.owner != self._me():
            raise RuntimeError("cannot release un-acquired lock")
        if state.count > 1:
            state.count -= 1
        elif active.ident == get_ident():
            active.perform(Release(state))
        else:
            state.free()

    def __exit__(self, *exc: object) -> None:
        # Inner levels without a call: where the stack overflows inside, there is no frame left to unlock with.
        state = self._state
        if state.count > 1 and active.ident == get_ident() and state.owner is active.execution.current:  # type: ignore[union-attr]
            state.count -= 1
        else:
            self.release()

    if hasattr(RealRLock, "locked"):

        def locked(self) -> bool:
            """Whether the lock is held by anybody."""
            if active.ident == get_ident():
                return active.perform(Locked(self._state))  # type: ignore[no-any-return]
            return self._state.real.locked()

    # What Condition asks of a lock.

    def _is_owned(self) -> bool:
        owner = self._state.owner
        return owner is not None and owner == self._me()

    def _release_save(self) -> tuple[int, object]:
        state = self._state
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        count, state.count = state.count, 1
        self.release()
        return count, None

    def _acquire_restore(self, saved: tuple[int, object]) -> None:
        state = self._state
        if active.ident == get_ident():
            active.perform(Acquire(state))
            state.count = saved[0]
        else:
            state.real.acquire()
            state.owner, state.count = get_ident(), saved[0]

    def _recursion_count(self) -> int:
        return self._state.count if self._is_owned() else 0

    def _at_fork_reinit(self) -> None:
        state = self._state
        state.real._at_fork_reinit()  # type: ignore[attr-defined]
        state.hold(state.real)

    def __repr__(self) -> str:
        state = self._state
        owner = state.owner.ident if isinstance(state.owner, ControlledThread) else state.owner or 0
        locked = "locked" if state.real.locked() else "unlocked"
        return f"<{locked} {type(self).__module__}.{type(self).__qualname__} object owner={owner} count={state.count if owner else 0} at {id(self):#x}>"

    def __hash__(self) -> int:
        number = self._state.hash()  # sets of locks iterate alike in every process
        return object.__hash__(self) if number is None else number

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")


RLock.__module__ = "_thread"
