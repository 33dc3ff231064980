"""The races of a run: pairs of events that come one right after the other in happens-before, and that could have been the
other way round.

Happens-before is kept as a vector clock for each event. For each event the conflicting ones before it are looked at, the latest
first: one that is not yet known to come before is a race. Where the later operation would have been *held* up without the
earlier one (an acquire, without the release before it), the two are ordered, but what can be reversed lies further back: the
acquire of who held the lock. Where the earlier one *caused* the later (a notify, a set), nothing can be reversed.

Operations that were still pending at the end of the run take part as if they came next: blocked acquires never execute, and
their races would be missed. So does the end of the run, where it cuts others off: see `ending`.

Two runs of a search share their beginning. What is known of that is kept: only events that are new are looked at, and only
races whose later event is new (the others were reversed after the run in which it was).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from heapq import merge
from typing import NamedTuple

from ..._core.log import Log
from ..._core.operation import CAUSED, HELD, READ, WRITE, Footprint, Mode, Operation
from ..._core.thread import ControlledThread
from ..spinning import Spins
from .ending import Ending, mark
from .letter import Letter, Names, Print

Clock = list[int]
"""For each thread, by its number, how many of its events are known."""
Waiting = tuple[ControlledThread, Operation]


class Race(NamedTuple):
    """Event `first` could have come after `second`: an event, or, with an index where there is none of its thread, an operation that
    was pending. `letter` is what the second would be then; None where it is the end of the run, with no event of its own. `independent`:
    the two do not conflict themselves; with the first the run was over, so what it did is the same afterwards."""

    first: int
    second: int
    letter: Letter | None
    independent: bool = False


class History:
    """The present run as a word of letters, with its happens-before."""

    def __init__(self, names: Names, spins: Spins) -> None:
        self.letters: list[Letter] = []
        self.ending: Ending | None = None
        """What the run was over with, where that may have cut threads off."""
        self._names = names
        self._spins = spins
        self._clocks: list[Clock] = []
        self._thread: list[int] = []  # whose event it is, by number
        self._numbers: dict[str, int] = {}  # of threads, by label
        self._events: list[list[int]] = []  # by number of the thread, its events
        self._begun: list[int] = []  # by number of the thread, the event that started it; -1: none
        self._starts: list[tuple[int, int]] = []  # the events that started threads, each with the thread's number
        self._floors: list[tuple[int, Clock]] = []  # the jumps of the clock: before which event, and all that was known
        self._touched: dict[int, list[tuple[int, Mode]]] = {}  # by number of the resource, the events that touched it
        self._signals = names.of("signals to the main thread")
        self._by_thread: list[list[Race]] = []  # by number of the thread whose the second event is, races in which that may change
        self._last: list[int] = []  # the events that ended the run, none of which comes before another one
        self._log = Log()
        self._races: list[Race] = []

    def word(self, race: Race) -> list[Letter]:
        """The letters after the first event of a race that do not depend on it, with the second one as soon as it can come: a wakeup
        sequence."""
        first, second, letter, independent = race
        if first == second:
            return [letter] if letter is not None else []
        mine, nth, clocks, letters, idle = self._thread[first], self.letters[first].nth, self._clocks, self.letters, self._spins.idle
        before = [letters[i] for i in range(first + 1, min(second, len(clocks))) if clocks[i][mine] < nth and i not in idle]
        if letter is None:
            return before
        after = [letters[i] for i in range(second + 1, len(clocks)) if clocks[i][mine] < nth and i not in idle]
        if self._last and second < len(letters) and not any(clocks[i][mine] >= nth for i in self._last):
            after.pop()  # the run would be over before the second event could come
        word = [*before, *after, letter] if any(map(letter.conflicts, after)) else [*before, letter, *after]
        if independent:
            word.append(letters[first])
        return word

    def other_answer(self, event: int, value: int) -> Race:
        """An event, had its question been answered otherwise: the two are a race of sorts."""
        letter, prints = self.letters[event], self._names.prints(self._log.operations[event].answering(value))
        return Race(event, event, self._changed(letter, prints, value, letter.options))

    # ------------------------------------------------------------------ the pass over the log

    def forget(self, length: int) -> None:
        """Another run: only the first so many events are the same."""
        while len(self.letters) > length:
            for number, _ in self.letters.pop().prints:
                self._touched[number].pop()
            self._clocks.pop()
            number = self._thread.pop()
            self._events[number].pop()
            races = self._by_thread[number]
            while races and races[-1].second >= len(self.letters):
                races.pop()
        while self._starts and self._starts[-1][0] >= length:
            self._begun[self._starts.pop()[1]] = -1
        while self._floors and self._floors[-1][0] > length:
            self._floors.pop()

    def follow(self, log: Log, answers: dict[int, tuple[int, int]], settled: int = 0) -> list[Race]:
        """Take in the rest of a run. The races in it, but for those among the first `settled` events. `answers` are those to
        questions of operations, by the event, each with the number of options."""
        self._log, self._races, self.ending = log, [], None
        names, begun = self._names, len(self.letters)
        threads, operations, idle, awaits = log.threads, log.operations, self._spins.idle, self._spins.awaits
        final = {threads[index]: index for index in range(begun, len(threads))}
        for thread, *_ in log.left:
            final.pop(thread, None)
        jumps = list(zip(log.jumps, log.waiting))[: len(self._floors) - 1 if self._floors else None : -1]
        interrupted = [one for one in log.interrupted if one[0] >= begun]
        interrupted.reverse()
        # What the main thread was about to do when it was interrupted, until it is at work again.
        latest = max((one for one in log.interrupted if one[0] < begun), default=None, key=lambda one: one[0])
        handling = latest[1] if latest is not None and self._events[0][-1] < latest[0] else None
        for index in range(begun, len(threads)):
            if index == settled:
                self._races = []
            while interrupted and interrupted[-1][0] == index:
                handling = self._interrupt(*interrupted.pop()[1:])
            while jumps and jumps[-1][0] == index:
                self._jump(*jumps.pop())
            thread, operation = threads[index], operations[index]
            number = self._numbered(thread)
            nth = len(self._events[number]) + 1
            prints = names.prints(operation.footprint()) if index not in idle else ()
            own = len(prints)
            if index in awaits:
                prints += tuple((met, READ) for met in map(names.number, awaits[index]) if all(met != mine for mine, _ in prints))
            last = final.get(thread) == index
            if last:
                prints += ((names.number(thread), WRITE),)
            if not thread.path:
                prints += ((self._signals, READ),)
            elif operation.interrupts:
                prints += ((self._signals, WRITE),)
            value, options = answers.get(index, (0, 1))
            letter = Letter(thread.label, nth, prints, thread.daemon, last, value, options)
            clock = self._known(number)
            if handling is not None and not thread.path:
                if operation is not handling:
                    self._join(clock, self._touched[self._signals][-1][0])
                handling = None
            self._look_back(index, operation, letter, own, clock)
            clock[number] = nth
            self.letters.append(letter)
            self._clocks.append(clock)
            self._thread.append(number)
            self._events[number].append(index)
            for touched, mode in prints:
                self._touched.setdefault(touched, []).append((index, mode))
            if operation.kind == "start":
                child = operation.other_thread()
                if child is not None:
                    self._starts.append((index, self._numbered(child)))
                    self._begun[self._starts[-1][1]] = index
        if len(threads) <= settled:
            self._races = []
        for index in range(settled, len(threads)):
            other_thread = operations[index].other_thread()
            if other_thread is not None and operations[index].kind != "start":
                self._looked_at(index, self._numbered(other_thread), settled)
        while jumps:
            self._jump(*jumps.pop())
        self._end()
        return self._races

    def _looked_at(self, index: int, thread: int, settled: int) -> None:
        """Races that were reversed before, once more where an event looks at the second one's thread: in the other order that may end."""
        clock = self._clocks[index]
        for race in self._by_thread[thread]:
            first, second, *_ = race
            if second < settled and self.letters[second].nth > clock[thread] and self.letters[first].nth > clock[self._thread[first]]:
                self._races.append(race)

    def _numbered(self, thread: ControlledThread) -> int:
        number = self._numbers.get(thread.label)
        if number is None:
            number = self._numbers[thread.label] = len(self._numbers)
            self._events.append([])
            self._by_thread.append([])
            self._begun.append(-1)
            for clock in self._clocks:
                clock.append(0)
            for _, clock in self._floors:
                clock.append(0)
        return number

    def _known(self, number: int) -> Clock:
        """What a thread knows of all threads, after its last event."""
        events = self._events[number]
        at = events[-1] if events else self._begun[number]
        if self._floors and self._floors[-1][0] > at:
            return list(self._floors[-1][1])
        return list(self._clocks[at]) if at >= 0 else [0] * len(self._events)

    def _jump(self, index: int, waiting: list[Waiting]) -> None:
        # What is blocked has its races before the jump, which comes after everything.
        for thread, operation in waiting:
            self._pending(thread, operation, False, operation.footprint(), False)
        self._floors.append((index, [len(events) for events in self._events]))

    # ------------------------------------------------------------------ races

    def _look_back(
        self, second: int, operation: Operation, letter: Letter, own: int, known: Clock, allowed: Callable[[int], bool] | None = None
    ) -> None:
        """Find the races of an event, or of a pending operation, with events before it; adds to what its thread knows."""
        held: list[int] = []
        letters, operations = self.letters, self._log.operations
        for other, itself in self._conflicting(letter, own, known):
            if letters[other].nth <= known[self._thread[other]]:
                continue
            if allowed is not None and not allowed(other):
                continue
            if not itself and any(self._comes_before(other, release) for release in held):
                continue
            if itself:
                before = operations[other]
                changed = operation.without(before)
                if changed is HELD:
                    held.append(other)
                    continue
                if changed is not CAUSED:
                    asks = operation.asks(before) and all(operation.asks(operations[i]) for i in held)
                    self._add(other, second, letter, operation, self._names.prints(changed), asks)  # type: ignore[arg-type]
            elif letter.last is None:
                self._add(other, second, letter, operation, letter.prints[:own], letter.options > 1)
            elif second not in self._spins.awaits or not self._set_going(second, other):
                self._races.append(Race(other, second, letter))
            self._join(known, other)
        for other in held:
            self._join(known, other)

    def _awaiting(self, second: int, letter: Letter) -> Letter:
        """A letter by which a thread that had been spinning goes on, in another order: it has read all that it waited for."""
        letter.prints = *((self._names.number(resource), READ) for resource in self._spins.awaits[second]), *letter.prints
        return letter

    def _set_going(self, second: int, event: int) -> bool:
        """Whether a thread that had been spinning would not have gone on without an event: nothing else that it waited for had come."""
        awaited = {self._names.number(resource): since for resource, since in self._spins.awaits[second].items()}
        if not any(number in awaited and mode is not READ for number, mode in self.letters[event].prints):
            return False
        for number, since in awaited.items():
            for other, mode in reversed(self._touched.get(number, ())):
                if other <= since:
                    break
                if mode is not READ and other != event and not self._comes_before(event, other):
                    return False
        return True

    def _join(self, clock: Clock, event: int) -> None:
        for thread, known in enumerate(self._clocks[event]):
            if known > clock[thread]:
                clock[thread] = known

    def _conflicting(self, letter: Letter, own: int, known: Clock) -> Iterable[tuple[int, bool]]:
        """The events that conflict with a letter, latest first, each with whether they meet in what the operation itself does."""
        touched = self._touched
        lines = [self._line(touched[number], mode, at < own, known) for at, (number, mode) in enumerate(letter.prints) if number in touched]
        if len(lines) == 1:
            return lines[0]
        # Where an event turns up twice, the first time settles it: what it does itself comes first.
        return merge(*lines, reverse=True)

    def _line(self, touched: list[tuple[int, Mode]], mode: Mode, itself: bool, known: Clock) -> Iterable[tuple[int, bool]]:
        for other, other_mode in reversed(touched):
            if mode != other_mode or mode is WRITE:
                yield other, itself
                if other_mode is WRITE and self.letters[other].nth <= known[self._thread[other]]:
                    return  # everything before it is known, too

    def _add(
        self, first: int, second: int, letter: Letter, operation: Operation, prints: tuple[Print, ...], asks: bool, independent: bool = False
    ) -> None:
        """A race in which the second operation would be what it was not before; with each answer, where it asks."""
        options = operation.options if asks and (operation.deadline is None or self._log.anytime) else 1
        for value in range(options):
            if value == letter.value or options == 1:
                changed = self._changed(letter, prints, value, options)
            else:
                changed = self._changed(letter, self._names.prints(operation.answering(value)), value, options)
                if not independent and not self.letters[first].conflicts(changed):
                    continue
            if second in self._spins.awaits:
                if self._set_going(second, first):
                    return
                changed = self._awaiting(second, changed)
            race = Race(first, second, changed, independent)
            self._races.append(race)
            if letter.last is not None:  # an event, none that was pending
                self._by_thread[self._numbers[letter.thread]].append(race)

    def _changed(self, letter: Letter, prints: tuple[Print, ...], value: int, options: int) -> Letter:
        """What a letter would be in another order of things. Whether its thread would end with it cannot be told, so it may."""
        if letter.thread == "0":
            prints += ((self._signals, READ),)
        end = self._names.number_of_thread(letter.thread), WRITE
        return Letter(letter.thread, letter.nth, (*prints, end), letter.daemon, None, value, options)

    def _interrupt(self, operation: Operation, able: bool | None, footprint: Footprint, asks: bool) -> Operation:
        """The main thread calls signal handlers now. What they do has been caused by the signals; what it was about to do has not."""
        if able is not None:
            self._pending(self._log.threads[0], operation, able, footprint, asks)
        return operation

    # ------------------------------------------------------------------ the end of the run

    def _pending(self, thread: ControlledThread, operation: Operation, able: bool, footprint: Footprint, asks: bool) -> None:
        """The races of an operation that was not done."""
        number = self._numbered(thread)
        nth = len(self._events[number]) + 1
        prints = self._names.prints(footprint)
        own = len(prints)
        if able and not thread.path:
            prints += ((self._signals, READ),)
        letter = Letter(thread.label, nth, prints, thread.daemon, None, 0, operation.options if asks else 1)
        known = self._known(number)
        if self.ending is None or not self.ending.cuts(letter):
            self._look_back(len(self.letters), operation, letter, own, known)
        else:
            self._cut_off(operation, letter, known, able)

    def _end(self) -> None:
        log, letters = self._log, self.letters
        self._last = []
        present = [number for number, events in enumerate(self._events) if events]
        lasts = {number: self._events[number][-1] for number in present}
        ends: list[int] = []
        spared: frozenset[str] | None = None
        if log.cycle:
            spared = frozenset(thread.label for thread in log.cycle)
            ends = [event for event in lasts.values() if letters[event].thread in spared]
        elif log.ended and (any(thread.daemon for thread, *_ in log.left) or any(letters[event].daemon for event in lasts.values())):
            ends = [event for event in lasts.values() if not letters[event].daemon]
        if ends:
            self.ending = Ending(frozenset(mark(letters[event]) for event in ends), spared)
            self._last = [event for event in ends if not any(self._comes_before(event, other) for other in ends)]
            cut = [event for event in lasts.values() if self.ending.cuts(letters[event])]
            for event in cut:
                if not any(self._comes_before(event, other) for other in (*ends, *cut)):
                    self._races.append(Race(event, len(letters), None))
        for thread, operation, able, footprint, asks in log.left:
            if able is not None and thread not in self._spins.held:
                self._pending(thread, operation, able, footprint, asks)

    def _comes_before(self, event: int, other: int) -> bool:
        """Whether an event comes before another one in happens-before."""
        return event != other and self._clocks[other][self._thread[event]] >= self.letters[event].nth

    def _cut_off(self, operation: Operation, letter: Letter, known: Clock, able: bool) -> None:
        """The races of an operation that was not done because the run was over: it could have come before one of the last events."""

        def matters(other: int) -> bool:  # else, without it, the run would be over all the same
            return any(other == last or self._comes_before(other, last) for last in self._last)

        here, own = len(self.letters), len(letter.prints)
        self._look_back(here, operation, letter, own, list(known), matters)
        # Whichever of the last events it comes before: where it meets the same events then, it is all one.
        found: set[tuple[int, ...]] = set()
        for last in sorted(self._last, reverse=True) if able else ():
            if self.letters[last].nth <= known[self._thread[last]] or letter.conflicts(self.letters[last]):
                continue
            gone = tuple(other for other, itself in self._conflicting(letter, own, known) if itself and self._comes_before(last, other))
            if gone in found:
                continue
            found.add(gone)
            prints = letter.prints
            if gone:
                changed = operation.without(self._log.operations[min(gone)])
                if changed is HELD or changed is CAUSED:
                    continue
                prints = self._names.prints(changed)  # type: ignore[arg-type]
            self._add(last, here, letter, operation, prints, letter.options > 1, True)


__all__ = ["Clock", "History", "Race"]
