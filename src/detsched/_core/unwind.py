"""The end of a thread that the run no longer needs."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any

from .frames import boundaries


class Unwind(BaseException):
    """Raised at the yield point where a thread is parked when its run is over, so that its `finally` blocks run.

    Private, and no Exception: programs that catch Exception let it pass. Programs that catch BaseException meet it again at
    their next yield point, and in the end wherever they are: see `insist`.
    """


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _raise(frame: FrameType, event: str, arg: Any) -> Any:
    if frame.f_code.co_filename.startswith(_PACKAGE):
        return None
    if event == "line":
        raise Unwind
    return _raise


def insist() -> None:
    """Have Unwind raised at the next line of the calling thread too, whichever it is.

    For loops that catch everything around their yield points: the next line after the one that raises is in the handler, out of
    reach of its own `try`. The interpreter ends the tracing when a trace function raises, so each call is good for one line.
    """
    frame: FrameType | None = sys._getframe(2)
    sys.settrace(_raise)
    while frame is not None and id(frame.f_code) not in boundaries:  # beyond is who called the engine: not to be touched
        if not frame.f_code.co_filename.startswith(_PACKAGE):
            frame.f_trace = _raise
            frame.f_trace_lines = True
        frame = frame.f_back
