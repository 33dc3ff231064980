"""The clock of a run: the time that controlled code sees.

A reading of the virtual clock is `base + tick × (weight of the events in the reader's causal past)`. So it is equal in
equivalent runs, it grows along happens-before, and it conflicts with nothing. (A tick per step of the whole run would make
every reading depend on all other threads, and with that void any reduction.) Consecutive readings by one thread double their
weight, so that a busy loop which waits a second for a deadline ends after some twenty readings.

`base` moves only when nobody can run: then it jumps to the earliest deadline.

Where any timeout may fire at any time, it fires without such a jump, which would order it after everything else. What the
thread sees is then that its own time has come to the deadline, and so does whoever learns of it: time spreads along
happens-before.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep

from .causality import TIME, Causality
from .log import Log
from .operation import Operation
from .thread import ControlledThread

TICK = 1e-6
"""Seconds that one event in the causal past adds to a reading."""
ORIGIN = 100_000.0
"""What `time.monotonic()` and `time.perf_counter()` are at the start of a run: as on a machine that is up for a day."""
EPOCH = 1_767_225_600.0
"""What `time.time()` is at the start of a run: 2026-01-01 00:00:00 UTC, whatever the day is."""


_LONGEST = 3600.0 * 24 * 365


class VirtualClock:
    """The clock of one run. `base` is in seconds since the start of the run."""

    __slots__ = ("base", "anytime", "_log", "_causality", "_answer")

    real = False
    """Whether the clock is the machine's."""

    def __init__(self, log: Log, anytime: bool, answer: Callable[[int], int]) -> None:
        self.base = 0.0
        self.anytime = anytime
        """Whether a timeout may fire whenever the strategy says; else only when nobody can run."""
        self._log = log
        self._causality: Causality | None = None  # most programs never look at a clock
        self._answer = answer

    def _past(self, thread: ControlledThread) -> dict[object, float]:
        if self._causality is None:
            self._causality = Causality(self._log)
        return self._causality.past(thread)

    def read(self, thread: ControlledThread) -> float:
        """Seconds since the start of the run, as `thread` sees them after its last event."""
        past = self._past(thread)
        own = past.get(TIME, 0.0)
        return max(self.base, own) + TICK * (sum(past.values()) - own)

    def deadline(self, timeout: float, thread: ControlledThread) -> float:
        """When a timeout of `thread` that begins now ends."""
        if self.anytime:
            return max(self.base, self._past(thread).get(TIME, 0.0)) + timeout
        return self.base + timeout

    def expired(self, deadline: float | None) -> bool:
        """Whether a wait may give up."""
        return deadline is not None and (self.anytime or self.base >= deadline)

    def fires(self) -> bool:
        """Whether a timed wait that need not give up does so all the same: a choice, where timeouts may fire at any time."""
        return self.anytime and self._answer(2) == 1

    def gave_up(self, deadline: float | None) -> None:
        """A wait gave up, in the event that is the log's last: its thread's time has come to the deadline."""
        if self.anytime and deadline is not None:
            self._log.expired[len(self._log) - 1] = deadline

    def pass_time(self, until: float) -> None:
        """Nobody can run before `until`."""
        self.base = until


class RealClock(VirtualClock):
    """The machine's clock: readings are its own, and a sleep takes as long as it says.

    Who goes on when is decided on the virtual clock all the same, for the order in which real deadlines come is not the same
    twice. A jump waits until every wait that is due then has had its time.
    """

    __slots__ = ("_due",)

    real = True

    def __init__(self, log: Log, anytime: bool, answer: Callable[[int], int]) -> None:
        super().__init__(log, anytime, answer)
        self._due: dict[float, float] = {}

    def deadline(self, timeout: float, thread: ControlledThread) -> float:
        deadline = super().deadline(timeout, thread)
        self._due[deadline] = max(self._due.get(deadline, 0.0), monotonic() + timeout)
        return deadline

    def pass_time(self, until: float) -> None:
        due = [deadline for deadline in self._due if deadline <= until]
        left = max((self._due.pop(deadline) for deadline in due), default=0.0) - monotonic()
        sleep(max(0.0, min(left, _LONGEST)))
        self.base = until


class ReadClock(Operation):
    """A reading of any clock. An operation, so that a loop which polls the clock lets others run; it conflicts with nothing."""

    __slots__ = ("_clock", "_thread")
    kind = "read clock"

    def __init__(self, clock: VirtualClock, thread: ControlledThread) -> None:
        self.resource = None
        self._clock = clock
        self._thread = thread

    def apply(self) -> float:
        return 0.0 if self._clock.real else self._clock.read(self._thread)


class Sleep(Operation):
    """Wait until a deadline. A sleep of nothing only lets others run."""

    __slots__ = ("deadline", "_clock", "_seconds")
    kind = "sleep"
    blocking = True
    sleeps = True
    deadline: float

    def __init__(self, clock: VirtualClock, seconds: float, thread: ControlledThread) -> None:
        self.resource = None
        self._clock = clock
        self._seconds = seconds
        self.deadline = clock.deadline(seconds, thread)

    def enabled(self) -> bool:
        return self._clock.base >= self.deadline or self._clock.anytime

    def held(self) -> bool:
        return False

    def apply(self) -> None:
        self._clock.gave_up(self.deadline)

    def parts(self) -> tuple[str, str]:
        return f"sleep {self._seconds:g} s", ""
