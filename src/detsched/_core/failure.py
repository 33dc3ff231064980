"""What can be wrong with a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .frames import Location

if TYPE_CHECKING:
    from .schedule import Schedule

Kind = Literal["exception", "deadlock", "livelock", "limit", "race", "divergence", "uncontrolled"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Where one thread stood when the run was judged: what it waited for or was about to do, and who held that."""

    thread: str
    label: str
    operation: str
    location: Location
    holder: str | None
    holder_label: str | None
    daemon: bool
    blocked: bool
    callers: tuple[Location, ...] = ()
    """Where the function at `location` was called from, and that one, and so on, as far as it is told."""

    def __str__(self) -> str:
        held = f" held by {self.holder}" if self.holder is not None else ""
        verb = "waits to" if self.blocked else "is about to"
        return f"{self.thread} {verb} {self.operation} at {self.location}{held}"


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """One way in which a run failed.

    `origin` is what duplicates are recognised by: kind, type and place, and nothing that depends on the order of the run.
    `thread` is the name of the thread that it happened in, None where it concerns several.
    `positions` says where the threads stood, for failures that concern the whole run.
    """

    kind: Kind
    exception: BaseException
    thread: str | None
    origin: tuple[str, ...]
    schedule: Schedule | None = None
    positions: tuple[Waiting, ...] = ()
    cycle: tuple[Waiting, ...] = ()
    location: Location = field(default=Location("", 0, ""))

    def __str__(self) -> str:
        if self.kind == "exception":
            said = str(self.exception).split("\n", 1)[0]
            name = type(self.exception).__name__
            return f"{name} in {self.thread} at {self.location}" + (f": {said}" if said else "")
        return str(self.exception)
