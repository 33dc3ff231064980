"""What can be wrong with a run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .frames import Location

if TYPE_CHECKING:
    from .schedule import Schedule

Kind = Literal["exception", "deadlock", "livelock", "limit", "race", "divergence", "uncontrolled"]


WAKES = "wake up from "
"""How the operation begins that a thread in wait() has at hand."""
_LEAVES = "leave "
_SLEEPS = "sleep "
_NAMED = re.compile(r"([^ ]+)((?: \([^()]*:\d+\))?)")


_IN_A_QUEUE = re.compile(r"(.+)\.(?:mutex|not_empty|not_full|all_tasks_done)\b(.*)")


def queue_in(about: str, within: str) -> str:
    """The queue that has this lock or condition inside, where `within` is one of its methods; empty otherwise."""
    found = _IN_A_QUEUE.fullmatch(about) if within.startswith("Queue.") else None
    return "".join(found.groups()) if found is not None else ""


def doing(operation: str, for_ever: bool = False, within: str = "") -> str:
    """What a thread does that cannot go on: `waits to acquire lock`, `is waiting in changed.wait()`, `is sleeping 0.1 s`.

    `within` is the function of a library in which it waits: `is waiting in jobs.get()`.
    """
    if operation.startswith(WAKES):
        about = operation.removeprefix(WAKES)
        method = within.rpartition(".")[2] if (queue := queue_in(about, within)) else "wait"
        named = _NAMED.fullmatch(queue or about)
        call = f"{named[1]}.{method}(){named[2]}" if named is not None else f"{method}() of {queue or about}"
        call = f"{within.partition('.<locals>')[0]}(), for {about}" if within and not queue else call
        return f"waits for ever in {call}" if for_ever else f"is waiting in {call}"
    if operation.startswith(_LEAVES):
        return f"{'waits for ever' if for_ever else 'is waiting'} in wait() of {operation.removeprefix(_LEAVES)}"
    if operation.startswith(_SLEEPS) and not for_ever:
        return f"is sleeping {operation.removeprefix(_SLEEPS)}"
    return f"waits for ever to {operation}" if for_ever else f"waits to {operation}"


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
    within: str = ""
    """The function of a library that the one at `location` has called, where it waits inside of that; else empty."""

    def __str__(self) -> str:
        held = f" held by {self.holder}" if self.holder is not None else ""
        does = doing(self.operation, within=self.within) if self.blocked else f"is about to {self.operation}"
        return f"{self.thread} {does} at {self.location}{held}"


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
