"""The OS threads that controlled threads run on, kept from run to run: making one costs 25 to 45 µs, waking one a few."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import _thread
from _thread import get_ident, start_new_thread

from .baton import Baton, make_baton
from .leftovers import Leftovers

# By name here: the threads of the pool begin in the middle of a run, where `_thread` tells what the program is to see.
get_native_id = getattr(_thread, "get_native_id", get_ident)
_KEEP = 64
"""Idle OS threads that stay for later runs. More than that is a rare program; its threads end with its run."""


class Job(Protocol):
    """What a worker does for one thread of a run."""

    def due(self) -> bool:
        """Whether the baton is this job's."""

    def __call__(self, clear: Callable[[], None], /) -> Baton | None:
        """Do it, and call `clear` to clear what it leaves behind in the OS thread.

        Returns whom to give the baton after it, None if the run has ended without it.
        """


class Worker:
    """One OS thread of the pool.

    Everything of the program has to be gone *before* the baton goes on: afterwards this thread runs beside another one, and
    must touch nothing but its own wait. An object of the program that died in that moment would run its finalizer outside of
    control.
    """

    __slots__ = ("baton", "job", "os_ident", "native_id", "_retired")

    def __init__(self) -> None:
        self.baton = make_baton()
        self.job: Job | None = None
        self.native_id = 0
        self._retired = False
        self.os_ident = start_new_thread(self._loop, ())

    def _loop(self) -> None:
        if hasattr(os, "sched_setaffinity"):
            self.native_id = get_native_id()
        take = self.baton.take
        leftovers = Leftovers()
        while True:
            try:
                take()
            except InterruptedError:
                continue  # a signal of the process came to this thread; its handler is called in the main thread
            job = self.job
            if job is None:
                if self._retired:
                    break
                continue  # a spare wake-up
            if not job.due():
                continue  # a spare wake-up, while the next job waits for its turn
            self.job = None
            following = job(leftovers.clear)
            del job
            if following is None:
                break  # the run has ended without this thread
            give = following.give
            del following
            if leftovers.complete:
                pool.idle.append(self)
                give()
            else:
                give()
                break

    def retire(self) -> None:
        """End the OS thread."""
        self._retired = True
        self.baton.give()


class Pool:
    """The idle workers, the batons of callers, and the CPU that all are pinned to."""

    def __init__(self) -> None:
        self.idle: list[Worker] = []
        self.batons: list[Baton] = []

    def worker(self) -> Worker:
        """An OS thread that waits for a job."""
        return self.idle.pop() if self.idle else Worker()

    def baton(self) -> Baton:
        """A baton for an OS thread that is not of the pool."""
        return self.batons.pop() if self.batons else make_baton()

    def trim(self) -> None:
        """End the OS threads that no later run is likely to need."""
        while len(self.idle) > _KEEP:
            self.idle.pop(0).retire()


pool = Pool()


def _forget_after_fork() -> None:
    # The child has only the thread that forked, and shares the batons' file descriptors with its parent.
    from .active import active

    _forking.clear()
    pool.idle.clear()
    pool.batons.clear()
    active.clear()
    if Pinned.before is not None:
        os.sched_setaffinity(0, Pinned.before)
        Pinned.before = None


def _before_fork() -> None:
    # The child is not under control, from the first thing that it does: the callbacks of others come before ours.
    from .active import active

    _forking.append(active.ident if active.ident == get_ident() else 0)
    if _forking[-1]:
        active.ident = 0


def _after_fork() -> None:
    from .active import active

    active.ident = _forking.pop() or active.ident


_forking: list[int] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_forget_after_fork)


@functools.cache
def _c_library() -> Any:
    import ctypes

    return ctypes.CDLL(None)


def _current_cpu(allowed: set[int]) -> int:
    """Where the system has put the calling thread: it spreads processes that test side by side over the CPUs."""
    try:
        cpu = int(_c_library().sched_getcpu())
    except (OSError, AttributeError):
        cpu = -1
    return cpu if cpu in allowed else min(allowed)


class Pinned:
    """While entered, the calling thread and the pool run on one CPU, which makes hand-overs several times cheaper.

    CPU affinity belongs to each OS thread and is inherited by those it makes, so every one is restored on exit.
    """

    before: ClassVar[set[int] | None] = None
    """The CPUs that the process may use, while it is pinned to one of them."""

    def __init__(self) -> None:
        self._before: set[int] | None = None

    def __enter__(self) -> None:
        if not hasattr(os, "sched_setaffinity"):
            return
        try:
            self._before = os.sched_getaffinity(0)
            self._set({_current_cpu(self._before)})
            Pinned.before = self._before
        except OSError:
            self._before = None

    def _set(self, cpus: set[int]) -> None:
        os.sched_setaffinity(0, cpus)
        for worker in pool.idle:
            if worker.native_id:
                try:
                    os.sched_setaffinity(worker.native_id, cpus)
                except OSError:
                    pass

    def __exit__(self, *exc: object) -> None:
        if self._before is not None:
            Pinned.before = None
            self._set(self._before)
        pool.trim()

