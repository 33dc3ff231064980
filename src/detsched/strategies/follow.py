"""Follow: a schedule from before, as far as it still fits."""

from __future__ import annotations

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.schedule import Schedule
from .._core.thread import ControlledThread
from .random import RandomWalk
from .strategy import Turn


class Follow(RandomWalk):
    """Makes the choices of a schedule until the run departs from it, and random ones from there on. Checks nothing else.

    For schedules that were kept while the program went on changing. `Replay` is for those that have to fit.
    """

    repeatable = False
    steps = None
    """After how many steps a run is too long: as for any other one."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self.schedule = schedule
        self._labels = schedule.threads()
        self._values = schedule.values
        self._answers = iter(self._values)
        self._departed = False
        self._events = 0
        self.fitted = 0
        """How many events, from the beginning of the last run, belonged to the thread that the schedule names."""

    def begin(self, run: Turn) -> None:
        super().begin(run)
        self.fitted, self._departed = 0, False
        self._answers = iter(self._values)

    def choose(self, step: Step) -> ControlledThread:
        if not self._departed and self._fits(step.log):
            label = self._labels[self.fitted]
            for thread in step.enabled:
                if thread.label == label:
                    return thread
        self._departed = True
        return super().choose(step)

    def choose_value(self, count: int) -> int:
        answer = count if self._departed else next(self._answers, count)
        return answer if answer < count else super().choose_value(count)

    def _fits(self, log: Log) -> bool:
        """Whether all that happened so far is what the schedule says, and it says more; counts it."""
        threads, labels = log.threads, self._labels
        while self.fitted < len(threads):
            if self.fitted >= len(labels) or threads[self.fitted].label != labels[self.fitted]:
                return False
            self.fitted += 1
        return self.fitted < len(labels)

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        if not self._departed:
            self._fits(log)
        self._events = len(log)
        return super().end(log, failures)

    @property
    def whole(self) -> bool:
        """Whether the last run was the whole schedule, and no more."""
        return self.fitted == len(self._labels) == self._events
