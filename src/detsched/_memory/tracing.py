"""Events from `sys.settrace`, on CPython 3.11, which has no monitoring.

Every instruction of watched code makes an event here, and every call of unwatched code one. A trace function that is there already
(a debugger, coverage) is called from ours, and gets all of its events.

The trace function must not touch `frame.f_locals`: the interpreter would write the values back when it returns, over what
other threads have written in the meantime.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from _thread import get_ident

from .._core.active import active

_Trace = Any


class Tracing:
    """The trace function of the threads of a run."""

    def __init__(self, watching: Any) -> None:
        self._watching = watching

    def __enter__(self) -> Tracing:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def refresh(self) -> None:
        pass

    def begin_thread(self) -> None:
        """Trace the calling thread, on behalf of whoever traces it already too."""
        sys.settrace(self._tracer(sys.gettrace()))

    def aside(self, perform: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The engine's yield point at full speed: traced code is slow, also where none of it is watched."""

        def untraced(operation: Any) -> Any:
            tracer = sys.gettrace()
            sys.settrace(None)
            try:
                return perform(operation)
            finally:
                sys.settrace(tracer)

        return untraced

    def debugged(self) -> None:
        """A debugger has taken our place: it calls `beside`."""

    def beside(self, frame: FrameType, event: str, arg: Any, theirs: Callable[[FrameType, str, Any], _Trace]) -> _Trace:
        """What the trace function of a debugger does and returns, with our own events for watched code."""
        enter, local = self._functions()
        if event == "opcode":
            local(frame, event, arg)
            return frame.f_trace
        found = theirs(frame, event, arg)
        if sys.gettrace() is None:  # it has let go
            sys.settrace(enter)
            outer: FrameType | None = frame
            while outer is not None:
                outer.f_trace = enter(outer, "call", None)
                outer = outer.f_back
            return frame.f_trace
        ours = enter(frame, event, arg)
        frame.f_trace_lines = found is not None
        return ours if found is None else found

    def _tracer(self, other: _Trace) -> _Trace:
        enter, local = self._functions()
        return enter if other is None else self._beside(other, enter, local)

    def _functions(self) -> tuple[_Trace, _Trace]:
        """The trace function, and that of watched frames."""
        tables, at, watched, unwatched = self._watching.sites, self._watching.at, self._watching.watched, self._watching.watched.unwatched

        def local(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "opcode":
                if active.ident == get_ident():
                    site = tables[id(frame.f_code)].get(frame.f_lasti)
                    if site is not None:
                        try:
                            at(site, frame)
                        except RecursionError:
                            pass  # raised here it would end the tracing; the program's next call raises it, too
                        return frame.f_trace or local  # a debugger may have put itself there
                elif active.ident:
                    # The run goes on, or has ended, without this thread.
                    frame.f_trace_opcodes = False
                    sys.settrace(None)
                    return None
            return local

        def enter(frame: FrameType, event: str, arg: Any) -> Any:
            code = frame.f_code
            if id(code) in unwatched:
                return None
            if id(code) not in tables:
                if not watched(code, frame.f_globals):
                    return None
                self._watching.table(code, frame.f_globals)
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
            return local

        return enter, local

    def _beside(self, other: _Trace, enter: _Trace, local: _Trace) -> _Trace:
        def both(frame: FrameType, event: str, arg: Any) -> Any:
            theirs = other(frame, event, arg)
            if sys.gettrace() is not both:
                sys.settrace(both)  # trace functions in C put themselves in our place
            if enter(frame, event, arg) is None:
                return theirs
            frame.f_trace_lines = theirs is not None
            return _pair(theirs) if theirs is not None else local

        def _pair(theirs: _Trace) -> _Trace:
            def pair(frame: FrameType, event: str, arg: Any) -> Any:
                nonlocal theirs
                if event == "opcode":
                    local(frame, event, arg)
                elif theirs is not None:
                    theirs = theirs(frame, event, arg) or theirs
                return pair

            return pair

        return both
