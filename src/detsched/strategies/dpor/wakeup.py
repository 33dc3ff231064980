"""Wakeup trees: what is still to be run from one point on, as a tree of letters, oldest branch first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .ending import Endings
from .letter import Asleep, Letter


class Branch:
    """One letter to run, and what is to follow it; with nothing to follow, the run is free to go on as it likes.

    `doubtful`: there is an older branch beside it that leads to the same, if only the thread of its letter does not end there.
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
        none does. len(word): it is not in there, and independent of all that is. (A *weak initial*.) Where another answer to its
        question would conflict with the word, it stands for that answer only, and the word has to be run for the others.

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
        if found == len(word) and letter.otherwise and any(letter.may_conflict(other) for other in word):
            return None
        if self._endings and found:
            if found == len(word) and self._endings.forbid_after(letter, word, self._before):
                return None
            if self.forbids(letter, word, since):
                return None
        return found

    def forbids(self, letter: Letter, word: Sequence[Letter], since: int | None = None) -> bool:
        """Whether the run would be over before the word is, if `letter` came first here: see `begins`."""
        at = len(self._before) if since is None else since
        return self._endings.forbid_before(letter, [*self._before[at:], *word], self._before[:at])

    def insert(self, tree: list[Branch], word: list[Letter]) -> None:
        """Make sure that some branch of the tree from here leads to what `word` leads to."""
        place = self
        while True:
            for branch in tree:
                position = place.begins(branch.letter, word)
                if position is not None:
                    break
            else:
                doubtful = any(one.letter.last is None and place.begins(one.letter.going_on(), word) is not None for one in tree)
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
            return any(self.begins(letter, word, since) is not None for letter, since in asleep)
        branch.following = [one for one in branch.following if not self._prune(one, asleep, word)]
        return not branch.following
