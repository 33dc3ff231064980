"""CPUs: a run is pinned to one, which is nobody else's affair; and how many a program sees must not depend on the machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.workers import Pinned

COUNT = 4
"""How many CPUs a controlled program sees, on every machine: sizes of pools follow from it."""

REPLACED: dict[Any, Any] = {}
"""The real functions, and what stands for each."""


def _counting(real: Callable[..., Any], answer: Callable[[], Any]) -> None:
    def count(*args: Any) -> Any:
        if active.ident == get_ident() and args in ((), (0,), (os.getpid(),)):
            return answer()
        return real(*args)

    count.__name__ = count.__qualname__ = real.__name__
    count.__doc__, count.__module__ = real.__doc__, "os"
    REPLACED[real] = count


_counting(os.cpu_count, lambda: COUNT)
if hasattr(os, "process_cpu_count"):
    _counting(os.process_cpu_count, lambda: COUNT)
if hasattr(os, "sched_getaffinity"):
    _real_getaffinity = os.sched_getaffinity
    _counting(_real_getaffinity, lambda: set(range(COUNT)))


def unpinned_child(execute: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a child process, with the calling thread unpinned meanwhile: children inherit its CPUs."""

    def unpinned(*args: Any, **kwargs: Any) -> Any:
        before = Pinned.before
        if before is None:
            return execute(*args, **kwargs)
        pinned = _real_getaffinity(0)
        os.sched_setaffinity(0, before)
        try:
            return execute(*args, **kwargs)
        finally:
            os.sched_setaffinity(0, pinned)

    return unpinned
