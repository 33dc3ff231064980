"""A controlled thread: what the engine knows of one thread of the program.

Its identity is its spawn path: 0 is the main thread, 2 the second thread that main started, 2.1 the first one that thread
started. Everything that the program can see of a thread's identity is a function of that path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .baton import Baton
from .operation import Operation
from .resource import Resource

_IDENT_BITS = (1 << 46) - 1


class ControlledThread(Resource):
    """One thread of a run, and the resource that starts and joins are about. `pending` is the operation that it has announced; None before the first and after the end."""

    __slots__ = (
        "path", "label", "name", "ident", "daemon", "timer", "pending", "blocking", "body", "baton", "os_ident", "handle",
        "children", "made", "ended", "atomic", "unwound", "lost",
    )  # fmt: skip

    def __init__(self, parent: ControlledThread | None, name: str, daemon: bool, timer: bool, baton: Baton, os_ident: int) -> None:
        self.children = 0
        self.body: Callable[[bool], None] | None = None
        """What the thread runs; called with False, only what the end of a thread does besides."""
        if parent is None:
            self.path: tuple[int, ...] = ()
            self.label = "0"
        else:
            parent.children += 1
            self.path = (*parent.path, parent.children)
            self.label = ".".join(map(str, self.path))
        self.name = name
        # The hash of a tuple of ints is the same in every process, whatever PYTHONHASHSEED is.
        self.ident = (hash((0x5EED, *self.path)) & _IDENT_BITS) | (1 << 46)
        self.daemon = daemon
        self.timer = timer
        self.pending: Operation | None = None
        self.blocking = False
        """Whether `pending` has to be asked if it is enabled: a copy, for the engine's loop."""
        self.baton = baton
        self.os_ident = os_ident
        self.handle: Any = None
        """The `threading.Thread` of the program; dropped at the end, so that the engine keeps no object of the program alive."""
        self.made: dict[object, int] = {}
        self.ended = False
        self.atomic = 0
        """How deep the thread is in sections that no switch may interrupt (imports)."""
        self.unwound = 0
        """How often the thread was told to unwind."""
        self.lost = False
        """Whether the run ended without it, for it did not come back from where it was."""

    def count(self, kind: str) -> int:
        """How many things of a kind the thread has made, with the one that it is making now."""
        number = self.made[kind] = self.made.get(kind, 0) + 1
        return number

    def number(self, kind: str) -> int:
        """A hash for the thing of a kind that the thread is making now: the same in every process."""
        return hash((self.ident, self.count(kind), len(kind)))

    @property
    def key(self) -> str:
        return self.label

    def identity(self) -> tuple[object, ...]:
        return (self.label,)

    def __str__(self) -> str:
        return self.name

    @property
    def background(self) -> bool:
        """Whether the thread's moves alone are no sign of progress: daemons and timers."""
        return self.daemon or self.timer

    def __repr__(self) -> str:
        return f"<thread {self.label} {self.name!r}>"
