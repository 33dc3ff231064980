"""Signals: the program's handlers run in its main thread, at a yield point, also where that thread is blocked.

The interpreter would call a handler in the middle of the engine, or beside the thread that has the baton. What a program sets
is in force for its run; a signal that it sends itself is an operation, one that comes from outside comes when it comes.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import _thread
from _thread import get_ident

from .._core.active import active
from .._core.interrupts import Handler, in_engine
from .._core.operation import Operation
from ..errors import UncontrolledError
from .outside import like

_signal, _getsignal, _kill = signal.signal, signal.getsignal, os.kill
_raise_signal, _interrupt_main = signal.raise_signal, _thread.interrupt_main
_changed: dict[int, Any] = {}


class _Handler:
    """What stands for a handler that the program has set."""

    def __init__(self, real: Callable[[int, FrameType | None], Any]) -> None:
        self.real = real

    def __call__(self, signum: int, frame: FrameType | None) -> Any:
        execution = active.execution
        if execution is not None:
            execution.log.beyond["signals come from outside"] = None
        if execution is None or (active.ident == get_ident() and not in_engine(frame)):
            return self.real(signum, frame)
        execution.handle(partial(self.real, signum, frame))
        return None


class Send(Operation):
    """Send a signal to the own process."""

    __slots__ = ("_name",)
    kind = "send"
    interrupts = True

    def __init__(self, signum: int) -> None:
        self.resource = None
        self._name = signal.Signals(signum).name if signum in set(signal.Signals) else str(signum)

    def apply(self) -> None:
        return None

    def parts(self) -> tuple[str, str]:
        return self.kind, self._name


def _shown(handler: Any) -> Any:
    if isinstance(handler, _Handler):
        return handler.real
    return signal.default_int_handler if isinstance(handler, Handler) else handler


def set_handler(signalnum: Any, handler: Any, /) -> Any:
    if active.ident != get_ident():
        return _signal(signalnum, handler)
    before = _getsignal(signalnum)
    ours = _Handler(handler) if callable(handler) and handler is not signal.default_int_handler else handler
    if handler is signal.default_int_handler and isinstance(_changed.get(int(signalnum)), Handler):
        ours = _changed[int(signalnum)]
    _signal(signalnum, ours)
    _changed.setdefault(int(signalnum), before)
    return _shown(before)


def get_handler(signalnum: Any, /) -> Any:
    return _shown(_getsignal(signalnum)) if active.ident == get_ident() else _getsignal(signalnum)


def send(signum: int, real: Callable[[], Any]) -> Any:
    """Send a signal to the own process; `real` does it where no handler in Python is called."""
    handler = _getsignal(signum)
    execution = active.execution
    assert execution is not None
    if isinstance(handler, Handler):
        called: Any = signal.default_int_handler  # the program interrupts itself; Ctrl-C is another matter
    elif isinstance(handler, _Handler):
        called = handler.real
    else:
        return real()
    active.perform(Send(signum))
    if execution.current is execution.main:
        _call(called, signum, sys._getframe(2))
    else:
        execution.handle(partial(_call, called, signum, None))
    return None


def _call(handler: Callable[[int, FrameType | None], Any], signum: int, frame: FrameType | None) -> None:
    """Do in the main thread what the interpreter does where a signal has come: event loops listen on the wake-up file."""
    fd = signal.set_wakeup_fd(-1)
    if fd != -1:
        signal.set_wakeup_fd(fd)
        with suppress(OSError):
            os.write(fd, bytes([signum]))
    handler(signum, frame)


def kill(pid: int, signum: int, /) -> None:
    if active.ident == get_ident() and pid == os.getpid() and signum:
        send(signum, partial(_kill, pid, signum))
    else:
        _kill(pid, signum)


def raise_signal(signum: int, /) -> None:
    if active.ident == get_ident():
        send(signum, partial(_raise_signal, signal.Signals(signum)))
    else:
        _raise_signal(signum)


def interrupt_main(signum: int = signal.SIGINT, /) -> None:
    if active.ident == get_ident():
        send(signum, partial(_interrupt_main, signal.Signals(signum)))
    else:
        _interrupt_main(signal.Signals(signum))


def _refused(real: Callable[..., Any]) -> Any:
    def refuse(*args: Any) -> Any:
        if active.ident == get_ident():
            raise UncontrolledError(
                f"signal.{real.__name__}() waits in the kernel, where no other thread of the run gets a turn: "
                f"set a handler with signal.signal() and wait for an Event that it sets"
            )
        return real(*args)

    return like(real, refuse)


def end() -> None:
    """A run has ended: its handlers were for it alone."""
    while _changed:
        signum, before = _changed.popitem()
        if before is not None:
            _signal(signum, before)


REPLACED: dict[Any, Any] = {
    real: like(real, ours)
    for real, ours in (
        (_signal, set_handler),
        (_getsignal, get_handler),
        (_kill, kill),
        (_raise_signal, raise_signal),
        (_interrupt_main, interrupt_main),
    )
}
"""The real functions, and what stands for each."""
for _name in ("sigwait", "sigwaitinfo", "sigtimedwait", "pause"):
    if hasattr(signal, _name):
        REPLACED[getattr(signal, _name)] = _refused(getattr(signal, _name))
