"""Events from `sys.monitoring`, on CPython 3.12 and later.

Only watched code has events, and of its instructions only the sites: every other offset is switched off at its first event. So
unwatched code, and watched code between two accesses, runs at full speed.

Two traps: the LINE events of another tool (coverage, a debugger) swallow the INSTRUCTION events at the beginning of a line, unless
this tool has LINE events of its own there, switched on after the other's. And a second tool with INSTRUCTION events mutes the first,
until its events are switched off and on again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from _thread import get_ident

from .._core.active import active
from ..errors import InvalidSettings

_TOOLS = (4, 3, 5)
_NAME = "detsched"


class Monitoring:
    """A tool of `sys.monitoring`, taken while entered."""

    def __init__(self, watching: Any) -> None:
        self._watching = watching
        self._armed: dict[int, CodeType] = {}
        self._tool = -1
        self._events = 0

    def __enter__(self) -> Monitoring:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
        events = monitoring.events
        others = [tool for tool in range(6) if monitoring.get_tool(tool) is not None]
        free = [tool for tool in _TOOLS if tool not in others]
        if not free:
            raise InvalidSettings(
                "granularity: all places for tools of sys.monitoring are taken "
                f"({', '.join(monitoring.get_tool(tool) for tool in others)}): run without them, or use granularity='sync'"
            )
        self._tool = free[0]
        monitoring.use_tool_id(self._tool, _NAME)
        self._instruction, self._off = events.INSTRUCTION, 0
        self._local = events.INSTRUCTION
        if others or sys.gettrace() is not None:
            self.debugged()
        monitoring.register_callback(self._tool, events.PY_START, self._starts)
        monitoring.register_callback(self._tool, events.PY_RESUME, self._starts)
        monitoring.register_callback(self._tool, events.INSTRUCTION, self._instruction_callback())
        monitoring.register_callback(self._tool, events.LINE, lambda code, line: None)
        monitoring.set_events(self._tool, events.PY_START | events.PY_RESUME)
        monitoring.restart_events()  # what an earlier session switched off, since it did not watch that code
        return self

    def __exit__(self, *exc: object) -> None:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
        events = monitoring.events
        monitoring.set_events(self._tool, 0)
        for code in self._armed.values():
            monitoring.set_local_events(self._tool, code, 0)
        for event in (events.PY_START, events.PY_RESUME, events.INSTRUCTION, events.LINE):
            monitoring.register_callback(self._tool, event, None)
        monitoring.free_tool_id(self._tool)
        self._armed.clear()

    def begin_thread(self) -> None:
        pass

    def aside(self, perform: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The engine's yield point: it runs at full speed anyway."""
        return perform

    def debugged(self) -> None:
        """Another tool has come up: events of lines of our own, so that its do not swallow the instructions' (see above)."""
        events: Any = sys.monitoring.events  # type: ignore[attr-defined]
        self._local |= events.LINE | events.PY_START | events.PY_RESUME
        self.refresh()

    def beside(self, frame: FrameType, event: str, arg: Any, theirs: Callable[[FrameType, str, Any], Any]) -> Any:
        """What the trace function of a debugger does and returns."""
        return theirs(frame, event, arg)

    def refresh(self) -> None:
        """Have every watched instruction announced again."""
        for code in self._armed.values():
            self._arm(code)

    def _arm(self, code: CodeType) -> None:
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined]
        monitoring.set_local_events(self._tool, code, 0)
        monitoring.set_local_events(self._tool, code, self._local)

    def _starts(self, code: CodeType, offset: int) -> Any:
        if id(code) not in self._watching.watched.unwatched:
            variables = sys._getframe(1).f_globals
            if self._watching.watched(code, variables):
                self._watching.table(code, variables)
                self._armed[id(code)] = code
                self._arm(code)
        return sys.monitoring.DISABLE  # type: ignore[attr-defined]

    def _instruction_callback(self) -> Any:
        tables, at = self._watching.sites, self._watching.at
        disable = sys.monitoring.DISABLE  # type: ignore[attr-defined]
        frame_of = sys._getframe

        def instruction(code: CodeType, offset: int) -> Any:
            try:
                site = tables[id(code)][offset]
            except KeyError:
                return disable
            if active.ident == get_ident():
                at(site, frame_of(1))
            return None

        return instruction
