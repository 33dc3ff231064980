"""An operation: what a thread is about to do at a yield point.

The engine, every strategy and every reduction know operations only through this class.
A thread announces its next operation, then somebody chooses who goes on; the operation is applied when its thread is chosen.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar

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

_COMMUTE = {(READ, READ), (UPDATE, UPDATE)}


class Operation:
    """What a thread is about to do: kind, object, arguments.

    A subclass gives `kind`, overrides `apply`, and, where the operation can be blocked, sets `blocking` and overrides
    `enabled`. `apply` runs in the operation's own thread, when it was chosen; its result is the result of `perform`.
    It must not run code of the program, nor block.

    `resource` is the state that the operation touches, None for one that conflicts with nothing. `mode` says how;
    an operation whose effect depends on the state (a try-acquire) sets it where it is applied.
    """

    __slots__ = ("resource",)

    kind: ClassVar[str] = "operation"
    blocking: ClassVar[bool] = False
    """Whether `enabled` has to be asked at all."""
    deadline: float | None = None
    """Virtual time at which the operation gives up waiting and becomes enabled; None: never."""
    mode: Mode = WRITE
    sleeps: ClassVar[bool] = False
    """Whether only a jump of the clock can make it enabled."""
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

    def footprint(self) -> tuple[tuple[Resource, Mode], ...]:
        """Every resource that the operation touches, and how: as executed, once it was applied."""
        return () if self.resource is None else ((self.resource, self.mode),)

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
