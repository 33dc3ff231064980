"""Event: a flag that threads wait for. A set wakes for good: `set(); clear()` wakes who was waiting."""

from __future__ import annotations

import threading
from types import FrameType
from typing import Any

from _thread import allocate_lock, get_ident

from .._core.active import active
from .._core.operation import CAUSED, READ, WRITE, Blocked, Footprint, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .hook import controlled_init, foreign, identify, original, plain_condition, stand_for, state_of
from .acquire import deadline_after

_Real = threading.Event
_init, _set, _clear, _is_set, _wait = (original(_Real, name) for name in ("__init__", "set", "clear", "is_set", "wait"))
_controlled_init = controlled_init(_init, Condition=plain_condition, Lock=allocate_lock)


class EventState(Resource):
    """Who waits, and who gave up since the last set: one Woken operation each."""

    __slots__ = ("waiting", "gave_up")

    def __init__(self, kind: str, frame: FrameType | None) -> None:
        super().__init__(kind, frame)
        self.waiting: list[Woken] = []
        self.gave_up: list[Woken] = []


class _OnEvent(Operation):
    __slots__ = ("_event",)
    resource: EventState

    def __init__(self, event: Any) -> None:
        self.resource = state_of(event, EventState)
        self._event = event


class Set(_OnEvent):
    """Raise the flag and wake everybody who waits."""

    __slots__ = ("_met",)
    kind = "set"

    def __init__(self, event: Any) -> None:
        super().__init__(event)
        self._met: tuple[Woken, ...] = ()

    def footprint(self) -> Footprint:
        # Besides the flag: the gate of everybody whom it woke, and of those whom it came too late for.
        return ((self.resource, WRITE), *((woken.resource, WRITE) for woken in self._met))

    def foresee(self) -> Footprint:
        return ((self.resource, WRITE), *((woken.resource, WRITE) for woken in (*self.resource.waiting, *self.resource.gave_up)))

    def apply(self) -> None:
        self._met = (*self.resource.waiting, *self.resource.gave_up)
        self._event._flag = True
        self._event = None
        for woken in self.resource.waiting:
            # One that gave up before is not woken any more; one whose time is up at this very moment still is.
            woken.by_set = woken.deadline is None or active.execution.clock.base <= woken.deadline  # type: ignore[union-attr]
        self.resource.waiting.clear()
        self.resource.gave_up.clear()


class Clear(_OnEvent):
    """Lower the flag."""

    __slots__ = ()
    kind = "clear"

    def apply(self) -> None:
        self._event._flag = False
        self._event = None


class IsSet(_OnEvent):
    """Look at the flag."""

    __slots__ = ()
    kind = "is set?"
    mode = READ

    def apply(self) -> bool:
        event, self._event = self._event, None
        return event._flag  # type: ignore[no-any-return]


class Wait(_OnEvent):
    """Look at the flag, and register as waiting if it is down."""

    __slots__ = ("woken",)
    kind = "wait"
    mode = READ

    def __init__(self, event: Any, deadline: float | None) -> None:
        super().__init__(event)
        self.woken = Woken(self.resource, deadline)

    def apply(self) -> bool:
        event, self._event = self._event, None
        if event._flag:
            return True
        self.resource.waiting.append(self.woken)
        self.woken.resource = Gate(active.execution.current)  # type: ignore[union-attr]
        return False


class Gate(Resource):
    """Where one waiter and the set that wakes it meet. So being woken conflicts with nothing but that set."""

    __slots__ = ()

    def __init__(self, waiter: ControlledThread) -> None:
        self.kind, self.file, self.line, self.run, self.given = "gate", "", 0, 0, None
        self.nth, self.creator = waiter.count("gate"), waiter.label


class Woken(Operation):
    """Go on, woken by a set or given up. Ordered after the set that woke it; a wake-up conflicts with nothing."""

    __slots__ = ("_event", "by_set", "deadline")
    kind = "woken"
    blocking = True
    deadline: float | None
    resource: Resource

    def __init__(self, state: EventState, deadline: float | None) -> None:
        self.resource = self._event = state
        self.by_set = False
        self.deadline = deadline
        self.due = False

    def expired(self) -> bool:
        return active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def enabled(self) -> bool:
        return self.by_set or self.expired()

    def apply(self) -> bool:
        if self in self._event.waiting:
            self._event.waiting.remove(self)
        clock = active.execution.clock  # type: ignore[union-attr]
        self.due = clock.expired(self.deadline)
        if self.by_set and not (self.deadline is not None and clock.fires()):
            return True
        clock.gave_up(self.deadline)
        if not self.by_set:
            self._event.gave_up.append(self)
        return False

    def changes(self) -> bool:
        return False

    def held(self) -> bool:
        return False

    def without(self, other: Operation) -> Footprint | Blocked:
        return self.footprint() if self.due else CAUSED

    @property
    def options(self) -> int:  # type: ignore[override]
        return 1 if self.deadline is None else 2

    def asks_now(self) -> bool:
        return self.by_set

    def asks(self, other: Operation) -> bool:
        return False

    def awaited(self) -> tuple[Resource, ...]:
        return (self._event,)

    @property
    def key(self) -> str:
        return f"{self.kind} {self._event.key}"

    def parts(self) -> tuple[str, str]:
        return "wake up from", str(self._event)


class Event(threading.Event):
    def __init__(self) -> None:
        (_controlled_init if active.ident == get_ident() else _init)(self)
        identify(self, EventState)

    def is_set(self) -> bool:
        if active.ident == get_ident():
            return active.perform(IsSet(self))  # type: ignore[no-any-return]
        return _is_set(self)  # type: ignore[no-any-return]

    def set(self) -> None:
        if active.ident == get_ident():
            active.perform(Set(self))
        else:
            foreign(self)
            _set(self)

    def clear(self) -> None:
        if active.ident == get_ident():
            active.perform(Clear(self))
        else:
            foreign(self)
            _clear(self)

    def wait(self, timeout: float | None = None) -> bool:
        if active.ident != get_ident():
            foreign(self)
            return _wait(self, timeout)  # type: ignore[no-any-return]
        wait = Wait(self, None if timeout is None else deadline_after(max(timeout, 0)))
        return active.perform(wait) or active.perform(wait.woken)  # type: ignore[no-any-return]


stand_for(_Real, Event, ("__init__", "is_set", "set", "clear", "wait"))
