"""Condition: a queue of waiters over a lock.

A wait is two events: register and free the lock; then, notified or given up, take the lock again and unregister. A timed
waiter that gave up stays registered until it has the lock again, and a notify in between is taken by it and lost, as in
CPython. Notifying wakes first in, first out; without waiters it still reads the queue, for that is what a lost wake-up is.
"""

from __future__ import annotations

import threading
from typing import Any

from _thread import LockType, get_ident

from .._core.active import active
from .._core.operation import CAUSED, HELD, READ, WRITE, Blocked, Footprint, Mode, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .hook import foreign, identify, original, stand_for, state_of
from .acquire import LockState, deadline_after
from .lock import Lock
from .rlock import RLock

_Real = threading.Condition
_init, _enter, _exit = (original(_Real, name) for name in ("__init__", "__enter__", "__exit__"))
_wait, _notify = original(_Real, "wait"), original(_Real, "notify")


class Waiter:
    """One thread in the queue of a condition. Outside threads put real locks there; both know `release`."""

    __slots__ = ("notified", "deadline", "by")

    def __init__(self, deadline: float | None) -> None:
        self.notified = False
        self.by: Operation | None = None
        """The notify that has taken it out of the queue."""
        self.deadline = deadline

    def expired(self) -> bool:
        return active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def release(self) -> None:
        # One that gave up before, and only waits for the lock by now, takes the notification and loses it. One whose time is up
        # at this very moment may still be notified: had it gone first, it would not be in the queue.
        self.notified = self.deadline is None or active.execution.clock.base <= self.deadline  # type: ignore[union-attr]


class Wait(Operation):
    """Register in the queue and free the lock, in one event. `locked` is the lock's state, None for a lock that is not ours."""

    __slots__ = ("_waiters", "waiter", "_locked")
    kind = "wait"
    found = True  # the lock is held

    def __init__(self, state: Resource, waiters: Any, waiter: Waiter, locked: LockState | None) -> None:
        self.resource: Resource = state
        self._waiters = waiters
        self.waiter = waiter
        self._locked = locked

    def apply(self) -> int:
        locked = self._locked
        self._waiters.append(self.waiter)
        self._waiters = None
        if locked is None:
            return 1
        count: int = locked.count
        locked.free()
        return count

    def footprint(self) -> Footprint:
        own = (self.resource, WRITE)
        return (own,) if self._locked is None else (own, (self._locked, WRITE))


class Wake(Operation):
    """Notified or given up, and the lock free: take it again and unregister."""

    __slots__ = ("_waiters", "_waiter", "_locked", "_count", "deadline")
    kind = "wake"
    blocking = True
    found = False  # the lock is free
    deadline: float | None

    def __init__(self, wait: Wait, waiters: Any, count: int) -> None:
        self.resource: Resource = wait.resource
        self._waiters = waiters
        self._waiter = wait.waiter
        self._locked = wait._locked
        self._count = count
        self.deadline = wait.waiter.deadline
        self.due = False

    def enabled(self) -> bool:
        if not (self._waiter.notified or self._waiter.expired()):
            return False
        return self._locked is None or not self._locked.real.locked()

    def apply(self) -> bool:
        if self._locked is not None:
            self._locked.take(active.execution.current, self._count)  # type: ignore[union-attr]
        waiters, self._waiters = self._waiters, None
        if self._waiter in waiters:
            waiters.remove(self._waiter)
        clock = active.execution.clock  # type: ignore[union-attr]
        self.due = clock.expired(self.deadline)
        if self._waiter.notified and not (self.deadline is not None and clock.fires()):
            return True
        clock.gave_up(self.deadline)
        return False

    def footprint(self) -> Footprint:
        own = (self.resource, WRITE)
        return (own,) if self._locked is None else (own, (self._locked, WRITE))

    def held(self) -> bool:
        return self._locked is not None and (self._waiter.notified or self._waiter.expired())

    def without(self, other: Operation) -> Footprint | Blocked:
        if other is self._waiter.by and not self.due:
            return CAUSED
        return HELD if other.found and self._locked is not None else self.footprint()

    @property
    def options(self) -> int:  # type: ignore[override]
        return 1 if self.deadline is None else 2

    def asks_now(self) -> bool:
        return self._waiter.notified

    def asks(self, other: Operation) -> bool:
        return self._waiter.by is not None and other is not self._waiter.by

    def holder(self) -> ControlledThread | None:
        if self._locked is None or not (self._waiter.notified or self._waiter.expired()):
            return None
        owner = self._locked.owner
        return owner if isinstance(owner, ControlledThread) else None

    def parts(self) -> tuple[str, str]:
        return "wake up from", str(self.resource)


