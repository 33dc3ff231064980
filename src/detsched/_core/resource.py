"""A resource: what an operation is about, with a name that is the same in every process.

The identity of an object is where it was made: the line, the thread that made it (by spawn path), and how many that thread
had made on that line before. Never a global counter, an address or a hash: with a global counter two threads that run the
same `Lock()` line would swap names between equivalent runs, and a reduction would compare different objects.
"""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any
from zlib import crc32

from _thread import get_ident

from .active import active
from .frames import PROGRAM, program_frame, rank
from .names import called

if TYPE_CHECKING:
    from .thread import ControlledThread

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_THREADING = os.path.join(os.path.dirname(os.__file__), "threading.py")
_inside: dict[str, bool] = {}


def is_machinery(filename: str) -> bool:
    """Whether a source file is detsched's own or the standard library's `threading`: never where the program is."""
    known = _inside.get(filename)
    if known is None:
        known = _inside[filename] = filename.startswith(_PACKAGE) or filename == _THREADING
    return known


class Preparing:
    """While entered, what is made is made again before each run: it is counted as what a thread makes is, so that in every run the
    same things bear the same names."""

    def __init__(self) -> None:
        self.made: Any = None
        """How many were made on each line; None where nothing is being prepared."""

    def __enter__(self) -> None:
        self.made = {}

    def __exit__(self, *exc: object) -> None:
        self.made = None


preparing = Preparing()
_SETUP = "setup"
"""The creator of what is made before each run."""


class Resource:
    """The identity of one object that operations touch, and the place of the engine's state about it."""

    __slots__ = ("kind", "file", "line", "nth", "creator", "run", "given", "used_at")

    def __init__(self, kind: str, frame: FrameType | None) -> None:
        # Without a frame: of something that was made before control, and is met only now.
        self.kind = kind
        self.given: str | None = None
        self.used_at: tuple[str, int] | None
        in_a_run = frame is not None and active.ident == get_ident()
        in_setup = frame is not None and not in_a_run and preparing.made is not None
        while frame is not None and is_machinery(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            self.file, self.line = "", 0
        else:
            self.file, self.line = frame.f_code.co_filename, frame.f_lineno
        # Of what the standard library made for the program: the program's line, for reports.
        self.used_at = None
        if frame is not None and rank(self.file) != PROGRAM and (outer := program_frame(frame)) is not None:
            self.used_at = outer.f_code.co_filename, outer.f_lineno or 0
        self.nth = 1
        self.creator = ""
        self.run = 0
        if in_a_run:
            assert active.execution is not None
            self.run = active.execution.serial
            creator = active.execution.current
            if not creator.atomic:
                # Else made by the top level of a module that is being imported: in the next run that import is warm, so counting
                # it would give every later object of this thread another name there.
                self._count(creator.made, creator.label)
        elif in_setup:
            self._count(preparing.made, _SETUP)

    def _count(self, made: dict[object, int], creator: str) -> None:
        site = (self.file, self.line, self.kind)
        self.nth = made[site] = made.get(site, 0) + 1
        self.creator = creator

    @classmethod
    def unnamed(cls, kind: str) -> Any:
        """A resource from nowhere: of an object that was made before control, or that the program never sees made."""
        state = cls.__new__(cls)
        state.kind, state.file, state.line, state.nth, state.creator, state.run, state.given = kind, "", 0, 1, "", 0, None
        state.used_at = None
        return state

    @property
    def key(self) -> str:
        """The identity without file and line: what schedules are checked by, so that they survive edits elsewhere."""
        return f"{self.kind}{self.nth}@{self.creator}"

    def identity(self) -> tuple[object, ...] | None:
        """What it is the same by in every run of a program; None where it is one object in all of them, made before they began."""
        return (self.kind, self.file, self.line, self.nth, self.creator) if self.creator else None

    def hash(self) -> int | None:
        """A hash that is the same in every process; None for what was made before the runs."""
        return crc32(f"{self.key} {self.line}".encode()) if self.run or self.creator == _SETUP else None

    def abandon(self, gone: frozenset[ControlledThread]) -> None:
        """Free what threads of a finished run still hold here."""

    def __str__(self) -> str:
        if self.given is not None:
            return self.given
        name, nth, place = self._called()
        number = f" #{nth}" if nth > 1 else ""
        by = f" of thread {self.creator}" if self.creator not in ("", "0", _SETUP) else ""
        return f"{name}{number}{by}{place}"

    def _called(self) -> tuple[str, int, str]:
        """The name that the program gives to what its line makes, the how manieth of that name it is, and the place in brackets."""
        if not self.file:
            return self.kind, self.nth, ""
        file, line = self.used_at or (self.file, self.line)
        place = f" ({os.path.basename(file)}:{line})"
        names = called(self.file, self.line, self.kind)
        if not names:
            return self.kind, self.nth, place
        turn, which = divmod(self.nth - 1, len(names))
        name = names[which]
        if self.used_at is not None and (outer := called(file, line, name.partition(".")[0])):
            name = f"{outer[0]}.{name.rpartition('.')[2]}"
        return name, turn + 1, place


def caller() -> FrameType | None:
    """The frame that called the function that calls this."""
    return sys._getframe(2)
