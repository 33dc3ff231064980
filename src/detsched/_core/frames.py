"""Where the program is: the frame of the program behind a frame of the machinery."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from types import CodeType, FrameType, TracebackType
from typing import NamedTuple

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _folders() -> tuple[tuple[str, ...], tuple[str, ...]]:
    paths = sysconfig.get_paths()
    installed = {paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages()}
    standard = {paths["stdlib"], paths["platstdlib"], os.path.dirname(os.__file__)}
    return _tidy(installed), _tidy(standard)


def _tidy(folders: set[str]) -> tuple[str, ...]:
    return tuple(sorted(os.path.join(os.path.abspath(folder), "") for folder in folders))


_INSTALLED, _STANDARD = _folders()
_rank: dict[str, int] = {}

PROGRAM, LIBRARY, MACHINERY = 0, 1, 2


def rank(filename: str) -> int:
    """What kind of code a source file holds: PROGRAM, LIBRARY (installed packages), or MACHINERY (detsched, the standard library)."""
    known = _rank.get(filename)
    if known is None:
        if not filename or filename.startswith("<frozen ") or filename.startswith(_PACKAGE):
            known = MACHINERY
        elif filename.startswith(_INSTALLED) or f"{os.sep}dist-packages{os.sep}" in filename or f"{os.sep}site-packages{os.sep}" in filename:
            known = LIBRARY
        elif filename.startswith(_STANDARD):
            known = MACHINERY
        else:
            known = PROGRAM
        _rank[filename] = known
    return known


class Location(NamedTuple):
    """A place in the program: `file` as the interpreter knows it, `line` from 1, `function` by its qualified name."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}" if self.file else "?"


NOWHERE = Location("", 0, "")


boundaries: set[int] = set()
"""The ids of the engine's functions (of their code) that call the program: what is outside of them is not the program's doing."""


def program_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame of the program from `frame` outwards; one of an installed package where there is none."""
    library = None
    while frame is not None:
        kind = rank(frame.f_code.co_filename)
        if kind == PROGRAM:
            return frame
        if kind == MACHINERY and id(frame.f_code) in boundaries:
            break
        if kind == LIBRARY and library is None:
            library = frame
        frame = frame.f_back
    return library


def locate(code: CodeType, line: int) -> Location:
    """The location of a line of a code object."""
    return Location(code.co_filename, line, code.co_qualname)


def location_of(frame: FrameType | None) -> Location:
    """The location of the program's innermost frame from `frame` outwards; NOWHERE if there is none."""
    found = program_frame(frame)
    return NOWHERE if found is None else locate(found.f_code, found.f_lineno or 0)


INLINED = ("<listcomp>", "<dictcomp>", "<setcomp>")
"""Functions whose frames newer interpreters do not have."""


def callers(frame: FrameType | None, most: int = 3) -> tuple[Location, ...]:
    """Where the program's innermost function was called from, and that one, and so on: the program's own frames."""
    found: list[Location] = []
    inner = program_frame(frame)
    while inner is not None and len(found) < most:
        outer = inner.f_back
        while outer is not None and rank(outer.f_code.co_filename) != PROGRAM:
            outer = None if id(outer.f_code) in boundaries else outer.f_back
        if outer is not None and inner.f_code.co_name not in INLINED:
            found.append(locate(outer.f_code, outer.f_lineno or 0))
        inner = outer
    return tuple(found)


def raised_at(traceback: TracebackType | None) -> Location:
    """The innermost place of the program in a traceback; else the innermost place of all."""
    best, best_rank = NOWHERE, MACHINERY + 1
    while traceback is not None:
        code = traceback.tb_frame.f_code
        kind = rank(code.co_filename)
        if kind <= best_rank and not code.co_filename.startswith(_PACKAGE):
            best, best_rank = locate(code, traceback.tb_lineno or 0), kind
        traceback = traceback.tb_next
    return best


def program_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without what comes before the program: our own frames, and those of unittest between them."""
    while traceback is not None:
        frame = traceback.tb_frame
        if not frame.f_code.co_filename.startswith(_PACKAGE) and "__unittest" not in frame.f_globals:
            break
        traceback = traceback.tb_next
    return traceback


def parked_frame(os_ident: int) -> FrameType | None:
    """The innermost frame of another OS thread."""
    return sys._current_frames().get(os_ident)