class Notify(Operation):
    """Wake the first waiters of the queue."""

    __slots__ = ("_waiters", "_n", "mode")
    kind = "notify"
    found = True  # the lock is held

    def __init__(self, state: Resource, waiters: Any, n: int) -> None:
        self.resource: Resource = state
        self._waiters = waiters
        self._n = n
        self.mode: Mode = WRITE

    def foresee(self) -> Footprint:
        return ((self.resource, WRITE if self._waiters else READ),)

    def apply(self) -> None:
        waiters, self._waiters = self._waiters, None
        if not waiters:
            self.mode = READ
        for _ in range(min(self._n, len(waiters))):
            waiter = waiters.popleft()
            waiter.release()
            if isinstance(waiter, Waiter):
                waiter.by = self


def adopt(condition: Any) -> LockState | None:
    """The state of a condition's lock; a real lock from before control is wrapped first. None for a lock that is not ours."""
    lock = condition._lock
    if isinstance(lock, LockType):
        lock = condition._lock = Lock.around(lock)
        condition.acquire, condition.release = lock.acquire, lock.release
    if type(lock) is Lock or isinstance(lock, RLock):
        return lock._state
    return None


def _owned(condition: Any, locked: LockState | None) -> bool:
    if locked is not None and isinstance(condition._lock, RLock):
        return locked.owner is active.execution.current  # type: ignore[union-attr]
    if locked is not None:
        return locked.real.locked()
    owned: bool = condition._is_owned()
    return owned


def _take_back(lock: Any, count: int) -> None:
    lock.acquire()
    if isinstance(lock, RLock):
        lock._state.count = count


class Condition(threading.Condition):
    def __init__(self, lock: Any = None) -> None:
        _init(self, RLock() if lock is None else lock)
        identify(self, Resource)

    def __enter__(self) -> bool:
        if active.ident == get_ident():
            adopt(self)
        entered: bool = _enter(self)
        return entered

    def __exit__(self, *args: object) -> Any:
        return _exit(self, *args)

    def wait(self, timeout: float | None = None) -> bool:
        if active.ident != get_ident():
            foreign(self)
            woken: bool = _wait(self, timeout)
            return woken
        locked = adopt(self)
        if not _owned(self, locked):
            raise RuntimeError("cannot wait on un-acquired lock")
        deadline = None if timeout is None else deadline_after(max(timeout, 0))
        waiters = self._waiters  # type: ignore[attr-defined]
        wait = Wait(state_of(self, Resource), waiters, Waiter(deadline), locked)
        if locked is not None:
            count = active.perform(wait)
            try:
                notified: bool = active.perform(Wake(wait, waiters, count))
            except BaseException:
                # A signal handler raised while this waited: the caller has to have the lock again, as it had before.
                if not active.execution.unwinding:  # type: ignore[union-attr]
                    _take_back(self._lock, count)  # type: ignore[attr-defined]
                raise
            return notified
        # A lock of the program's own making: what it does is its own affair, only the queue is ours.
        active.perform(wait)
        saved = self._release_save()  # type: ignore[attr-defined]
        try:
            notified = active.perform(Wake(wait, waiters, 1))
        finally:
            self._acquire_restore(saved)  # type: ignore[attr-defined]
        return notified

    def notify(self, n: int = 1) -> None:
        if active.ident != get_ident():
            foreign(self)
            _notify(self, n)
            return
        if not _owned(self, adopt(self)):
            raise RuntimeError("cannot notify on un-acquired lock")
        active.perform(Notify(state_of(self, Resource), self._waiters, n))  # type: ignore[attr-defined]

    def notify_all(self) -> None:
        self.notify(len(self._waiters))  # type: ignore[attr-defined]


stand_for(_Real, Condition, ("__init__", "__enter__", "wait", "notify", "notify_all"))
