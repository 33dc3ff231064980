"""Debugging inside a run: one thread stops at a prompt, the others stay parked, and time stands still.

The prompt's own work is no part of the run: while it waits for a command, this OS thread is under nobody's control, so that
what is typed and looked up takes no step. What is stepped through is the program again.
"""

from __future__ import annotations

import functools
import os
import sys
from types import FrameType
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.execution import Execution
from .._core.frames import program_frame
from .._core.operation import Operation
from .._core.thread import ControlledThread


@functools.cache
def _debugger_class() -> type[Any]:
    import pdb  # only when somebody debugs: it is slow to import

    class Debugger(pdb.Pdb):
        """The standard library's debugger; it steps over what detsched does."""

        def interaction(self, *args: Any, **kwargs: Any) -> None:
            """The prompt, out of the run's sight."""
            holder, active.ident = active.ident, 0
            try:
                super().interaction(*args, **kwargs)
                _tell()
            finally:
                active.ident = holder

        def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
            """Watched code makes its own events meanwhile."""
            execution, theirs = active.execution, super().trace_dispatch
            return theirs(frame, event, arg) if execution is None or execution.tracing is None else execution.tracing.beside(frame, event, arg, theirs)

    return Debugger


def _tell() -> None:
    """Tell those who make events of watched code that a debugger traces, too."""
    execution = active.execution
    if execution is not None and execution.tracing is not None:
        execution.tracing.debugged()


def prepare() -> None:
    """Load the debugger now, before a run, and not in the middle of one."""
    _debugger_class()


def stop(frame: FrameType | None, why: str) -> None:
    """Stop at the next line of the frame, and say why."""
    if frame is None:
        return
    holder, active.ident = active.ident, 0
    try:
        print(f"detsched: {why}", file=sys.stderr, flush=True)
        debugger = _debugger_class()(skip=["detsched.*"], nosigint=True)
    finally:
        active.ident = holder
    outer: FrameType | None = frame
    while outer is not None:
        outer.f_trace_lines = True
        outer = outer.f_back
    debugger.set_trace(frame)
    _tell()


def breakpoint_in_run(*args: Any, **kwargs: Any) -> Any:
    """What `breakpoint()` does under control; outside, and where PYTHONBREAKPOINT says otherwise, what it always does."""
    if active.ident != get_ident() or os.environ.get("PYTHONBREAKPOINT"):
        return sys.__breakpointhook__(*args, **kwargs)
    assert active.execution is not None
    execution = active.execution
    stop(sys._getframe(1), f"breakpoint in {execution.current.name} after step {len(execution.log)}; the other threads are parked")
    return None


class Breakpoints:
    """While entered, `breakpoint()` knows of runs. A debugger that somebody else has put in its place is left there."""

    def __enter__(self) -> None:
        self._ours = sys.breakpointhook is sys.__breakpointhook__
        if self._ours:
            sys.breakpointhook = breakpoint_in_run

    def __exit__(self, *exc: object) -> None:
        if self._ours and sys.breakpointhook is breakpoint_in_run:
            sys.breakpointhook = sys.__breakpointhook__


class StopAt:
    """Observes a run, and stops it for the debugger right after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Stop if this is the step."""
        if len(execution.log) == self._step:
            stop(program_frame(sys._getframe(1)), f"step {self._step}: {thread.name} does {operation.describe()}")
