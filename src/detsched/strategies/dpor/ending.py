"""What ends a run before everybody is done.

A run is over when its last thread that is no daemon has ended, whatever daemons were about to do; and where a cycle of lock
waits has closed, whatever the others were. It takes the last events of several threads for that, in any order: the one that
happens to come last conflicts with all that is cut off, although no two of them conflict by themselves. So `Endings` remembers
the sets of events with which runs were over. Where all of a set but one come before an event of a thread that would be cut off,
that one may neither be put before it nor sleep through it; and where all of a set have happened, nothing of such a thread follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .letter import Letter

Mark = tuple[str, int, int, bool]
"""An event: its thread, which of the thread's events, the answer to its question, whether the thread ended with it."""


def mark(letter: Letter) -> Mark:
    """Which event a letter of a run is."""
    return letter.thread, letter.nth, letter.value, letter.last is True


class Ending:
    """One way in which runs are over: with the last of these events."""

    __slots__ = ("events", "spared")

    def __init__(self, events: frozenset[Mark], spared: frozenset[str] | None) -> None:
        self.events = events
        self.spared = spared
        """The threads that are not cut off by it; None if daemons are, and nobody else."""

    def cuts(self, letter: Letter) -> bool:
        """Whether an event cannot come any more when the run is over so."""
        return letter.daemon if self.spared is None else letter.thread not in self.spared


def _latest(word: Iterable[Letter]) -> dict[str, Mark]:
    """The latest event of each thread. (A thread that had a part in a cycle of waits may have gone on before that closed.)"""
    return {letter.thread: mark(letter) for letter in word}


def _leads_to(word: Sequence[Letter], place: int, ending: Ending) -> bool:
    """Whether somebody whom an ending would cut off does something that comes after the letter at `place`."""
    after = [word[place]]
    for letter in word[place + 1 :]:
        if any(letter.thread == other.thread or letter.conflicts(other) for other in after):
            if ending.cuts(letter):
                return True
            after.append(letter)
    return False


class Endings:
    """Every ending of the runs so far that may have cut somebody off."""

    def __init__(self) -> None:
        self._of: dict[Mark, list[Ending]] = {}
        self._endings: list[Ending] = []

    def __bool__(self) -> bool:
        return bool(self._endings)

    def _mark(self, letter: Letter) -> Mark:
        """Which event a letter is. One of which it is not known ends its thread if it ever did."""
        last = letter.last
        if last is None:
            last = (letter.thread, letter.nth, letter.value, True) in self._of
        return letter.thread, letter.nth, letter.value, last

    def add(self, ending: Ending) -> None:
        """A run was over so."""
        if not any(known.events == ending.events and known.spared == ending.spared for known in self._of.get(next(iter(ending.events)), ())):
            self._endings.append(ending)
            for event in ending.events:
                self._of.setdefault(event, []).append(ending)

    def forbid_before(self, letter: Letter, word: Sequence[Letter], before: Sequence[Letter]) -> bool:
        """Whether `letter` cannot come before all of `word`, not even if the word was put into an equivalent order: the run would be
        over before somebody else has done his part. `before` is what has happened where the word begins."""
        mine = self._mark(letter)
        done: dict[str, Mark] | None = None
        for ending in self._of.get(mine, ()):
            if any(other.thread != letter.thread and ending.cuts(other) for other in word):
                if done is None:
                    done = _latest(before) | {letter.thread: mine}
                missing = ending.events.difference(done.values())
                places = {self._mark(other): place for place, other in enumerate(word)}
                if all(event in places and _leads_to(word, places[event], ending) for event in missing):
                    return True
        return False

    def forbid_after(self, letter: Letter, word: Sequence[Letter], before: Sequence[Letter]) -> bool:
        """Whether `letter` cannot follow on `word`, after all that was before: the run would be over, and it cut off."""
        if not any(ending.cuts(letter) for ending in self._endings):
            return False
        done = _latest(before) | {other.thread: self._mark(other) for other in word}
        return any(ending.cuts(letter) and ending.events <= set(done.values()) for ending in self._endings)

    def data(self) -> list[Any]:
        """All of them as plain data."""
        return [[sorted(map(list, one.events)), None if one.spared is None else sorted(one.spared)] for one in self._endings]

    @classmethod
    def of(cls, data: list[Any]) -> Endings:
        """What `data` gave."""
        endings = cls()
        for events, spared in data:
            marks = frozenset((str(thread), int(nth), int(value), bool(last)) for thread, nth, value, last in events)
            endings.add(Ending(marks, None if spared is None else frozenset(map(str, spared))))
        return endings
