"""Replay: the choices of a recorded run again, each step checked against the recording."""

from __future__ import annotations

from .._core.active import active
from .._core.execution import Execution, Step
from .._core.operation import Operation
from .._core.schedule import Checksum, Schedule
from .._core.thread import ControlledThread
from .._core.verdict import lock_cycle
from ..errors import DivergenceError
from .strategy import Strategy, Turn

CAUSES = (
    "usual causes: the program was edited, it keeps state between runs, or it depends on something outside of control "
    "(an address, the order of a set, a clock or a process id that detsched does not see, a file, the network)"
)


class Replay(Strategy):
    """Follows a schedule. Also an observer of the run: it checks what each event was.

    Raises DivergenceError at the first step that differs: a thread that cannot go on, other operations than recorded, or an
    end that comes too early or too late.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = self._schedule = schedule
        self._threads = schedule.threads()
        self._stride = schedule.stride
        self._sums = schedule.sums
        self.steps = len(schedule) if schedule.stopped else None
        """After how many steps the run is to be judged as too long, as it was when it was recorded."""
        self._begin()

    def begin(self, run: Turn) -> None:
        self._begin()

    def _begin(self) -> None:
        self._checksum = Checksum()
        self._done = 0
        self._answers = iter(self._schedule.values)

    def choose(self, step: Step) -> ControlledThread:
        index = step.index
        if index >= len(self._threads):
            if active.execution is not None and lock_cycle(active.execution.current):
                return step.enabled[0]  # that cycle is the end of the run, whoever else could go on
            raise self._differs(index, "the end of the run", f"{len(step.enabled)} threads that can go on")
        label = self._threads[index]
        for thread in step.enabled:
            if thread.label == label:
                return thread
        able = ", ".join(f"{thread.name} ({thread.pending.describe() if thread.pending else 'begins'})" for thread in step.enabled)
        raise self._differs(index, f"thread {label}", f"a choice between {able}")

    def awaited(self, index: int) -> str | None:
        """Who came first of those that waited for the world outside, when there was nobody else."""
        return self._threads[index] if index < len(self._threads) else None

    def choose_value(self, count: int) -> int:
        answer = next(self._answers, 0)
        if answer >= count:
            raise self._differs(self._done, f"answer {answer} to choose()", f"only {count} options")
        return answer

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None:
        """Check one event against the recording."""
        index = self._done
        came = f"{thread.label} {operation.describe()}"
        self._checksum.add(thread, operation)
        self._done += 1
        if index >= len(self._threads):
            raise self._differs(index, "the end of the run", came)
        if thread.label != self._threads[index]:
            raise self._differs(index, f"thread {self._threads[index]}", came)
        if self._sums is not None:
            if self._sums[index] != self._checksum.value:
                raise self._differs(index, None, came, 1)
        elif self._done % self._stride == 0 and self._mark(index) != self._checksum.mark:
            raise self._differs(index, None, came, self._stride)

    def _mark(self, index: int) -> str:
        position = (index + 1) // self._stride - 1
        return self._schedule.marks[position] if position < len(self._schedule.marks) else ""

    def finish(self) -> None:
        """Check that the run did not end too early."""
        if self._done < len(self._threads):
            raise self._differs(self._done, f"thread {self._threads[self._done]}", "the end of the run")

    def _differs(self, index: int, wanted: str | None, came: str, stride: int = 1) -> DivergenceError:
        operations = self._schedule.operations
        if operations is not None and index < len(operations) and stride == 1:
            wanted = operations[index]
        first = index + 1
        if stride > 1:
            where = f"between steps {first - stride + 1} and {first}"
        else:
            where = f"at step {first}"
        expected = f"expected {wanted}, " if wanted is not None else "expected another operation, "
        return DivergenceError(f"the replay departs from the recording {where}: {expected}came {came}; {CAUSES}")
