"""Wakeup trees: what is still to be run from one point on, as a tree of letters, oldest branch first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .ending import Endings
from .letter import Asleep, Letter


class Branch:
    """One letter to run, and what is to follow it; with nothing to follow, the run is free to go on as it likes.

    `doubtful`: there was an older branch beside it that leads to the same, if only the thread of its letter does not end there, and
    gets the same answer. Then `wanted` are the words that somebody wanted to follow the last letter.
    """

    __slots__ = ("letter", "following", "doubtful", "wanted")

    def __init__(self, letter: Letter, following: list[Branch]) -> None:
        self.letter = letter
        self.following = following
        self.doubtful = False
        self.wanted: list[list[Letter]] = []

    def want(self, word: list[Letter]) -> None:
        """Note a word that is to follow."""
        if not any(len(one) == len(word) and all(map(is_same, one, word)) for one in self.wanted):
            self.wanted.append(word)

    def data(self) -> list[Any]:
        """The branch as plain data."""
        wanted = [[letter.data() for letter in word] for word in self.wanted]
        return [self.letter.data(), [branch.data() for branch in self.following], self.doubtful, wanted]

    @classmethod
    def of(cls, data: list[Any]) -> Branch:
        """What `data` gave."""
        branch = cls(Letter.of(data[0]), [cls.of(one) for one in data[1]])
        branch.doubtful = bool(data[2])
        branch.wanted = [[Letter.of(letter) for letter in word] for word in data[3]]
        return branch


def is_same(one: Letter, other: Letter) -> bool:
    """Whether two letters are the same event."""
    return one.thread == other.thread and one.value == other.value and one.prints == other.prints


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
        place, below_doubtful = self, False
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
            if letter.last is None and position < len(word):
                branch.letter = word[position]  # this one may tell whether its thread ends with it
            word = word[:position] + word[position + 1 :]
            below_doubtful = below_doubtful or branch.doubtful
            if not branch.following:
                if below_doubtful and word:
                    branch.want(word)
                return  # whatever comes after it will be run
            if not word:
                return
            tree, place = branch.following, Place(self._endings, [*place._before, branch.letter]) if self._endings else place

    def prune(self, branch: Branch, asleep: Sequence[Asleep]) -> bool:
        """Drop from a branch that goes out from here whatever was run by now. Whether all of it was."""
        return self._prune(branch, asleep, [])

    def _prune(self, branch: Branch, asleep: Sequence[Asleep], word: list[Letter]) -> bool:
        word = [*word, branch.letter]
        if not branch.following:
            return all(self.covered([*word, *rest], asleep) for rest in ([], *branch.wanted))
        branch.following = [one for one in branch.following if not self._prune(one, asleep, word)]
        return not branch.following
