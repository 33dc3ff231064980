"""Guided: follows a plan of turns as far as it fits, and switches nowhere else unless it has to.

What shrinking and the search for causes are made of: they change a schedule and see what comes of it, so most of their plans
fit no run to the letter. A plan names threads by their spawn path and events by their number within the thread, so that a
change in one place leaves the rest of it meaningful.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._core.active import active
from .._core.execution import Step
from .._core.log import Log
from .._core.schedule import Schedule
from .._core.thread import ControlledThread
from .strategy import Strategy, Turn


@dataclass(frozen=True)
class Plan:
    """Whose turn it is, and until when; and each thread's answers to `choose()` and about timeouts.

    A turn is a thread's label and the number of its own events after which it is over; None: when it can go on no further.
    A turn whose thread is past its end, or cannot go on, is passed over. After the last one there is no preemption any more.
    """

    turns: tuple[tuple[str, int | None], ...]
    answers: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @classmethod
    def of(cls, log: Log) -> Plan:
        """The plan that leads to a run that has been done."""
        answers: dict[str, list[int]] = {}
        for label, answer in log.answers:
            answers.setdefault(label, []).append(answer)
        return cls(turns(thread.label for thread in log.threads), tuple((label, tuple(given)) for label, given in sorted(answers.items())))


def turns(labels: Iterable[str]) -> tuple[tuple[str, int | None], ...]:
    """The turns in which threads do their events in a given order."""
    found: list[tuple[str, int | None]] = []
    done: dict[str, int] = {}
    for label in labels:
        done[label] = done.get(label, 0) + 1
        if found and found[-1][0] == label:
            found[-1] = (label, done[label])
        else:
            found.append((label, done[label]))
    return tuple(found)


@dataclass
class Alternatives:
    """What a run could have done otherwise: at which event, whether that would have been a preemption, and who could have gone on."""

    points: list[tuple[int, bool, tuple[str, ...]]] = field(default_factory=list)


class Guided(Strategy):
    """Follows a plan. `preempted` says after how many events each preemption of the last run was."""

    def __init__(self, plan: Plan, schedule: Schedule, steps: int | None = None, notes: Alternatives | None = None) -> None:
        self._plan = plan
        self.schedule = schedule
        """That of the run which the plan was made from: random numbers flow from the same seed, timeouts fire alike."""
        self._notes = notes
        self.steps = steps
        """After how many steps the run is given up; None: as the settings say."""
        self.preempted: list[int] = []

    def begin(self, run: Turn) -> None:
        self.preempted = []
        self._done: dict[str, int] = {}
        self._seen = 0
        self._position = 0
        self._begun = False
        self._answers: Mapping[str, list[int]] = {label: list(given) for label, given in self._plan.answers}

    def choose(self, step: Step) -> ControlledThread:
        current = step.current
        chosen = self._planned(step)
        if chosen is None:
            chosen = current if current in step.enabled else step.enabled[0]
        assert chosen is not None
        could_go_on = current in step.enabled
        if could_go_on and chosen is not current:
            self.preempted.append(step.index)
        if self._notes is not None:
            others = tuple(thread.label for thread in step.enabled if thread is not chosen)
            self._notes.points.append((step.index, could_go_on, others))
        return chosen

    def _planned(self, step: Step) -> ControlledThread | None:
        planned, done = self._plan.turns, self._done
        threads = step.log.threads
        for index in range(self._seen, len(threads)):
            label = threads[index].label
            done[label] = done.get(label, 0) + 1
            if self._begun and label != planned[self._position][0]:
                # It could not go on, and somebody else did, unasked.
                self._position += 1
                self._begun = False
        self._seen = len(threads)
        while self._position < len(planned):
            label, until = planned[self._position]
            if until is None or done.get(label, 0) < until:
                for thread in step.enabled:
                    if thread.label == label:
                        self._begun = True
                        return thread
            self._position += 1
            self._begun = False
        return None

    def choose_value(self, count: int) -> int:
        assert active.execution is not None
        given = self._answers.get(active.execution.current.label)
        return min(given.pop(0), count - 1) if given else 0
