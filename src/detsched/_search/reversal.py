"""Which two steps have to change places for the run to pass: found by doing the run again with them reversed.

Candidates are pairs of conflicting events of different threads, neither of which has to come first: at a lock the two
acquires, not the release in between. A pair is a cause only if a run was done in which the second came before the first, and
which passed. So what a report says about it is no guess; but several pairs may be causes, and the likeliest one is shown:
first those that a preemption keeps apart, the second part of a thread's work from its first part, nearest to it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._core.log import Log
from .._core.operation import Operation
from .._core.precedence import predecessors
from .._core.thread import ControlledThread
from .._report.story import Pair
from ..strategies import Turn
from ..strategies.guided import Guided, Plan, turns
from .session import Done, Session

if TYPE_CHECKING:
    from .run import Run

RUNS = 60
"""The most runs that the search for a cause may take."""
STEPS = 300_000
SECONDS = 10.0
"""Real seconds after which no further run begins."""
_clock = time.perf_counter
_FOLLOWS = ("woken", "join", "open", "leave")
"""Operations that can only come after what wakes them."""
_FAR = 1_000
"""How many steps back in a thread anything is looked for."""
_FURTHER = 6
"""How many of a thread's earlier steps are looked at for each pair."""
_LEADS = ("start", "notify")
"""Operations that what follows them could not come before."""


@dataclass(frozen=True)
class Reversal:
    """Two steps, and the run that passed with the second one before the first."""

    pair: Pair
    passed: Done


class _Search:
    def __init__(self, log: Log, cuts: list[int], failing: str | None) -> None:
        self._log = log
        self._cuts = set(cuts)
        self._failing = failing
        self._before = predecessors(log)
        self._of_thread: dict[ControlledThread, list[int]] = {}
        self._last_touch: dict[tuple[ControlledThread, int], int] = {}
        for index, thread in enumerate(log.threads):
            self._of_thread.setdefault(thread, []).append(index)
            for resource, _ in log.operations[index].footprint():
                self._last_touch[thread, id(resource)] = index
        self._answers = Plan.of(log).answers
        waiting = [operation for _, operation in log.pending if operation.kind not in _FOLLOWS or operation.kind == "woken"]
        self._awaited = {id(resource) for operation in waiting for resource in operation.awaited()}
        self._last = len(log)
        if failing is not None:
            # What came after the last step of the thread that raised has no part in it.
            self._last = max((index for index, thread in enumerate(log.threads) if thread.label == failing), default=-1) + 1

    def candidates(self) -> list[Pair]:
        """Pairs that could be reversed, the likeliest cause first."""
        found: dict[Pair, None] = {}
        log = self._log
        for second, earlier in enumerate(self._before):
            for first in earlier:
                if log.operations[second].kind not in _FOLLOWS and log.operations[first].kind not in _LEADS:
                    self._add(found, first, second, log.threads[second], log.operations[second])
                    for further in self._further(first, second):
                        self._add(found, further, second, log.threads[second], log.operations[second])
        for thread, operation in log.pending:
            if operation.kind not in _FOLLOWS:
                for first in self._last_touches(operation, thread):
                    self._add(found, first, None, thread, operation)
        return sorted((pair for pair in found if pair.first < self._last), key=self._rank)

    def _add(self, found: dict[Pair, None], first: int, second: int | None, thread: ControlledThread, operation: Operation) -> None:
        log = self._log
        shared = {id(resource) for resource, _ in operation.footprint()} & {id(resource) for resource, _ in log.operations[first].footprint()}
        if not shared:
            return
        if operation.blocking:
            # What had to come first is the release; what can be reversed is the taking.
            if log.operations[first].kind in ("release", "wait"):
                first = next((index for index in self._before_in_thread(first) if self._touches(index, shared)), first)
        found[Pair(first, second, thread.label)] = None

    def _further(self, first: int, second: int) -> list[int]:
        """Earlier steps of the same thread that conflict with the second one, too: the order may be decided by one of these."""
        log = self._log
        conflicting = (index for index in self._before_in_thread(first) if log.operations[index].conflicts(log.operations[second]))
        found = list(islice(conflicting, _FURTHER))[::-1]
        return [index for index in found if log.operations[index].kind not in ("release", "wait", *_LEADS)]

    def _before_in_thread(self, index: int) -> Iterator[int]:
        """The earlier events of the same thread, from the nearest on, as far as anybody would look for them."""
        mine = self._of_thread[self._log.threads[index]]
        place = bisect_left(mine, index)
        return reversed(mine[max(0, place - _FAR) : place])

    def _touches(self, index: int, resources: set[int]) -> bool:
        return any(id(resource) in resources for resource, _ in self._log.operations[index].footprint())

    def _last_touches(self, operation: Operation, thread: ControlledThread) -> Iterator[int]:
        """The last event of each other thread that conflicts with an operation that nobody came to do."""
        seen: set[ControlledThread] = {thread}
        for index in range(len(self._log) - 1, -1, -1):
            other = self._log.threads[index]
            if other not in seen and self._log.operations[index].conflicts(operation):
                seen.add(other)
                yield index

    def _rank(self, pair: Pair) -> tuple[int, int, int]:
        log = self._log
        end = len(log) if pair.second is None else pair.second
        thread = log.threads[pair.first]
        resources = {id(resource) for resource, _ in log.operations[pair.first].footprint()}
        if self._failing is None and resources & self._awaited:
            return 0, len(log) - end, end - pair.first
        mine = self._of_thread[thread]
        last = mine[bisect_left(mine, end) - 1]
        if last >= pair.first and last + 1 in self._cuts:
            returns = any(self._last_touch[thread, resource] >= end for resource in resources)
            return (1 if returns else 2), last + 1 - pair.first, end
        return 3 if pair.label == self._failing else 4, len(log) - end, end - pair.first

    def reversed(self, pair: Pair) -> Iterator[Plan]:
        """Plans in which the second comes before the first: then the first at once, or the second's thread to its end."""
        log = self._log
        labels = [thread.label for thread in log.threads]
        end = len(log) if pair.second is None else pair.second
        after = {pair.first}
        moved: list[int] = []
        stuck = {log.threads[pair.first]}
        for index in range(pair.first + 1, end):
            if log.threads[index] in stuck or any(one in after for one in self._before[index]):
                after.add(index)
                stuck.add(log.threads[index])
            else:
                moved.append(index)
        if any(thread.label == pair.label for thread in stuck):
            return
        begin = [*labels[: pair.first], *(labels[index] for index in moved), pair.label]
        done = set(moved)
        rest = [labels[index] for index in range(pair.first, len(log)) if index not in done and index != pair.second]
        yield Plan(turns([*begin, *rest]), self._answers)
        yield Plan((*turns(begin), (pair.label, None), (labels[pair.first], None)), self._answers)

    def came_about(self, pair: Pair, log: Log) -> bool:
        """Whether the second really came before the first."""
        first = self._place(log, self._log.threads[pair.first].label, self._number(pair.first), self._log.operations[pair.first])
        if pair.second is None:
            pending = next(operation for thread, operation in self._log.pending if thread.label == pair.label)
            number = sum(thread.label == pair.label for thread in self._log.threads)
            second = self._place(log, pair.label, number, pending)
        else:
            second = self._place(log, pair.label, self._number(pair.second), self._log.operations[pair.second])
        return second is not None and (first is None or second < first)

    def _number(self, index: int) -> int:
        return self._of_thread[self._log.threads[index]].index(index)

    @staticmethod
    def _place(log: Log, label: str, number: int, operation: Operation) -> int | None:
        """Where a thread's nth event is in another run, if it is the same operation there."""
        for index, thread in enumerate(log.threads):
            if thread.label == label:
                if not number:
                    return index if log.operations[index].key == operation.key else None
                number -= 1
        return None


