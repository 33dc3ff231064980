"""Threads of the module `_thread`, which have no Thread object."""

from __future__ import annotations

import contextvars
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import _thread
from _thread import get_ident

from .._core.active import active
from .._core.thread import ControlledThread
from .acquire import deadline_after
from .thread import Join, Start, begins, mark_ended

_start_new_thread = _thread.start_new_thread


def _run_raw(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any], wanted: bool) -> None:
    try:
        if not wanted:
            return
        begins()
        contextvars.Context().run(function, *args, **kwargs)
    finally:
        record = active.execution.current  # type: ignore[union-attr]
        if record.handle is not None:
            # Before 3.13 the interpreter keeps the object of such a thread for good; the run does until its end.
            if sys.version_info >= (3, 13):
                threading._active.pop(record.ident, None)  # type: ignore[attr-defined]
                mark_ended(record.handle)


def start_new_thread(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any] | None = None, /) -> int:
    if active.ident != get_ident() or not callable(function) or not isinstance(args, tuple):
        return _start_new_thread(function, args) if kwargs is None else _start_new_thread(function, args, kwargs)
    if kwargs is not None and not isinstance(kwargs, dict):
        return _start_new_thread(function, args, kwargs)
    return _started(function, args, kwargs or {}, True).ident


def _started(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any], daemon: bool) -> ControlledThread:
    name = f"start_new_thread({getattr(function, '__name__', '?')})"
    record: ControlledThread = active.perform(Start(name, daemon, False, partial(_run_raw, function, args, kwargs), None))
    return record


def start(name: str, function: Callable[[], object]) -> None:
    """Start a thread that only keeps time: one whose moves are no sign of progress."""
    active.perform(Start(name, True, True, partial(_run_raw, function, (), {}), None))


if sys.version_info >= (3, 13):
    _start_joinable_thread = _thread.start_joinable_thread

    class Handle:
        """What `start_joinable_thread` returns."""

        def __init__(self, record: ControlledThread) -> None:
            self._record = record
            self.ident = record.ident

        def join(self, timeout: float | None = -1, /) -> None:
            """Wait for the end of the thread, or give up after `timeout` seconds."""
            if active.ident == get_ident():
                if self._record is active.execution.current:  # type: ignore[union-attr]
                    raise RuntimeError("Cannot join current thread")
                active.perform(Join(self._record, None if timeout is None or timeout < 0 else deadline_after(timeout)))

        def is_done(self) -> bool:
            """Whether the thread has ended."""
            return self._record.ended

    def start_joinable_thread(function: Callable[[], object], handle: Any = None, daemon: bool = True) -> Any:
        if active.ident != get_ident() or handle is not None or not callable(function):
            return _start_joinable_thread(function, handle, daemon)
        return Handle(_started(function, (), {}, daemon))
