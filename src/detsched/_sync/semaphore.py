"""Semaphore and BoundedSemaphore: a counter that cannot go below zero."""

from __future__ import annotations

import threading
from typing import Any

from _thread import allocate_lock, get_ident

from .._core.active import active
from .._core.operation import HELD, READ, UPDATE, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .hook import controlled_init, foreign, identify, original, plain_condition, stand_for, state_of
from .acquire import deadline_after

_Real, _RealBounded = threading.Semaphore, threading.BoundedSemaphore
_init, _bounded_init = original(_Real, "__init__"), original(_RealBounded, "__init__")
_controlled_init = controlled_init(_init, Condition=plain_condition, Lock=allocate_lock)
_acquire, _release, _bounded_release = original(_Real, "acquire"), original(_Real, "release"), original(_RealBounded, "release")


class _OnSemaphore(Operation):
    __slots__ = ("_semaphore", "found")
    resource: Resource
    gives = 0
    """How many it gave back."""

    def __init__(self, semaphore: Any) -> None:
        self.resource = state_of(semaphore, Resource)
        self._semaphore = semaphore
        self.found: int | None = None

    def foresee(self) -> Footprint:
        self.found = self._semaphore._value
        return self.footprint()

    def _available(self, other: Operation) -> bool:
        """Whether there would have been one, had `other` not come before."""
        if isinstance(other, Release) and other.mode is UPDATE:
            # Other releases may have come in between: they commute.
            return self.found is not None and self.found > other.gives
        return other.found is None or other.found > 0


class Acquire(_OnSemaphore):
    """Take one as soon as there is one."""

    __slots__ = ()
    kind = "acquire"
    blocking = True

    def enabled(self) -> bool:
        return self._semaphore._value > 0  # type: ignore[no-any-return]

    def apply(self) -> bool:
        semaphore, self._semaphore = self._semaphore, None
        self.found = semaphore._value
        semaphore._value -= 1
        return True

    def without(self, other: Operation) -> Footprint | Blocked:
        return self.footprint() if self._available(other) else HELD


class AcquireUntil(_OnSemaphore):
    """Take one as soon as there is one, or give up at a deadline."""

    __slots__ = ("deadline", "mode")
    kind = "acquire"
    blocking = True
    options = 2
    deadline: float

    def __init__(self, semaphore: Any, deadline: float) -> None:
        super().__init__(semaphore)
        self.deadline = deadline
        self.mode: Mode = WRITE
        self.due = False

    def enabled(self) -> bool:
        return self._semaphore._value > 0 or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def apply(self) -> bool:
        semaphore, self._semaphore = self._semaphore, None
        clock = active.execution.clock  # type: ignore[union-attr]
        self.found = semaphore._value
        self.due = clock.expired(self.deadline)
        if semaphore._value > 0 and not clock.fires():
            semaphore._value -= 1
            return True
        self.mode = READ
        clock.gave_up(self.deadline)
        return False

    def foresee(self) -> Footprint:
        super().foresee()
        return ((self.resource, WRITE if self.found else READ),)

    def asks_now(self) -> bool:
        return self._semaphore._value > 0  # type: ignore[no-any-return]

    def without(self, other: Operation) -> Footprint | Blocked:
        if self._available(other):
            return ((self.resource, self.mode if self.found else WRITE),)
        return ((self.resource, READ),) if self.due else HELD

    def asks(self, other: Operation) -> bool:
        return self._available(other)

    def answering(self, value: int) -> Footprint:
        return ((self.resource, READ if value else WRITE),)


class TryAcquire(_OnSemaphore):
    """Take one if there is one right now."""

    __slots__ = ("mode",)
    kind = "try acquire"

    def __init__(self, semaphore: Any) -> None:
        super().__init__(semaphore)
        self.mode: Mode = WRITE

    def apply(self) -> bool:
        semaphore, self._semaphore = self._semaphore, None
        self.found = semaphore._value
        if semaphore._value > 0:
            semaphore._value -= 1
            return True
        self.mode = READ
        return False

    def foresee(self) -> Footprint:
        super().foresee()
        return ((self.resource, WRITE if self.found else READ),)

    def without(self, other: Operation) -> Footprint | Blocked:
        return ((self.resource, WRITE if self._available(other) else READ),)


class Release(_OnSemaphore):
    """Give some back. Two releases commute, except where a bound makes the one too many an error."""

    __slots__ = ("gives", "mode")
    kind = "release"

    def __init__(self, semaphore: Any, n: int, bounded: bool) -> None:
        super().__init__(semaphore)
        self.gives = n
        self.mode: Mode = WRITE if bounded else UPDATE

    def apply(self) -> None:
        semaphore, self._semaphore = self._semaphore, None
        self.found = semaphore._value
        if self.mode is WRITE and semaphore._value + self.gives > semaphore._initial_value:
            raise ValueError("Semaphore released too many times")
        semaphore._value += self.gives


class Semaphore(threading.Semaphore):
    def __init__(self, value: int = 1) -> None:
        (_controlled_init if active.ident == get_ident() else _init)(self, value)
        identify(self, Resource)

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        taken: bool
        if active.ident != get_ident():
            foreign(self)
            taken = _acquire(self, blocking, timeout)
            return taken
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        if not blocking:
            taken = active.perform(TryAcquire(self))
        elif timeout is None:
            taken = active.perform(Acquire(self))
        else:
            taken = active.perform(AcquireUntil(self, deadline_after(max(timeout, 0))))
        return taken

    __enter__ = acquire

    def release(self, n: int = 1) -> None:
        if active.ident != get_ident():
            foreign(self)
            _release(self, n)
            return
        if n < 1:
            raise ValueError("n must be one or more")
        active.perform(Release(self, n, False))


class BoundedSemaphore(Semaphore, threading.BoundedSemaphore):
    def __init__(self, value: int = 1) -> None:
        _bounded_init(self, value)
        identify(self, Resource)

    def release(self, n: int = 1) -> None:
        if active.ident != get_ident():
            foreign(self)
            _bounded_release(self, n)
            return
        if n < 1:
            raise ValueError("n must be one or more")
        active.perform(Release(self, n, True))


stand_for(_Real, Semaphore, ("__init__", "acquire", "__enter__", "release"))
stand_for(_RealBounded, BoundedSemaphore, ("__init__", "release"))
