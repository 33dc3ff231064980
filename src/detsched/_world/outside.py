"""Waiting for the world outside: what the modules of `_world` share that let a thread wait for files and processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.external import External
from .._core.resource import Resource

Replacement = tuple[Any, str, Any]
"""Owner, name, and what stands there while patched."""


def wait_outside(
    what: str,
    timeout: float | None = None,
    files: Mapping[int, int] = {},
    ask: Callable[[], bool] | None = None,
    resource: Resource | None = None,
) -> bool:
    """Have the calling thread wait for something outside of the run. Whether it came; False if `timeout` seconds passed first."""
    execution = active.execution
    assert execution is not None
    clock = execution.clock
    deadline = None if timeout is None else clock.deadline(max(timeout, 0.0), execution.current)
    both_ends = ask is None and has_both_ends(files)
    came: bool = active.perform(External(what, clock, deadline, files, ask, resource, both_ends))
    return came


@contextmanager
def uncontrolled() -> Iterator[None]:
    """Around a call into the world outside: the calling thread is like any other there, and the whole run waits for it."""
    execution, before = active.execution, active.ident
    assert execution is not None
    execution.outside += 1
    active.ident = 0
    try:
        yield
    finally:
        active.ident = before
        execution.outside -= 1


def like(real: Any, ours: Any) -> Any:
    """`ours`, with the name and documentation of what it stands for."""
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        try:
            setattr(ours, name, getattr(real, name))
        except (AttributeError, TypeError):
            pass
    return ours


# Pipes and socket pairs that the run has made are files with both ends inside, until a child process inherits them.

_own: dict[int, tuple[int, int]] = {}


def begin() -> None:
    """A run begins: no file is known to have both ends inside."""
    _own.clear()


def child_made() -> None:
    """A child process has been made, which may have inherited any end."""
    _own.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=child_made)


def made_both_ends(*fds: int) -> None:
    """The calling thread has made files that are each other's ends."""
    if active.ident == get_ident():
        _own.update((fd, _identity(fd)) for fd in fds)


def has_both_ends(files: Mapping[int, int]) -> bool:
    """Whether the run has both ends of all these files."""
    return all(_own.get(fd) == _identity(fd) for fd in files)


def _identity(fd: int) -> tuple[int, int]:
    try:
        status = os.fstat(fd)
    except OSError:
        return -1, -1
    return status.st_dev, status.st_ino
