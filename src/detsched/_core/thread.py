"""A controlled thread: what the engine knows of one thread of the program.

Its identity is its spawn path: 0 is the main thread, 2 the second thread that main started, 2.1 the first one that thread
started. Everything that the program can see of a thread's identity is a function of that path.
"""

from __future__ import annotations

from typing import Any

from .baton import Baton
from .operation import Operation

_IDENT_BITS = (1 << 46) - 1


class ControlledThread:
    """One thread of a run. `pending` is the operation that it has announced; None before the first and after the end."""

    __slots__ = (
        "path", "label", "name", "ident", "daemon", "timer", "pending", "baton", "os_ident", "handle",
        "children", "made", "ended", "atomic", "unwound", "readings", "resource", "__weakref__",
    )  # fmt: skip

    def __init__(self, parent: ControlledThread | None, name: str, daemon: bool, timer: bool, baton: Baton, os_ident: int) -> None:
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
        self.baton = baton
        self.os_ident = os_ident
        self.handle: Any = None
        """The `threading.Thread` of the program; dropped at the end, so that the engine keeps no object of the program alive."""
        self.children = 0
        self.made: dict[tuple[str, int, str], int] = {}
        self.ended = False
        self.atomic = 0
        """How deep the thread is in sections that no switch may interrupt (imports)."""
        self.unwound = 0
        """How often the thread was told to unwind."""
        self.resource: Any = None

    @property
    def background(self) -> bool:
        """Whether the thread's moves alone are no sign of progress: daemons and timers."""
        return self.daemon or self.timer

    def __repr__(self) -> str:
        return f"<thread {self.label} {self.name!r}>"
