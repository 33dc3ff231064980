"""A baton: what one OS thread waits on until another one lets it go on.

Measured on two OS threads pinned to one CPU, a hand-over by eventfd costs about a third of one by `_thread.lock`:
`lock.release()` keeps the GIL, so the woken thread preempts, finds the GIL taken and sleeps again, three context switches
for one; `eventfd_write` gives the GIL up around its system call. So: eventfd where there is one, pipes on other POSIX
systems, locks elsewhere.

A baton that is given twice before it is taken may wake its taker twice. The taker checks what it waits for, so a spare
wake-up is harmless; that is what makes giving again safe where an interrupt hides whether the first one happened.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial

from _thread import allocate_lock


class Baton:
    """`give()` lets the one who `take()`s go on, now or when it comes."""

    __slots__ = ("give", "take", "_fds")

    give: Callable[[], object]
    take: Callable[[], object]

    def __init__(self, *fds: int) -> None:
        self._fds = fds

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        for fd in self._fds:
            close(fd)


def _eventfd_baton() -> Baton:
    fd = os.eventfd(0, os.EFD_CLOEXEC)
    baton = Baton(fd)
    baton.give = partial(os.eventfd_write, fd, 1)
    baton.take = partial(os.eventfd_read, fd)
    return baton


def _pipe_baton() -> Baton:
    reader, writer = os.pipe()
    baton = Baton(reader, writer)
    baton.give = partial(os.write, writer, b"!")
    baton.take = partial(os.read, reader, 1)
    return baton


def _lock_baton() -> Baton:
    baton = Baton()
    lock = allocate_lock()
    lock.acquire()

    def give() -> None:
        try:
            lock.release()
        except RuntimeError:
            pass  # given twice: the taker is awake already or will be

    baton.give = give
    baton.take = lock.acquire
    return baton


if hasattr(os, "eventfd"):
    make_baton: Callable[[], Baton] = _eventfd_baton
elif sys.platform != "win32":
    make_baton = _pipe_baton
else:
    make_baton = _lock_baton
