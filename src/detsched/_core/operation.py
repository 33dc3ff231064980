"""An operation: what a thread is about to do at a yield point.

The engine, every strategy and every reduction know operations only through this class.
A thread announces its next operation, then somebody chooses who goes on; the operation is applied when its thread is chosen.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

if TYPE_CHECKING:
    from .resource import Resource
    from .thread import ControlledThread


class Mode(IntEnum):
    """How an operation touches its resource. Two operations on one resource conflict unless their modes commute."""

    READ = 0
    UPDATE = 1
    """Changes the resource, but two updates commute (two releases of a semaphore)."""
    WRITE = 2


READ, UPDATE, WRITE = Mode
Footprint: TypeAlias = "tuple[tuple[Resource, Mode], ...]"


class Blocked(Enum):
    """Why an operation could not have come before an earlier one."""

    HELD = "what it waits for was held, so what may be reversed lies further back: who held it"
    CAUSED = "that one made it possible"


HELD, CAUSED = Blocked

_COMMUTE = {(READ, READ), (UPDATE, UPDATE)}


class Operation:
    """What a thread is about to do: kind, object, arguments.

    A subclass gives `kind`, overrides `apply`, and, where the operation can be blocked, sets `blocking` and overrides
    `enabled`. `apply` runs in the operation's own thread, when it was chosen; its result is the result of `perform`.
    It must not run code of the program, nor block.

    `resource` is the state that the operation touches, None for one that conflicts with nothing. `mode` says how;
    an operation whose effect depends on the state (a try-acquire) sets it where it is applied.
    """

    __slots__ = ("resource", "due")

    kind: ClassVar[str] = "operation"
    blocking: ClassVar[bool] = False
    """Whether `enabled` has to be asked at all."""
    deadline: float | None = None
    """Virtual time at which the operation gives up waiting and becomes enabled; None: never."""
    due: bool
    """Of one with a deadline: whether it might give up where it was applied, or where the run was over before that."""
    mode: Mode = WRITE
    sleeps: ClassVar[bool] = False
    """Whether only a jump of the clock can make it enabled."""
    found: Any = None
    """The state in which an applied operation found its resource, where the effect of others depends on that: see `without`."""
    interrupts: ClassVar[bool] = False
    """Whether the main thread calls a signal handler because of it: then its order with all that the main thread does can be told."""
    options: int = 1
    """How many answers there are to the question that it may ask of the strategy; with a deadline only where timeouts may fire at any time."""
    external: ClassVar[bool] = False
    """Whether it waits for something outside of the run: see external.py."""

    def __init__(self, resource: Resource | None) -> None:
        self.resource = resource

    def enabled(self) -> bool:
        """Whether the operation could be applied now."""
        return True

    def apply(self) -> Any:
        """Do it."""
        raise NotImplementedError

    def footprint(self) -> Footprint:
        """Every resource that the operation touches, and how: as executed, once it was applied."""
        return () if self.resource is None else ((self.resource, self.mode),)

    def foresee(self) -> Footprint:
        """What the footprint would be, were the operation applied at this moment: asked where the run is over and cuts it off. To be
        overridden where the effect depends on the state."""
        return self.footprint()

    def asks_now(self) -> bool:
        """Whether it would ask its question, were it applied at this moment."""
        return True

    def without(self, other: Operation) -> Footprint | Blocked:
        """What the footprint would have been, had `other` not come before: the question of a reduction that reverses the two.

        `other` is an operation by another thread that conflicts with this one, and nothing in between makes the one depend on
        the other. So this one would have met its resource as `other` found it. To be overridden where the effect depends on the
        state (a try-acquire that failed would have succeeded), or where the operation would have been blocked.
        """
        return self.footprint()

    def asks(self, other: Operation) -> bool:
        """Whether the operation would have asked its question, had `other` not come before."""
        return True

    def held(self) -> bool:
        """For an operation that is blocked: whether somebody else has what it waits for, so that it could have gone before them."""
        return True

    def answering(self, value: int) -> Footprint:
        """What the footprint would have been with another answer to the question that the operation asked of the strategy."""
        return self.footprint()

    def conflicts(self, other: Operation) -> bool:
        """Whether the order of the two, done by different threads, can be told."""
        return any(
            mine is theirs and (mode, mode_of_other) not in _COMMUTE
            for mine, mode in self.footprint()
            for theirs, mode_of_other in other.footprint()
        )

    def inside(self) -> bool:
        """For what waits outside of the run: whether what it waits for can only come from the run itself."""
        return False

    def holder(self) -> ControlledThread | None:
        """The thread that has what this operation waits for, where one has it."""
        return None

    def changes(self) -> bool:
        """Whether it changed something that another thread could see: False for what a spinning thread repeats."""
        return any(mode is not READ for _, mode in self.footprint())

    def other_thread(self) -> ControlledThread | None:
        """The thread that this operation starts or waits for the end of."""
        return None

    def saw_end(self) -> bool:
        """Whether the end of that thread came before it. (Asked when it has been applied, and perhaps long after.)"""
        return False

    def awaited(self) -> tuple[Resource, ...]:
        """What an operation that is blocked waits for, in the terms of the program."""
        return tuple(resource for resource, _ in self.footprint())

    def shows(self) -> str:
        """The value at what the operation touches, now, as short text; empty where it is not known.

        Asked for reports only: for a reading where it is about to be applied, for anything else when it has been. No code of
        the program may run for it.
        """
        return ""

    @property
    def key(self) -> str:
        """What schedules are checked by: the same before and after the operation is applied, and in every process."""
        return self.kind if self.resource is None else f"{self.kind} {self.resource.key}"

    def parts(self) -> tuple[str, str]:
        """The operation in words: what is done, and with what (empty: with nothing)."""
        return self.kind, "" if self.resource is None else str(self.resource)

    def describe(self) -> str:
        """The operation in one phrase: `acquire Lock (bank.py:12)`."""
        return " ".join(filter(None, self.parts()))
