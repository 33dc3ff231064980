"""The virtual clock: the time that controlled code sees.

A reading is `base + tick × (weight of the events in the reader's causal past)`. So it is equal in equivalent runs, it grows
along happens-before, and it conflicts with nothing. (A tick per step of the whole run would make every reading depend on
all other threads, and with that void any reduction.) Consecutive readings by one thread double their weight, so that a busy
loop which waits a second for a deadline ends after some twenty readings.

`base` moves only when nobody can run: then it jumps to the earliest deadline.
"""

from __future__ import annotations

from .causality import Causality
from .log import Log
from .operation import Operation
from .thread import ControlledThread

TICK = 1e-6
"""Seconds that one event in the causal past adds to a reading."""
ORIGIN = 100_000.0
"""What `time.monotonic()` and `time.perf_counter()` are at the start of a run: as on a machine that is up for a day."""
EPOCH = 1_767_225_600.0
"""What `time.time()` is at the start of a run: 2026-01-01 00:00:00 UTC, whatever the day is."""


class VirtualClock:
    """The clock of one run. `base` is in seconds since the start of the run."""

    __slots__ = ("base", "_log", "_causality")

    def __init__(self, log: Log) -> None:
        self.base = 0.0
        self._log = log
        self._causality: Causality | None = None  # most programs never look at a clock

    def read(self, thread: ControlledThread) -> float:
        """Seconds since the start of the run, as `thread` sees them after its last event."""
        if self._causality is None:
            self._causality = Causality(self._log)
        return self.base + TICK * sum(self._causality.past(thread).values())


class ReadClock(Operation):
    """A reading of any clock. An operation, so that a loop which polls the clock lets others run; it conflicts with nothing."""

    __slots__ = ("_clock", "_thread")
    kind = "read clock"

    def __init__(self, clock: VirtualClock, thread: ControlledThread) -> None:
        self.resource = None
        self._clock = clock
        self._thread = thread

    def apply(self) -> float:
        return self._clock.read(self._thread)


class Sleep(Operation):
    """Wait until a deadline. A sleep of nothing only lets others run."""

    __slots__ = ("deadline", "_clock", "_seconds")
    kind = "sleep"
    blocking = True
    deadline: float

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self.resource = None
        self._clock = clock
        self._seconds = seconds
        self.deadline = clock.base + seconds

    def enabled(self) -> bool:
        return self._clock.base >= self.deadline

    def apply(self) -> None:
        return None

    def parts(self) -> tuple[str, str]:
        return f"sleep {self._seconds:g} s", ""
