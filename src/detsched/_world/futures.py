"""concurrent.futures: what the interpreter does for its threads at exit, a run does at its end."""

from __future__ import annotations

import itertools
import sys
from typing import Any

from _thread import get_ident

from .._core.active import active


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
    ours = {record.handle for record in active.execution.live}
    workers = [(thread, queue) for thread, queue in module._threads_queues.items() if thread in ours]
    if not workers:
        return
    before, module._shutdown = module._shutdown, True
    try:
        for _, queue in workers:
            queue.put(None)
        for thread, _ in workers:
            thread.join()
    finally:
        module._shutdown = before


def restart_names() -> None:
    """The names of a pool's threads come from a counter of the whole process: begin anew in each run."""
    module = _module()
    if module is not None:
        module.ThreadPoolExecutor._counter = itertools.count().__next__


class FutureIdentity:
    """A hash that is the same in every process, for futures made under control."""

    def __init__(self, future_class: Any) -> None:
        self.cls = future_class
        self.init = future_class.__init__
        identity = self

        def __init__(self: Any) -> None:
            identity.init(self)
            if active.ident == get_ident():
                creator = active.execution.current  # type: ignore[union-attr]
                site = ("", 0, "Future")
                number = creator.made[site] = creator.made.get(site, 0) + 1
                self._detsched_hash = hash((creator.ident, number, 1))

        def __hash__(self: Any) -> int:
            number: int | None = self.__dict__.get("_detsched_hash")
            return object.__hash__(self) if number is None else number

        self.methods = {"__init__": __init__, "__hash__": __hash__}
