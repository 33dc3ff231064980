"""The races of a run: pairs of events that come one right after the other in happens-before, and that could have been the
other way round.

Happens-before is computed by vector clocks over the whole log. For each event the conflicting ones before it are looked at,
the latest first: one that is not yet known to come before is a race. Where the later operation would have been *held* up without the
earlier one (an acquire, without the release before it), the two are ordered, but what can be reversed lies further back: the
acquire of who held the lock. Where the earlier one *caused* the later (a notify, a set), nothing can be reversed.

Operations that were still pending at the end of the run take part as if they came next: blocked acquires never execute, and
their races would be missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from typing import NamedTuple

from ..._core.log import Log
from ..._core.operation import CAUSED, HELD, READ, WRITE, Footprint, Mode, Operation
from ..._core.thread import ControlledThread
from .letter import Letter, Names

Clock = list[int]
"""For each thread of the run, by its number, how many of its events are known."""


class Race(NamedTuple):
    """Event `first` could have come after `second`: an event, or, with an index where there is none of its thread, an operation
    that was pending. `letter` is what the second would be then."""

    first: int
    second: int
    letter: Letter


class History:
    """A run with its happens-before. `answers` are the answers to questions of operations, by the event."""

    def __init__(self, log: Log, answers: dict[int, tuple[int, int]], names: Names) -> None:
        self.letters: list[Letter] = []
        self.races: list[Race] = []
        self.doubtful = False
        """Whether daemons were cut off at an end that was no single event: the last of the other threads ended in no order. Which
        of them ends the run is then no matter of happens-before, and a reduction may miss where the daemons stood."""
        self._log = log
        self._answers = answers
        self._names = names
        self._clocks: list[Clock] = []
        self._thread: list[int] = []  # whose event it is, by number
        self._nth: list[int] = []  # the how many-th of its thread it is, from 1
        self._touched: dict[int, list[tuple[int, Mode]]] = {}
        self._last: dict[int, int] = {}  # by number of the thread, its last event so far
        everybody = dict.fromkeys((*log.threads, *(thread for thread, *_ in log.left)))
        self._number = {thread: number for number, thread in enumerate(everybody)}
        self._of: list[Clock] = [[0] * len(everybody) for _ in everybody]  # what each thread knows
        self._analyse()

    def independent_of(self, race: Race) -> list[Letter]:
        """The letters after the first event of a race that do not depend on it, without the second."""
        first, second, _ = race
        mine, nth, clocks = self._thread[first], self._nth[first], self._clocks
        return [self.letters[i].without_end() for i in range(first + 1, len(clocks)) if clocks[i][mine] < nth and i != second]

    # ------------------------------------------------------------------ the pass over the log

    def _analyse(self) -> None:
        log, names = self._log, self._names
        final = {thread: index for index, thread in enumerate(log.threads)}
        left = {thread for thread, *_ in log.left}
        jumps = list(zip(log.jumps, log.waiting))
        jumps.reverse()
        end = len(log) - 1
        over = bool(log.cycle) or (log.ended and any(thread.daemon for thread in self._number))
        spares = frozenset(thread.label for thread in log.cycle) if log.cycle else None
        for index, (thread, operation) in enumerate(zip(log.threads, log.operations)):
            while jumps and jumps[-1][0] == index:
                self._jump(jumps.pop()[1])
            number = self._number[thread]
            touched = operation.footprint()
            own = len(touched)
            if number not in self._last:
                touched += ((thread, READ),)
            if final[thread] == index and thread not in left:
                touched += ((thread, WRITE),)
            prints = names.prints(touched)
            value = self._answers[index][0] if index in self._answers else 0
            letter = Letter(thread.label, value, prints, thread.daemon, over and index == end, spares)
            clock = self._of[number] = self._look_back(index, number, operation, letter, touched, own)
            clock[number] += 1
            self.letters.append(letter)
            self._clocks.append(list(clock))
            self._thread.append(number)
            self._nth.append(clock[number])
            self._last[number] = index
            for resource, mode in touched:
                self._touched.setdefault(id(resource), []).append((index, mode))
            if operation.kind == "start":
                child = operation.other_thread()
                if child in self._number:
                    self._of[self._number[child]] = list(clock)
        if over and not log.cycle:
            known = self._clocks[-1]
            finals = (final[thread] for thread in final if not thread.daemon)
            self.doubtful = any(self._nth[event] > known[self._thread[event]] for event in finals)
        while jumps:
            self._jump(jumps.pop()[1])
        for thread, operation, able in log.left:
            if able is not None:
                self._pending(thread, operation, able)

    def _jump(self, waiting: list[tuple[ControlledThread, Operation]]) -> None:
        # What is blocked has its races before the jump, which comes after everything.
        for thread, operation in waiting:
            self._pending(thread, operation, False)
        together = [max(column) for column in zip(*self._of)]
        self._of = [list(together) for _ in self._of]

    def _pending(self, thread: ControlledThread, operation: Operation, able: bool) -> None:
        number = self._number.get(thread)
        if number is None:
            return
        touched = operation.footprint()
        own = len(touched)
        if number not in self._last:
            touched += ((thread, READ),)
        letter = Letter(thread.label, 0, self._names.prints(touched), thread.daemon, False, None)
        cut = bool(self.letters) and len(self.letters) == len(self._log) and self.letters[-1].cuts(letter)
        if cut and self._nth[-1] <= self._of[number][self._thread[-1]]:
            return
        if cut and able and not operation.conflicts(self._log.operations[-1]):
            # It did not come about because the run was over. What else could have been, the branch will tell in which it does.
            self.races.append(Race(len(self.letters) - 1, len(self.letters), letter))
        else:
            self._look_back(len(self.letters), number, operation, letter, touched, own, cut)

    # ------------------------------------------------------------------ races

    def _look_back(self, index: int, number: int, operation: Operation, letter: Letter, touched: Footprint, own: int, cut: bool = False) -> Clock:
        """Find the races of an event, or of a pending operation, with events before it; what its thread knows with it."""
        known = list(self._of[number])
        held: list[int] = []
        for other, itself in self._conflicting(letter, touched, own, known):
            if self._nth[other] <= known[self._thread[other]]:
                continue
            if cut and self._nth[other] > self._clocks[-1][self._thread[other]]:
                continue  # that the run was over does not depend on it
            changed: object = None
            asks = True
            if itself:
                operation_before = self._log.operations[other]
                changed = operation.without(operation_before)
                if changed is HELD:
                    held.append(other)
                    continue
                asks = operation.asks(operation_before) and all(operation.asks(self._log.operations[i]) for i in held)
            if changed is not CAUSED:
                self.races.append(Race(other, index, letter if changed is None else self._reversed(letter, changed, own, asks)))  # type: ignore[arg-type]
            self._join(known, other)
        for other in held:
            self._join(known, other)
        return known

    def _join(self, clock: Clock, event: int) -> None:
        for thread, known in enumerate(self._clocks[event]):
            if known > clock[thread]:
                clock[thread] = known

    def _conflicting(self, letter: Letter, touched: Footprint, own: int, known: Clock) -> Iterable[tuple[int, bool]]:
        """The events that conflict with a letter, latest first, each with whether they meet in what the operation itself does."""
        lines = [self._line(id(resource), mode, position < own, known) for position, (resource, mode) in enumerate(touched) if id(resource) in self._touched]
        if letter.ends:
            lines.append((other, False) for other in sorted(self._last.values(), reverse=True) if letter.cuts(self.letters[other]))
        if len(lines) == 1:
            return lines[0]
        # Where an event turns up twice, the first time settles it: what it does itself comes first.
        return merge(*lines, reverse=True)

    def _line(self, resource: int, mode: Mode, itself: bool, known: Clock) -> Iterable[tuple[int, bool]]:
        for other, other_mode in reversed(self._touched[resource]):
            if mode != other_mode or mode is WRITE:
                yield other, itself
                if other_mode is WRITE and self._nth[other] <= known[self._thread[other]]:
                    return  # everything before it is known, too

    def _reversed(self, letter: Letter, footprint: Footprint, own: int, asks: bool) -> Letter:
        # Whether the thread, or the run, would end with it cannot be told, so it is taken not to. If it does, that shows in the
        # branch that an equivalent order is in, and is reversed there.
        prints = self._names.prints(footprint)
        first = tuple(pair for pair in letter.prints[own:] if pair[1] is READ)
        return Letter(letter.thread, letter.value if asks else 0, prints + first, letter.daemon, False, None)


__all__ = ["Clock", "History", "Race"]
