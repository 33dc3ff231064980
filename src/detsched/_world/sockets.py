"""Sockets: what blocks on one waits for the world outside, and the run with it only when nobody else can go on.

This is no model of a network. The other end may well be a thread of the same run; that it answers is then as certain as the
kernel is, which is good for messages that fit its buffers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.external import POLLIN, POLLOUT, ready
from .outside import Replacement, like, uncontrolled, wait_outside

_READING = ("accept", "recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into")
_WRITING = ("send", "sendto", "sendmsg")
_CHUNK = 1 << 16


def _blocks(sock: Any) -> bool:
    return active.ident == get_ident() and sock.gettimeout() != 0 and sock.fileno() >= 0


def _wait(sock: Any, events: int) -> None:
    fd = sock.fileno()
    if events == POLLOUT and ready({fd: events}):
        return
    if not wait_outside("a socket", sock.gettimeout(), {fd: events}):
        raise TimeoutError("timed out")


@cache
def _waiting(real: Any, events: int) -> Any:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _blocks(self):
            _wait(self, events)
        return real(self, *args, **kwargs)

    return like(real, call)


@cache
def _sending_all(real: Any, send: Any) -> Any:
    def sendall(self: Any, data: Any, flags: int = 0, /) -> None:
        if not _blocks(self):
            real(self, data, flags)
            return
        with memoryview(data) as view, view.cast("B") as left:
            done = 0
            while done < len(left):
                _wait(self, POLLOUT)
                done += send(self, left[done : done + _CHUNK], flags)

    return like(real, sendall)


@cache
def _connecting(real: Any) -> Any:
    def connect(self: Any, address: Any, /) -> Any:
        if not _blocks(self):
            return real(self, address)
        with uncontrolled():
            return real(self, address)

    return like(real, connect)


def replaced_in_socket(module: Any) -> list[Replacement]:
    """What stands in `socket.socket`."""
    cls = module.socket
    if cls.sendall in _ours:
        return []
    found = [(cls, name, _waiting(getattr(cls, name), POLLIN)) for name in _READING if hasattr(cls, name)]
    found += [(cls, name, _waiting(getattr(cls, name), POLLOUT)) for name in _WRITING if hasattr(cls, name)]
    found += [(cls, "sendall", _sending_all(cls.sendall, cls.send)), (cls, "connect", _connecting(cls.connect))]
    _ours.add(found[-2][2])
    return found


_ours: set[Any] = set()
