"""External operations: what a thread waits for outside of the run. A child process, a pipe, a socket, a signal.

Nobody steers the world outside, so it must not drive the schedule: a thread that waits for it goes on when no other thread
can. Only then, and before the clock jumps, the run waits in real time, at most for as long as the earliest deadline is away.
So a run that waits for one thing at a time is the same every time; where several come in an order of their own, the order is
in the schedule, and a replay waits for what came first.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Mapping
from time import sleep
from typing import TYPE_CHECKING, Any

from .active import active
from .operation import READ, Mode, Operation
from .resource import Resource

if TYPE_CHECKING:
    from .clock import VirtualClock

POLLIN, POLLOUT = getattr(select, "POLLIN", 1), getattr(select, "POLLOUT", 4)
_poll: Callable[[], Any] | None = getattr(select, "poll", None)  # not on every system
_SLICE = 0.05
"""Real seconds for which the run waits in one piece, where what it waits for has to be asked."""


class External(Operation):
    """Wait for something outside of the run.

    `files` maps file descriptors to what is waited for (POLLIN, POLLOUT); `ask` tells for what has none whether it has come.
    `both_ends` says that the run has both ends of all these files, so that no real time needs to pass for anything to come.
    The result is whether it has, False if the deadline passed first.
    """

    __slots__ = ("deadline", "files", "_ask", "_clock", "_came", "_what", "_both_ends", "mode")
    kind = "wait outside"
    blocking = True
    external = True
    deadline: float | None

    def __init__(
        self,
        what: str,
        clock: VirtualClock,
        deadline: float | None,
        files: Mapping[int, int] = {},
        ask: Callable[[], bool] | None = None,
        resource: Resource | None = None,
        both_ends: bool = False,
    ) -> None:
        self.resource = resource
        self.mode: Mode = READ
        self.deadline = deadline
        self.files = files
        self._ask = ask
        self._clock = clock
        self._what = what
        self._came = False
        self._both_ends = both_ends
        if active.execution is not None:
            active.execution.expect_outside()
            if not both_ends:
                active.execution.log.beyond["it waits for the world outside"] = None

    def enabled(self) -> bool:
        return self._came or self._clock.expired(self.deadline)

    def apply(self) -> bool:
        came = self._came or look([self])
        if not came:
            self._clock.gave_up(self.deadline)
        self._ask = None
        return came

    def inside(self) -> bool:
        return self._both_ends

    def changes(self) -> bool:
        return self._came

    @property
    def key(self) -> str:
        return f"{self.kind} {self._what}"

    def parts(self) -> tuple[str, str]:
        return "hear from", self._what


def look(waiting: Iterable[Operation], seconds: float = 0.0) -> bool:
    """Note for each External among the operations whether it has come by now; at most `seconds` are waited for the first one."""
    operations: list[Any] = [operation for operation in waiting if operation.external]
    if any(operation._ask is not None for operation in operations) or _poll is None:
        seconds = min(seconds, _SLICE)
    return _come(operations, 0.0) or (seconds > 0 and _come(operations, seconds))


def ready(files: Mapping[int, int]) -> bool:
    """Whether any of the files is ready at this moment."""
    if _poll is None:
        return True
    poller = _poll()
    for fd, events in files.items():
        poller.register(fd, events)
    return bool(poller.poll(0))


def _come(operations: list[Any], seconds: float) -> bool:
    asked = [operation for operation in operations if operation._ask is not None and operation._ask()]
    files: set[int] = set()
    wanted: dict[int, int] = {}
    for operation in operations:
        for fd, events in operation.files.items():
            wanted[fd] = wanted.get(fd, 0) | events
    if wanted and _poll is not None:
        poller = _poll()
        for fd, events in wanted.items():
            poller.register(fd, events)
        files = {fd for fd, _ in poller.poll(0 if asked else int(seconds * 1000))}
    elif seconds and not asked:
        sleep(seconds)
    for operation in operations:
        if operation in asked or not files.isdisjoint(operation.files):
            operation._came = True
    return bool(asked or files)