@dataclass(frozen=True)
class Found:
    """What the search for a cause came to: the reversal, if there is one, and how many runs it took, of which how many passed."""

    reversal: Reversal | None
    runs: int
    passed: int


def suspect(run: Run[Any]) -> Pair | None:
    """The likeliest pair, by its rank alone: no run is done, so nothing is known of what reversing it would come to."""
    search = _search_in(run)
    return None if search is None else next(iter(search.candidates()), None)


def _search_in(run: Run[Any]) -> _Search | None:
    assert run._done is not None and run._recorder is not None
    log, raised = run._done.execution.log, run._done.execution.raised
    return _Search(log, run._recorder.cuts, raised[0][0].label if raised else None) if len(log) <= STEPS // 10 else None


def find(session: Session, run: Run[object]) -> Found:
    """The likeliest pair whose reversal makes the failing run pass, if one is found within bounds."""
    search = _search_in(run)
    if search is None:
        return Found(None, 0, 0)
    schedule = run.schedule
    most = min(session.settings.max_steps or STEPS, 2 * run.steps + 1_000)
    runs = steps = passed = 0
    began = _clock()
    for pair in search.candidates():
        for plan in search.reversed(pair):
            if runs >= RUNS or steps >= STEPS or _clock() - began >= SECONDS:
                return Found(None, runs, passed)
            done = session.run(Guided(plan, schedule, most), Turn(0, session.settings.seed))
            runs += 1
            steps += len(done.execution.log)
            if not done.failures:
                passed += 1
                if search.came_about(pair, done.execution.log):
                    return Found(Reversal(pair, done), runs, passed)
    return Found(None, runs, passed)
