"""Threads that are not of the run: what they may not touch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from _thread import get_ident

from ..errors import UncontrolledError
from .active import active
from .failure import Failure
from .frames import location_of
from .resource import Resource

_warn: Callable[[str], None] | None = None
_warned: set[tuple[int, str]] = set()


@contextmanager
def warn_of_trespass(warn: Callable[[str], None] | None) -> Iterator[None]:
    """While entered, such a thread may do what it wants, and `warn` is told of it, once for each place and run. None: it may not."""
    global _warn
    _warn = warn
    try:
        yield
    finally:
        _warn = None
        _warned.clear()


def outside(resource: Resource | None) -> None:
    """A thread that is not under control is about to use something. An object that the run has made is the run's alone.

    Raises UncontrolledError there, and ends the run with that failure at its next yield point: an answer that depends on a
    thread which nobody steers would be worth nothing.
    """
    execution = active.execution
    if execution is None or resource is None or resource.run != execution.serial or active.ident == get_ident() or execution.outside:
        return
    where = location_of(sys._getframe(1))
    message = (
        f"a thread that is not under control used {resource} at {where}: it was started before the run or by code that "
        f"detsched does not steer; start it inside the run, or give it objects of its own"
    )
    if _warn is not None:
        if (execution.serial, str(where)) not in _warned:
            _warned.add((execution.serial, str(where)))
            _warn(message)
        return
    if execution.trespass is None:
        origin = ("uncontrolled", where.function, str(where))
        execution.stop_soon(Failure("uncontrolled", UncontrolledError(message), None, origin, location=where))
    raise UncontrolledError(message)
