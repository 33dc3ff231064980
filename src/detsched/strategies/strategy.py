"""What every strategy is: three methods."""

from __future__ import annotations

from dataclasses import dataclass

from .._core.execution import Step
from .._core.failure import Failure
from .._core.log import Log
from .._core.thread import ControlledThread


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that is about to begin: its number within the exploration, from 0, and the seed that its randomness flows from."""

    index: int
    seed: int


class Strategy:
    """Makes the choices of runs, and learns from run to run.

    A strategy that always runs the thread that was started last:

    >>> class Youngest(Strategy):
    ...     def choose(self, step):
    ...         return step.enabled[-1]

    Hand it to a run as `strategy=Youngest`. `begin` and `end` are optional.
    """

    complete: bool = False
    """Whether everything that there is to try was run, to its end. A strategy that can tell sets it; it is looked at when `end` said that nothing is left."""
    redundant: int = 0
    """Runs that were equivalent to an earlier one."""
    exact: bool = True
    """Whether there were no more of these than it knows of."""
    cut: int = 0
    """Runs that were stopped because they were too long, or went round in circles."""
    runs: int = 0
    """How many runs a systematic strategy has made."""
    limits: str = ""
    """Within which bounds it is complete, in words that follow on "all orderings"; empty where there are none."""
    covered: str = ""
    """What it is complete for by now, in the same words; empty where that is nothing."""
    estimate: float | None = None
    """How many runs it would take in all, as far as that can be told by now."""
    systematic: bool = False
    """Whether the runs are to differ in nothing but its choices: then every run has the same seed."""
    repeatable = False
    """Whether `begin` with an equal turn makes it choose as before, whatever it has learnt since."""

    def begin(self, run: Turn) -> None:
        """A run begins."""

    def choose(self, step: Step) -> ControlledThread:
        """One of `step.enabled`, the threads that can go on: each has `pending`, its next operation, `name` and `path`."""
        raise NotImplementedError

    def choose_value(self, count: int) -> int:
        """The answer to `detsched.choose()`: an index below `count`."""
        return 0

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        """A run has ended: whether there is anything left to try."""
        return True
