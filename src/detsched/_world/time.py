"""The functions of `time` on the run's clock."""

from __future__ import annotations

import os
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


def _real_one() -> bool:
    return active.execution.clock.real  # type: ignore[union-attr]


def _clock(real: Callable[..., Any], origin: float) -> tuple[Callable[..., Any], Callable[..., Any]]:
    if real.__name__.endswith("ns"):

        def read() -> Any:
            if active.ident != get_ident():
                return real()
            seconds = _reading()
            return real() if _real_one() else int(origin) * 1_000_000_000 + round(seconds * 1e9)

    else:

        def read() -> Any:
            if active.ident != get_ident():
                return real()
            seconds = _reading()
            return real() if _real_one() else origin + seconds

    return real, _named_as(real, read)


def _named_as(real: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    ours.__name__ = ours.__qualname__ = real.__name__
    ours.__doc__, ours.__module__ = real.__doc__, "time"
    return ours


def _any_clock(real: Callable[..., Any], seconds: Callable[..., Any], even: Callable[..., Any], cpu: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """clock_gettime and clock_gettime_ns: of the clocks that tell the time of day, one that runs evenly, or CPU time."""
    names = {clock: name for name, clock in vars(_real).items() if name.startswith("CLOCK_")}
    clocks = {"CLOCK_REALTIME": "time", "CLOCK_TAI": "time", "CLOCK_PROCESS_CPUTIME_ID": "cpu", "CLOCK_THREAD_CPUTIME_ID": "cpu"}

    def read(clock: int, /) -> Any:
        if active.ident != get_ident() or _real_one() or clock not in names:
            return real(clock)
        kind = clocks.get(names[clock], "even")
        return {"time": seconds, "cpu": cpu}.get(kind, even)()

    return real, _named_as(real, read)


def _of_now(real: Callable[..., Any], position: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A function that takes the current time where its argument at `position` is left out, or None."""

    def convert(*args: Any) -> Any:
        if active.ident != get_ident() or _real_one() or (len(args) > position and args[position] is not None):
            return real(*args)
        now = EPOCH + _reading()
        # gmtime, localtime and ctime take seconds; asctime and strftime take what localtime makes of them.
        return real(*args[:position], now if position == 0 and real is not _real_asctime else _real_localtime(now))

    return real, _named_as(real, convert)


def sleep(seconds: float, /) -> None:
    """Let others run until the run's clock has moved on by so many seconds."""
    if active.ident != get_ident():
        _real_sleep(seconds)
        return
    if not isinstance(seconds, (int, float)):
        if not hasattr(seconds, "__index__") and not hasattr(seconds, "__float__"):
            _real_sleep(seconds)  # refused, in the interpreter's own words
        seconds = float(seconds)
    if not seconds >= 0:
        _real_sleep(seconds)
    execution = active.execution
    active.perform(Sleep(execution.clock, seconds, execution.current))  # type: ignore[union-attr]


def _times() -> Any:
    if active.ident != get_ident() or _real_one():
        return _real_times()
    seconds = _reading()
    return os.times_result((seconds, 0.0, 0.0, 0.0, ORIGIN + seconds))


_real_times = os.times
_times.__name__ = _times.__qualname__ = "times"
_times.__doc__, _times.__module__ = _real_times.__doc__, "os"
_real_sleep, _real_localtime, _real_asctime = _real.sleep, _real.localtime, _real.asctime

REPLACED: dict[Any, Any] = dict(
    [
        (_real_sleep, _named_as(_real_sleep, sleep)),
        _clock(_real.time, EPOCH),
        _clock(_real.time_ns, EPOCH),
        _clock(_real.monotonic, ORIGIN),
        _clock(_real.monotonic_ns, ORIGIN),
        _clock(_real.perf_counter, ORIGIN),
        _clock(_real.perf_counter_ns, ORIGIN),
        _clock(_real.process_time, 0.0),
        _clock(_real.process_time_ns, 0.0),
        *[_of_now(function, 0) for function in (_real.gmtime, _real.localtime, _real.ctime, _real.asctime)],
        _of_now(_real.strftime, 1),
        (_real_times, _times),
    ]
)
"""The real functions, and what stands for each."""
REPLACED.update(_clock(getattr(_real, name), 0.0) for name in ("thread_time", "thread_time_ns") if hasattr(_real, name))
if hasattr(_real, "clock_gettime"):
    REPLACED.update(
        [
            _any_clock(_real.clock_gettime, *[REPLACED[f] for f in (_real.time, _real.monotonic, _real.process_time)]),
            _any_clock(_real.clock_gettime_ns, *[REPLACED[f] for f in (_real.time_ns, _real.monotonic_ns, _real.process_time_ns)]),
        ]
    )
