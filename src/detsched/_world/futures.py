"""concurrent.futures: what the interpreter does for its threads at exit, a run does at its end."""

from __future__ import annotations

import queue
import sys
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.unwind import Unwind


def _module() -> Any:
    return sys.modules.get("concurrent.futures.thread")


def end_idle_workers() -> None:
    """At the end of the program's main thread: tell the workers of executors that were not shut down to end, and join them.

    The interpreter does the same before it waits for its non-daemon threads; without it an executor in a module global would
    look like a deadlock.
    """
    module = _module()
    if module is None or active.execution is None:
        return
    ours = {id(record.handle) for record in active.execution.live}
    workers = [(thread, tasks) for thread, tasks in module._threads_queues.items() if id(thread) in ours]
    if not workers:
        return
    executors = [thread._args[0]() for thread, _ in workers]
    before, module._shutdown = module._shutdown, True
    try:
        for _, tasks in workers:
            tasks.put(None)
        for thread, _ in workers:
            thread.join()
    finally:
        module._shutdown = before
    for executor, (thread, _) in zip(executors, workers):
        if executor is not None:
            _as_new(executor, thread)


def _as_new(executor: Any, ended: Any) -> None:
    """An executor that outlives the run finds no workers there in the next one, rather than ended ones."""
    executor._threads.discard(ended)
    executor._shutdown = False
    if not executor._threads:
        executor._idle_semaphore._value = 0
        while True:
            try:
                executor._work_queue.get_nowait()
            except queue.Empty:
                break


class _Numbers:
    """The numbers in the names of pools, which come from a counter of the whole process otherwise."""

    next = 0

    def __call__(self) -> int:
        number, self.next = self.next, self.next + 1
        return number


_numbers = _Numbers()


def restart_names() -> None:
    """A run begins: the names of its pools begin anew."""
    _numbers.next = 0


_future_methods: dict[Any, dict[str, Any]] = {}


def replaced_in_thread(module: Any) -> list[tuple[Any, str, Any]]:
    """What stands in `concurrent.futures.thread`."""
    return [(module.ThreadPoolExecutor, "_counter", _numbers)]


def replaced_in_base(module: Any) -> list[tuple[Any, str, Any]]:
    """What stands in `concurrent.futures._base`."""
    if module.Future not in _future_methods:
        _future_methods[module.Future] = _stable_hash(module.Future)
    # Locks of several futures are taken in the order of their ids, which would be the order of their addresses.
    logger = module.LOGGER if isinstance(module.LOGGER, _QuietLogger) else _QuietLogger(module.LOGGER)
    methods = _future_methods[module.Future]
    return [(module, "id", _stable_id), (module, "LOGGER", logger), *((module.Future, name, method) for name, method in methods.items())]


class _QuietLogger:
    """The logger of concurrent.futures, which has nothing to say of workers that are unwound."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._logger, name)

    def critical(self, *args: Any, **kwargs: Any) -> None:
        if not isinstance(sys.exception(), Unwind):
            self._logger.critical(*args, **kwargs)


def _stable_id(thing: Any) -> int:
    number: int | None = getattr(thing, "_detsched_hash", None)
    return id(thing) if number is None else number & 0xFFFFFFFFFFFF  # shown in reprs, as an address is


def _stable_hash(cls: Any) -> dict[str, Any]:
    """Futures made under control hash alike in every process: `wait` and `as_completed` keep them in sets."""
    init = cls.__init__

    def __init__(self: Any) -> None:
        init(self)
        if active.ident == get_ident():
            self._detsched_hash = active.execution.current.number("Future")  # type: ignore[union-attr]

    def __hash__(self: Any) -> int:
        number: int | None = self.__dict__.get("_detsched_hash")
        return object.__hash__(self) if number is None else number

    __init__.__wrapped__ = init  # type: ignore[attr-defined]
    return {"__init__": __init__, "__hash__": __hash__}
