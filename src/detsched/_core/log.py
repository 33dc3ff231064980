"""The log of a run: which thread did which operation, in order. Everything else about a run is derived from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .operation import Footprint, Operation
    from .thread import ControlledThread


class Log:
    """Two parallel lists, because that is the cheapest thing to write at every step.

    `jumps` holds the positions before which the virtual clock jumped, or something came from outside, because nobody could run. `expired` holds the positions
    of timeouts that fired without such a jump, and their deadlines. `pending` is what the threads that were left at the end had
    announced and did not come to do: blocked ones, and daemons. `answers` are those of `choose()` and of timeouts that may fire
    at any time, each with the label of the thread that asked.
    """

    __slots__ = ("threads", "operations", "jumps", "expired", "pending", "answers", "waiting", "left", "ended", "cycle", "interrupted", "anytime", "beyond")

    def __init__(self) -> None:
        self.threads: list[ControlledThread] = []
        self.operations: list[Operation] = []
        self.jumps: list[int] = []
        self.expired: dict[int, float] = {}
        self.pending: list[tuple[ControlledThread, Operation]] = []
        self.answers: list[tuple[str, int]] = []
        self.waiting: list[list[tuple[ControlledThread, Operation]]] = []
        """For each jump, the operations that could not go on because somebody else held what they wait for."""
        self.left: list[tuple[ControlledThread, Operation, bool | None, Footprint, bool]] = []
        """The threads that were there when the run was over, each with its pending operation; whether that could have gone on (True;
        False, because somebody held what it waits for; None, because what it waits for had not come), with what footprint, and
        whether it would have asked the strategy something."""
        self.interrupted: list[tuple[int, Operation, bool | None, Footprint, bool]] = []
        """Before which events the main thread called signal handlers, and what it was about to do, as in `left`."""
        self.anytime = False
        """Whether timeouts may fire at any time."""
        self.beyond: dict[str, None] = {}
        """What had a say in the run that no schedule decides, in words: then no search over schedules covers everything."""
        self.ended = False
        """Whether the run was over because the last thread that is no daemon had ended."""
        self.cycle: frozenset[ControlledThread] = frozenset()
        """The cycle of lock waits at which the run was stopped, whoever else could have gone on."""

    def __len__(self) -> int:
        return len(self.threads)

    @property
    def switches(self) -> int:
        """Context switches: how often the next event belongs to another thread."""
        return sum(one is not other for one, other in zip(self.threads, self.threads[1:]))
