"""Waiting for files: selectors, select, os.read, and asyncio's event loops.

Files are the world outside, even where the other end is in the same process: a thread that waits for one goes on when nobody
else can. Two ends are known to be inside, and wake their thread like any operation: an event loop and whoever calls it
(`call_soon_threadsafe`, and with it executors, `asyncio.to_thread` and futures that cross threads).
"""

from __future__ import annotations

import os
import select
import socket
import stat
from functools import cache
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.clock import VirtualClock
from .._core.external import POLLIN, POLLOUT, External
from .._core.operation import CAUSED, READ, WRITE, Blocked, Footprint, Operation
from .._core.resource import Resource, caller
from .outside import Replacement, has_both_ends, like, made_both_ends, wait_outside

_STATE = "_detsched"


class _Waiting(Resource):
    """What the engine knows of a selector: whether its thread has been woken from inside."""

    __slots__ = ("woken",)
    woken: bool


def _state_of(selector: Any) -> _Waiting:
    state = getattr(selector, _STATE, None)
    execution = active.execution
    if not isinstance(state, _Waiting) or state.run != execution.serial:  # type: ignore[union-attr]
        state = _Waiting("event loop", caller())
        state.woken = False
        setattr(selector, _STATE, state)
    return state


class Select(External):
    """Wait for any of the files of a selector, or to be woken from inside."""

    __slots__ = ("found",)
    kind = "select"
    resource: _Waiting
    found: bool
    """Whether it had been woken."""

    def __init__(self, state: _Waiting, clock: VirtualClock, deadline: float | None, files: dict[int, int]) -> None:
        super().__init__("files", clock, deadline, files, None, state, has_both_ends(files))
        self.due = False

    def enabled(self) -> bool:
        return self.resource.woken or super().enabled()

    def foresee(self) -> Footprint:
        return ((self.resource, WRITE if self.resource.woken else READ),)

    def held(self) -> bool:
        return False

    def without(self, other: Operation) -> Footprint | Blocked:
        if other.found:
            return ((self.resource, WRITE),)
        return ((self.resource, READ),) if self.due else CAUSED

    def apply(self) -> bool:
        self.found = self.resource.woken
        self.due = self._came or self._clock.expired(self.deadline)
        if not self.found:
            return super().apply()
        self.mode = WRITE
        self.resource.woken = False
        return True


class Poll(Operation):
    """Look at the files of a selector without waiting."""

    __slots__ = ("found",)
    kind = "poll"
    resource: _Waiting
    mode = WRITE
    found: bool

    def apply(self) -> None:
        self.found = self.resource.woken
        self.resource.woken = False

    def changes(self) -> bool:
        return False


class Wake(Operation):
    """Wake the thread of an event loop."""

    __slots__ = ("found",)
    kind = "wake"
    resource: _Waiting
    found: bool

    def apply(self) -> None:
        self.found = self.resource.woken
        self.resource.woken = True


@cache
def _selecting(real: Any) -> Any:
    def select(self: Any, timeout: float | None = None) -> Any:
        if active.ident != get_ident():
            return real(self, timeout)
        execution = active.execution
        assert execution is not None
        state = _state_of(self)
        if timeout is not None and timeout <= 0:
            active.perform(Poll(state))
        else:
            files = {key.fd: POLLIN * bool(key.events & 1) | POLLOUT * bool(key.events & 2) for key in self.get_map().values()}
            deadline = None if timeout is None else execution.clock.deadline(timeout, execution.current)
            active.perform(Select(state, execution.clock, deadline, files))
        return real(self, 0)

    return like(real, select)


def replaced_in_selectors(selectors: Any) -> list[Replacement]:
    """What stands in the classes of `selectors`."""
    found = []
    for name in ("SelectSelector", "_PollLikeSelector", "EpollSelector", "DevpollSelector", "KqueueSelector"):
        cls = getattr(selectors, name, None)
        method = vars(cls).get("select") if cls is not None else None
        if method is not None and method.__module__ == "selectors" and method not in _ours:
            _ours.add(_selecting(method))
            found.append((cls, "select", _selecting(method)))
    return found


_ours: set[Any] = set()


@cache
def _waking(real: Any) -> Any:
    def _write_to_self(self: Any) -> None:
        selector = vars(self).get("_selector")
        if active.ident == get_ident() and selector is not None:
            active.perform(Wake(_state_of(selector)))
        real(self)

    return like(real, _write_to_self)


def replaced_in_asyncio(module: Any) -> list[Replacement]:
    """What stands in the event loops of `asyncio`."""
    cls = module.BaseSelectorEventLoop
    method = vars(cls)["_write_to_self"]
    if method in _ours:
        return []
    _ours.add(_waking(method))
    return [(cls, "_write_to_self", _waking(method))]


def _number(thing: Any) -> int:
    return thing if isinstance(thing, int) else int(thing.fileno())


_real_select, _real_read, _real_pipe, _real_socketpair = select.select, os.read, os.pipe, socket.socketpair


def _select(rlist: Any, wlist: Any, xlist: Any, timeout: float | None = None, /) -> Any:
    if active.ident != get_ident() or (timeout is not None and not isinstance(timeout, (int, float))):
        return _real_select(rlist, wlist, xlist, timeout)
    rlist, wlist, xlist = list(rlist), list(wlist), list(xlist)
    files: dict[int, int] = {}
    for things, events in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLIN)):
        for thing in things:
            files[_number(thing)] = files.get(_number(thing), 0) | events
    if not files and timeout is None:
        return _real_select(rlist, wlist, xlist, timeout)
    wait_outside("files", timeout, files)
    return _real_select(rlist, wlist, xlist, 0)


def _read(fd: int, length: int, /) -> bytes:
    if active.ident == get_ident() and not active.execution.current.atomic and _blocks(fd):  # type: ignore[union-attr]
        wait_outside("a pipe or device", None, {fd: POLLIN})
    return _real_read(fd, length)


def _blocks(fd: Any) -> bool:
    try:
        return not stat.S_ISREG(os.fstat(fd).st_mode) and os.get_blocking(fd)
    except (OSError, TypeError, AttributeError):
        return False


def _pipe() -> tuple[int, int]:
    ends = _real_pipe()
    made_both_ends(*ends)
    return ends


def _socketpair(*args: Any, **kwargs: Any) -> Any:
    one, other = _real_socketpair(*args, **kwargs)
    made_both_ends(one.fileno(), other.fileno())
    return one, other


REPLACED: dict[Any, Any] = {
    _real_select: like(_real_select, _select),
    _real_read: like(_real_read, _read),
    _real_pipe: like(_real_pipe, _pipe),
    _real_socketpair: like(_real_socketpair, _socketpair),
}
"""The real functions, and what stands for each."""
