"""Ctrl-C during a run.

The interpreter calls signal handlers between two bytecodes of the main thread, wherever that is: in the program, in the middle
of the engine, or parked while another thread has the baton. An exception may come out of the program at any place, but out of
the engine it would leave a thread half started or a baton nobody has. So while a session lasts, an interrupt that finds the
main thread inside the engine is kept until the run comes to its next yield point, and ends the run there.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

from _thread import get_ident

from .active import active
from .frames import LIBRARY, PROGRAM, rank

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _in_engine(frame: FrameType | None) -> bool:
    while frame is not None:
        filename = frame.f_code.co_filename
        if filename.startswith(_PACKAGE):
            return True
        if rank(filename) in (PROGRAM, LIBRARY):
            return False
        frame = frame.f_back
    return False


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
                self._before = signal.signal(signal.SIGINT, self._on_interrupt)
            except ValueError:
                pass  # not the interpreter's main thread: interrupts never come here
        return self

    def __exit__(self, *exc: object) -> None:
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._on_interrupt:
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
        if self._shielded:
            self._kept = True
        elif execution is not None and execution.main.os_ident == get_ident() and (active.ident != get_ident() or _in_engine(frame)):
            execution.interrupt(KeyboardInterrupt())
        else:
            signal.default_int_handler(signum, frame)
