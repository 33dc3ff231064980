"""CPUs: a run is pinned to one, which is nobody else's affair."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.workers import Pinned

REPLACED: dict[Any, Any] = {}
"""The real functions, and what stands for each."""

if hasattr(os, "sched_getaffinity"):
    _real_getaffinity = os.sched_getaffinity

    def sched_getaffinity(pid: int, /) -> set[int]:
        """The CPUs that the process may use, as they are outside of the run."""
        if active.ident == get_ident() and pid in (0, os.getpid()) and Pinned.before is not None:
            return set(Pinned.before)
        return _real_getaffinity(pid)

    REPLACED[_real_getaffinity] = sched_getaffinity

if hasattr(os, "process_cpu_count"):
    _real_count: Callable[[], int | None] = os.process_cpu_count

    def process_cpu_count() -> int | None:
        """How many CPUs the process may use, as it is outside of the run."""
        if active.ident == get_ident() and Pinned.before is not None:
            return len(Pinned.before)
        return _real_count()

    REPLACED[_real_count] = process_cpu_count


def unpinned_child(execute: Callable[..., Any]) -> Callable[..., Any]:
    """The method of Popen that makes the child, with the calling thread unpinned meanwhile: children inherit its CPUs."""

    def _execute_child(self: Any, *args: Any, **kwargs: Any) -> Any:
        before = Pinned.before
        if active.ident != get_ident() or before is None:
            return execute(self, *args, **kwargs)
        pinned = _real_getaffinity(0)
        os.sched_setaffinity(0, before)
        try:
            return execute(self, *args, **kwargs)
        finally:
            os.sched_setaffinity(0, pinned)

    _execute_child.__wrapped__ = execute  # type: ignore[attr-defined]
    return _execute_child
