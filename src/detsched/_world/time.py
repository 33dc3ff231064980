"""The functions of `time` on the virtual clock."""

from __future__ import annotations

import time as _real
from collections.abc import Callable
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.clock import EPOCH, ORIGIN, ReadClock, Sleep


def _reading() -> float:
    execution = active.execution
    assert execution is not None
    seconds: float = active.perform(ReadClock(execution.clock, execution.current))
    return seconds


def _clock(real: Callable[[], Any], origin: float, nanoseconds: bool) -> tuple[Callable[[], Any], Callable[[], Any]]:
    if nanoseconds:

        def read() -> Any:
            if active.ident != get_ident():
                return real()
            return int(origin) * 1_000_000_000 + round(_reading() * 1e9)

    else:

        def read() -> Any:
            return origin + _reading() if active.ident == get_ident() else real()

    read.__name__ = read.__qualname__ = real.__name__
    read.__doc__, read.__module__ = real.__doc__, "time"
    return real, read


def sleep(seconds: float, /) -> None:
    """Let others run until the virtual clock has moved on by so many seconds."""
    if active.ident != get_ident():
        _real_sleep(seconds)
        return
    if not isinstance(seconds, (int, float)):
        if not hasattr(seconds, "__index__") and not hasattr(seconds, "__float__"):
            _real_sleep(seconds)  # refused, in the interpreter's own words
        seconds = float(seconds)
    if not seconds >= 0:
        _real_sleep(seconds)
    active.perform(Sleep(active.execution.clock, seconds))  # type: ignore[union-attr]


_real_sleep = _real.sleep
sleep.__module__ = "time"

REPLACED: dict[Any, Any] = dict(
    [
        (_real_sleep, sleep),
        _clock(_real.time, EPOCH, False),
        _clock(_real.time_ns, EPOCH, True),
        _clock(_real.monotonic, ORIGIN, False),
        _clock(_real.monotonic_ns, ORIGIN, True),
        _clock(_real.perf_counter, ORIGIN, False),
        _clock(_real.perf_counter_ns, ORIGIN, True),
    ]
)
"""The real functions, and what stands for each."""
