"""Ctrl-C during a run.

The interpreter calls signal handlers between two bytecodes of the main thread, wherever that is: in the program, in the middle
of the engine, or parked while another thread has the baton. An exception may come out of the program at any place, but out of
the engine it would leave a thread half started or a baton nobody has. So while a session lasts, an interrupt that finds the
main thread inside the engine is kept until the run comes to its next yield point, and ends the run there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from _thread import get_ident

from .active import active
from .frames import LIBRARY, PROGRAM, rank
from .unwind import Unwind

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def in_engine(frame: FrameType | None) -> bool:
    """Whether the engine is at work in `frame`, rather than the program."""
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename.startswith(_PACKAGE):
            return True
        if rank(filename) in (PROGRAM, LIBRARY):
            return False
        frame = frame.f_back
    return False


class Handler:
    """What stands for the interpreter's own handler of Ctrl-C."""

    def __init__(self, handle: Callable[[int, FrameType | None], None]) -> None:
        self._handle = handle

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self._handle(signum, frame)


class Interrupts:
    """While entered, Ctrl-C never tears the engine apart. A handler that the program has set itself is left alone.

    `shield()` and `unshield()` enclose what has to be done as a whole: an interrupt within is raised at its end.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._shielded = False
        self._kept = False

    def __enter__(self) -> Interrupts:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                self._shielded = True
                self._before = signal.signal(signal.SIGINT, Handler(self._on_interrupt))
            except ValueError:
                pass  # not the interpreter's main thread: interrupts never come here
        return self

    def __exit__(self, *exc: object) -> None:
        if self._before is not None and isinstance(signal.getsignal(signal.SIGINT), Handler):
            signal.signal(signal.SIGINT, self._before)
        self.unshield()

    def shield(self) -> None:
        """From here on interrupts are kept."""
        self._shielded = True

    def unshield(self) -> None:
        """Raise the interrupt that was kept, if there was one."""
        self._shielded = False
        if self._kept:
            self._kept = False
            raise KeyboardInterrupt

    def _on_interrupt(self, signum: int, frame: FrameType | None) -> None:
        execution = active.execution
        if execution is not None and execution.prodded:
            execution.prodded = False
            raise Unwind
        if self._shielded:
            self._kept = True
        elif execution is not None and execution.main.os_ident == get_ident() and (active.ident != get_ident() or in_engine(frame)):
            execution.interrupt(KeyboardInterrupt())
        else:
            signal.default_int_handler(signum, frame)
