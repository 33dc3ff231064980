"""Wakeup trees: what is still to be run from one point on, as a tree of letters, oldest branch first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .ending import Endings
from .letter import Asleep, Letter


class Branch:
    """One letter to run, and what is to follow it; with nothing to follow, the run is free to go on as it likes.

    `doubtful`: there was an older branch beside it that leads to the same, if only the thread of its letter does not end there, and
    gets the same answer.
    """

    __slots__ = ("letter", "following", "doubtful")

    def __init__(self, letter: Letter, following: list[Branch], doubtful: bool = False) -> None:
        self.letter = letter
        self.following = following
        self.doubtful = doubtful

    def data(self) -> list[Any]:
        """The branch as plain data."""
        return [self.letter.data(), [branch.data() for branch in self.following], self.doubtful]

    @classmethod
    def of(cls, data: list[Any]) -> Branch:
        """What `data` gave."""
        return cls(Letter.of(data[0]), [cls.of(branch) for branch in data[1]], bool(data[2]))


class Place:
    """A point of a run: the letters that led to it, and what ends runs."""

    __slots__ = ("_endings", "_before")

    def __init__(self, endings: Endings, before: list[Letter]) -> None:
        self._endings = endings
        self._before = before

    def begins(self, letter: Letter, word: Sequence[Letter], since: int | None = None) -> int | None:
        """Where `letter` stands in `word`, if some equivalent word, or some continuation of the word, begins with it here; None if
        none does. len(word): it is not in there, and independent of all that is. (A *weak initial*.)

        `since`: for a letter that has been asleep, after how many letters that began.
        """
        thread = letter.thread
        found = len(word)
        for position, other in enumerate(word):
            if other.thread == thread:
                if other.value != letter.value:
                    return None
                found = position
                break
            if letter.conflicts(other):
                return None
        if self._endings and found:
            if found == len(word) and self._endings.forbid_after(letter, word, self._before):
                return None
            if self.forbids(letter, word, since):
                return None
        return found

    def covered(self, word: Sequence[Letter], asleep: Iterable[Asleep]) -> bool:
        """Whether all that begins with `word` need not be run, for equivalent orders were, which begin with letters that are asleep.

        A letter that is not in the word stands for its own answer only. So it takes as many of them as there are options.
        """
        answers: dict[str, int] = {}
        for letter, since in asleep:
            position = self.begins(letter, word, since)
            if position is not None:
                answers[letter.thread] = count = answers.get(letter.thread, 0) + 1
                if position < len(word) or count >= letter.options:
                    return True
        return False

    def forbids(self, letter: Letter, word: Sequence[Letter], since: int | None = None) -> bool:
        """Whether the run would be over before the word is, if `letter` came first here: see `begins`."""
        at = len(self._before) if since is None else since
        return self._endings.forbid_before(letter, [*self._before[at:], *word], self._before[:at])

    def insert(self, tree: list[Branch], word: list[Letter]) -> None:
        """Make sure that some branch of the tree from here leads to what `word` leads to."""
        place = self
        while True:
            doubtful = False
            for branch in tree:
                letter = branch.letter
                position = place.begins(letter, word)
                if position is not None and (letter.options == 1 or position < len(word)):
                    break
                doubtful = doubtful or position is not None or (letter.last is None and place.begins(letter.going_on(), word) is not None)
            else:
                following: list[Branch] = []
                for letter in reversed(word):
                    following = [Branch(letter, following)]
                following[0].doubtful = doubtful
                tree += following
                return
            if not branch.following:
                return  # whatever comes after it will be run
            word = word[:position] + word[position + 1 :]
            if not word:
                return
            tree, place = branch.following, Place(self._endings, [*place._before, branch.letter]) if self._endings else place

    def prune(self, branch: Branch, asleep: Sequence[Asleep]) -> bool:
        """Drop from a branch that goes out from here whatever was run by now. Whether all of it was."""
        return self._prune(branch, asleep, [])

    def _prune(self, branch: Branch, asleep: Sequence[Asleep], word: list[Letter]) -> bool:
        word = [*word, branch.letter]
        if not branch.following:
            return self.covered(word, asleep)
        branch.following = [one for one in branch.following if not self._prune(one, asleep, word)]
        return not branch.following
