"""Alarms: `signal.alarm` and the real-time interval timer, on the run's clock.

An alarm is a thread of the run that sleeps and then sends the signal.
"""

from __future__ import annotations

import math
import os
import signal
from functools import partial
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._sync.raw import start
from .outside import like
from .signals import send
from .time import sleep

_kill = os.kill


class _Alarm:
    """One alarm: when it rings, in seconds of the run, and how often from then on (0: once)."""

    def __init__(self, seconds: float, interval: float) -> None:
        self.at, self.interval = _now() + seconds, interval

    def ring(self) -> None:
        """What its thread does."""
        while True:
            sleep(max(self.at - _now(), 0.0))
            if _set.get(_run()) is not self:
                return
            self.at += self.interval
            if not self.interval:
                del _set[_run()]
            send(signal.SIGALRM, partial(_kill, os.getpid(), signal.SIGALRM))
            if not self.interval:
                return

    def left(self) -> tuple[float, float]:
        """In how many seconds it rings, and how often."""
        return max(self.at - _now(), 1e-6), self.interval


_set: dict[int, _Alarm] = {}
"""The alarm of each run that has one; there is one run at a time."""


def _run() -> int:
    return active.execution.serial  # type: ignore[union-attr]


def _now() -> float:
    return active.execution.clock.base  # type: ignore[union-attr]


REPLACED: dict[Any, Any] = {}
"""The real functions, and what stands for each."""

if hasattr(signal, "setitimer"):
    _setitimer, _getitimer, _alarm = signal.setitimer, signal.getitimer, signal.alarm

    def setitimer(which: int, seconds: float, interval: float = 0.0, /) -> Any:
        if active.ident != get_ident() or which != signal.ITIMER_REAL:
            return _setitimer(which, seconds, interval)
        before = getitimer(which)
        for run in [run for run in _set if run != _run() or not seconds]:
            del _set[run]
        if seconds:
            _set[_run()] = alarm = _Alarm(seconds, interval)
            start("alarm", alarm.ring)
        return before

    def getitimer(which: int, /) -> Any:
        if active.ident != get_ident() or which != signal.ITIMER_REAL:
            return _getitimer(which)
        found = _set.get(_run())
        return (0.0, 0.0) if found is None else found.left()

    def alarm(seconds: int, /) -> int:
        if active.ident != get_ident():
            return _alarm(seconds)
        left: float = setitimer(signal.ITIMER_REAL, seconds)[0]
        return math.ceil(left)

    REPLACED.update({real: like(real, ours) for real, ours in ((_setitimer, setitimer), (_getitimer, getitimer), (_alarm, alarm))})
