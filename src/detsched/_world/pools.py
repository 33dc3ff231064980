"""multiprocessing.pool.ThreadPool: a pool of threads that notifies itself through a pipe. Under control a queue does."""

from __future__ import annotations

import weakref
from functools import cache
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._sync.simplequeue import SimpleQueue
from .outside import Replacement, like

_ours: set[Any] = set()
_of_the_run: weakref.WeakSet[Any] = weakref.WeakSet()


def end() -> None:
    """A run has ended, and the threads of its pools with it: nobody needs to end them at the exit of the process."""
    for pool in list(_of_the_run):
        if hasattr(pool, "_terminate"):
            pool._terminate.cancel()
            pool._state = "TERMINATE"
    _of_the_run.clear()


class _Notifier(SimpleQueue):
    """What tells the pool's thread of changes."""

    @property
    def _reader(self) -> Any:
        return self


class _Context:
    """The pool's context, but for its queue."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def SimpleQueue(self) -> _Notifier:
        return _Notifier()


@cache
def _setting_up(real: Any) -> Any:
    def _setup_queues(self: Any) -> None:
        if active.ident == get_ident():
            self._ctx = _Context(self._ctx)
            _of_the_run.add(self)
        real(self)

    return like(real, _setup_queues)


@cache
def _waiting(real: Any) -> Any:
    def _wait_for_updates(sentinels: Any, change_notifier: Any, timeout: float | None = None) -> None:
        if not isinstance(change_notifier, _Notifier):
            real(sentinels, change_notifier, timeout)
            return
        change_notifier.get()
        while not change_notifier.empty():
            change_notifier.get()

    return like(real, _wait_for_updates)


def replaced_in_pool(pool: Any) -> list[Replacement]:
    """What stands in `multiprocessing.pool`."""
    setup, wait = vars(pool.ThreadPool)["_setup_queues"], pool.Pool._wait_for_updates
    if setup in _ours:
        return []
    _ours.add(_setting_up(setup))
    return [(pool.ThreadPool, "_setup_queues", _setting_up(setup)), (pool.Pool, "_wait_for_updates", staticmethod(_waiting(wait)))]
