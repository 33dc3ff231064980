"""Threads that are not of the run: what they may not touch."""

from __future__ import annotations

import sys

from _thread import get_ident

from ..errors import UncontrolledError
from .active import active
from .failure import Failure
from .frames import location_of
from .resource import Resource


def outside(resource: Resource | None) -> None:
    """A thread that is not under control is about to use something. An object that the run has made is the run's alone.

    Raises UncontrolledError there, and ends the run with that failure at its next yield point: an answer that depends on a
    thread which nobody steers would be worth nothing.
    """
    execution = active.execution
    if execution is None or resource is None or resource.run != execution.serial or active.ident == get_ident():
        return
    where = location_of(sys._getframe(1))
    message = (
        f"a thread that is not under control used {resource} at {where}: it was started before the run or by code that "
        f"detsched does not steer; start it inside the run, or give it objects of its own"
    )
    if execution.trespass is None:
        origin = ("uncontrolled", where.function, str(where))
        execution.stop_soon(Failure("uncontrolled", UncontrolledError(message), None, origin, location=where))
    raise UncontrolledError(message)
