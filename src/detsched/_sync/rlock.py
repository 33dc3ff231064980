"""RLock: a lock that its owner may take again."""

from __future__ import annotations

import sys
import warnings
from types import FrameType
from typing import Any

from _thread import RLock as RealRLock
from _thread import allocate_lock, get_ident

from .._core.active import active
from .._core.operation import HELD, READ, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .._core.trespass import outside
from .lock import check_timeout, deadline_after


class RLockState(Resource):
    """Owner and depth. The owner is a controlled thread, or the OS identity of an uncontrolled one; `block` is held while there is one."""

    __slots__ = ("block", "owner", "count")

    def __init__(self, frame: FrameType | None) -> None:
        super().__init__("RLock", frame)
        self.block = allocate_lock()
        self.owner: ControlledThread | int | None = None
        self.count = 0

    def abandon(self, gone: frozenset[ControlledThread]) -> None:
        if self.owner in gone:
            self.free()

    def free(self) -> None:
        self.owner, self.count = None, 0
        if self.block.locked():
            self.block.release()

    def take(self, owner: ControlledThread | int, count: int) -> None:
        self.block.acquire(False)
        self.owner, self.count = owner, count


class Acquire(Operation):
    """Take the lock as soon as it is free, to a depth."""

    __slots__ = ("count",)
    kind = "acquire"
    blocking = True
    found = False
    resource: RLockState

    def __init__(self, state: RLockState, count: int = 1) -> None:
        self.resource = state
        self.count = count

    def enabled(self) -> bool:
        return not self.resource.block.locked()

    def apply(self) -> bool:
        self.resource.take(active.execution.current, self.count)  # type: ignore[union-attr]
        return True

    def holder(self) -> ControlledThread | None:
        owner = self.resource.owner
        return owner if isinstance(owner, ControlledThread) else None

    def without(self, other: Operation) -> Footprint | Blocked:
        return HELD if other.found else self.footprint()


class AcquireUntil(Acquire):
    """Take the lock as soon as it is free, or give up at a deadline."""

    __slots__ = ("deadline", "mode", "found", "_due")
    deadline: float
    found: bool

    def __init__(self, state: RLockState, deadline: float) -> None:
        super().__init__(state)
        self.deadline = deadline
        self.mode: Mode = WRITE
        self.found = False
        self._due = False

    def enabled(self) -> bool:
        return not self.resource.block.locked() or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def apply(self) -> bool:
        clock = active.execution.clock  # type: ignore[union-attr]
        self.found = self.resource.block.locked()
        self._due = clock.expired(self.deadline)
        if self.found or clock.fires():
            self.mode = READ
            clock.gave_up(self.deadline)
            return False
        return super().apply()

    def foresee(self) -> Footprint:
        return ((self.resource, READ if self.resource.block.locked() else WRITE),)

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
    resource: RLockState

    def __init__(self, state: RLockState) -> None:
        self.resource = state
        self.mode: Mode = WRITE

    def apply(self) -> bool:
        self.found = self.resource.block.locked()
        if self.found:
            self.mode = READ
            return False
        self.resource.take(active.execution.current, 1)  # type: ignore[union-attr]
        return True

    def foresee(self) -> Footprint:
        return ((self.resource, READ if self.resource.block.locked() else WRITE),)

    def without(self, other: Operation) -> Footprint | Blocked:
        return ((self.resource, READ if other.found else WRITE),)


class Release(Operation):
    """The owner's outermost release. (Inner ones, and taking the lock again, concern nobody else: they are no events.)"""

    __slots__ = ()
    kind = "release"
    found = True
    resource: RLockState

    def apply(self) -> None:
        self.resource.free()


class Locked(Operation):
    """Ask whether the lock is held."""

    __slots__ = ("found",)
    kind = "locked?"
    mode = READ
    resource: RLockState

    def apply(self) -> bool:
        self.found = held = self.resource.block.locked()
        return held


class RLock:
    """A reentrant lock as `threading.RLock` makes it."""

    __slots__ = ("_state", "__weakref__")

    if sys.version_info >= (3, 15):

        def __init__(self) -> None:
            self._state = RLockState(sys._getframe(1))

    else:

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if (args or kwargs) and sys.version_info >= (3, 13):
                text = "Passing arguments to RLock is deprecated and will be removed in 3.15"
                warnings.warn(text, DeprecationWarning, stacklevel=2)
            self._state = RLockState(sys._getframe(1))

    @classmethod
    def around(cls) -> RLock:
        """A lock that stands for one from before control. (A real one knows its owner only by OS thread.)"""
        lock: RLock = cls.__new__(cls)
        lock._state = state = RLockState.unnamed("RLock")
        state.block, state.owner, state.count = allocate_lock(), None, 0
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
        taken = state.block.acquire(blocking, timeout)
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
            return self._state.block.locked()

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
            active.perform(Acquire(state, saved[0]))
        else:
            state.block.acquire()
            state.owner, state.count = get_ident(), saved[0]

    def _recursion_count(self) -> int:
        return self._state.count if self._is_owned() else 0

    def _at_fork_reinit(self) -> None:
        state = self._state
        state.block._at_fork_reinit()  # type: ignore[attr-defined]
        state.owner, state.count = None, 0

    def __repr__(self) -> str:
        state = self._state
        owner = state.owner.ident if isinstance(state.owner, ControlledThread) else state.owner or 0
        locked = "locked" if state.block.locked() else "unlocked"
        return f"<{locked} {type(self).__module__}.{type(self).__qualname__} object owner={owner} count={state.count} at {id(self):#x}>"

    def __hash__(self) -> int:
        number = self._state.hash()  # sets of locks iterate alike in every process
        return object.__hash__(self) if number is None else number

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__qualname__}' object")


RLock.__module__ = "_thread"
