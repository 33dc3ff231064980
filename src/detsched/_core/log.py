"""The log of a run: which thread did which operation, in order. Everything else about a run is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .operation import Operation
    from .thread import ControlledThread


class Log:
    """Two parallel lists, because that is the cheapest thing to write at every step.

    `jumps` holds the positions before which the virtual clock jumped because nobody could run. `pending` is what the threads that
    were left at the end had announced and did not come to do: blocked ones, and daemons.
    """

    __slots__ = ("threads", "operations", "jumps", "pending")

    def __init__(self) -> None:
        self.threads: list[ControlledThread] = []
        self.operations: list[Operation] = []
        self.jumps: list[int] = []
        self.pending: list[tuple[ControlledThread, Operation]] = []

    def __len__(self) -> int:
        return len(self.threads)

    @property
    def switches(self) -> int:
        """Context switches: how often the next event belongs to another thread."""
        return sum(one is not other for one, other in zip(self.threads, self.threads[1:]))
