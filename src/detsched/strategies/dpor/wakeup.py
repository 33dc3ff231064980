"""Wakeup trees: what is still to be run from one point on, as a tree of letters, oldest branch first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .letter import Letter


class Branch:
    """One letter to run, and what is to follow it; with nothing to follow, the run is free to go on as it likes."""

    __slots__ = ("letter", "following")

    def __init__(self, letter: Letter, following: list[Branch]) -> None:
        self.letter = letter
        self.following = following

    def data(self) -> list[Any]:
        """The branch as plain data."""
        return [self.letter.data(), [branch.data() for branch in self.following]]

    @classmethod
    def of(cls, data: list[Any]) -> Branch:
        """What `data` gave."""
        return cls(Letter.of(data[0]), [cls.of(branch) for branch in data[1]])


def begins(letter: Letter, word: Sequence[Letter]) -> int | None:
    """Where `letter` stands in `word`, if some equivalent word, or some continuation of the word, begins with it; None if none
    does. len(word): it is not in there, and independent of all that is. (A *weak initial*.)"""
    thread = letter.thread
    for position, other in enumerate(word):
        if other.thread == thread:
            return position if other.value == letter.value else None
        if letter.conflicts(other):
            return None
    return len(word)


def insert(tree: list[Branch], word: list[Letter]) -> None:
    """Make sure that some branch of the tree leads to what `word` leads to."""
    while True:
        for branch in tree:
            position = begins(branch.letter, word)
            if position is not None:
                break
        else:
            following: list[Branch] = []
            for letter in reversed(word):
                following = [Branch(letter, following)]
            tree += following
            return
        if not branch.following:
            return  # whatever comes after it will be run
        word = word[:position] + word[position + 1 :]
        if not word:
            return
        tree = branch.following
