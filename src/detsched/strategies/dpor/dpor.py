"""Optimal DPOR: one run for every distinguishable ordering, and none given up half-way.

The algorithm is Optimal-DPOR with wakeup trees (Abdulla, Aronis, Jonsson, Sagonas: Source Sets, JACM 2017). After each run,
every race in it is reversed: at the point before its first event, the events that do not depend on it, with the second one at
the end, are a *wakeup sequence*. It goes into that point's wakeup tree, unless something that was run from there (the *sleep
set*) begins an equivalent order. Then the latest point with something left in its tree is where the next run branches off.

Beyond the paper:

- what an operation would do in the reversed order is asked of the operation (`Operation.without`);
- an acquire races with the previous holder's acquire, not with the release;
- operations that were blocked at the end, or when the clock jumped, take part;
- a letter is a thread *and* the answer to its question: `choose` branches in the same tree;
- the end of a run that cuts others off conflicts with all that they do.
"""

from __future__ import annotations

from typing import Any

from ..._core.active import active
from ..._core.execution import Step
from ..._core.failure import Failure
from ..._core.log import Log
from ..._core.thread import ControlledThread
from ...errors import DivergenceError
from ..replay import CAUSES
from ..strategy import Strategy, Turn
from .letter import Letter, Names
from .races import History, Race
from .wakeup import Branch, begins, insert

_CUT = ("limit", "livelock")


class Node:
    """A point of the present run: before one of its events, which is `letter`."""

    __slots__ = ("letter", "key", "asleep", "tree", "words", "refused")

    def __init__(self, letter: Letter, key: str, asleep: list[Letter], tree: list[Branch]) -> None:
        self.letter = letter
        self.key = key
        self.asleep = asleep
        """What was run from here, or would be equivalent to what was run."""
        self.words: set[tuple[tuple[str, int], ...]] = set()
        """What was put into the tree. The same never twice: an operation that is wrong about itself must not keep the search from ending."""
        self.refused: Letter | None = None
        """What was to be run from here, and could not."""
        self.tree = tree
        """What is still to be run from here, besides the present branch."""


class DPOR(Strategy):
    """Every distinguishable ordering, each in exactly one run."""

    systematic = True

    def __init__(self) -> None:
        self.complete = False
        """Whether every ordering was run, to its end."""
        self.runs = 0
        """Runs that were made."""
        self.redundant = 0
        """Runs that were equivalent to an earlier one. (None are, for the operations of this library.)"""
        self.cut = 0
        """Runs behind which something may lie that is not covered: they were stopped as too long or as going round in circles, or they cut
        daemons off although the last of the other threads ended in no order (join them, and it is one event)."""
        self._nodes: list[Node] = []
        self._names = Names()
        self._plan: list[Branch] = []
        """What is to be run from where the next run branches off, and what is asleep there."""
        self._asleep: list[Letter] = []
        self._begin()

    # ------------------------------------------------------------------ during a run

    def begin(self, run: Turn) -> None:
        self._begin()

    def _begin(self) -> None:
        self._at = len(self._nodes)
        """How many events of the present run are settled: the nodes, and then what the plan says."""
        self._followed: list[list[Branch]] = []
        self._following = self._plan
        self._refused: dict[int, Letter] = {}
        self._answers: dict[int, tuple[int, int]] = {}
        self._names.begin()

    def choose(self, step: Step) -> ControlledThread:
        index = step.index
        if index < len(self._nodes):
            node = self._nodes[index]
            for thread in step.enabled:
                if thread.label == node.letter.thread:
                    if thread.pending is None or thread.pending.key != node.key:
                        break
                    return thread
            raise self._differs(index, step.enabled)
        self._follow(step.log)
        if self._following:
            wanted = self._following[0].letter.thread
            for thread in step.enabled:
                if thread.label == wanted:
                    return thread
        current = step.current
        return current if current is not None and current in step.enabled else step.enabled[0]

    def choose_value(self, count: int) -> int:
        assert active.execution is not None
        log = active.execution.log
        index = len(log) - 1
        answer = 0
        if index < len(self._nodes):
            answer = self._nodes[index].letter.value
        else:
            self._follow(log, index)
            if self._following and self._following[0].letter.thread == log.threads[index].label:
                answer = self._following[0].letter.value
        if answer >= count:
            raise self._differs(index, [log.threads[index]])
        self._answers[index] = answer, count
        return answer

    def _follow(self, log: Log, until: int | None = None) -> None:
        """Go down the plan by the events that have happened since."""
        for index in range(self._at, len(log) if until is None else until):
            following = self._following
            self._followed.append(following[1:])
            right = bool(following) and following[0].letter.thread == log.threads[index].label
            self._following = following[0].following if right else []
            if following and not right:
                self._refused[index] = following[0].letter
        self._at = max(self._at, len(log) if until is None else until)

    def _differs(self, index: int, enabled: list[ControlledThread]) -> DivergenceError:
        wanted = self._nodes[index] if index < len(self._nodes) else None
        expected = f"expected thread {wanted.letter.thread} to {wanted.key}" if wanted else "expected other options"
        able = ", ".join(f"{thread.name} ({thread.pending.describe() if thread.pending else 'begins'})" for thread in enabled)
        return DivergenceError(f"an equal run departs from an earlier one at step {index + 1}: {expected}, came {able}; {CAUSES}")

    # ------------------------------------------------------------------ after a run

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        self._follow(log)
        self.runs += 1
        if any(failure.kind in _CUT for failure in failures):
            self.cut += 1
        history = History(log, self._answers, self._names)
        self._extend(log, history.letters)
        self.cut += history.doubtful
        for race in history.races:
            self._reverse(race, history)
        for index, (answer, count) in self._answers.items():
            for value in range(count):
                if value != answer:
                    self._reverse(Race(index, index, self._answering(index, value, log)), history)
        return self._next()

    def _extend(self, log: Log, letters: list[Letter]) -> None:
        """The nodes of the new part of the run."""
        nodes, asleep = self._nodes, self._asleep
        begun = len(nodes)
        redundant = False
        for index in range(begun, len(letters)):
            letter = letters[index]
            tree = self._followed[index - begun]
            redundant = redundant or any(other.thread == letter.thread and other.value == letter.value for other in asleep)
            nodes.append(Node(letter, log.operations[index].key, asleep, tree))
            nodes[-1].refused = self._refused.get(index)
            asleep = _still_asleep(asleep, letter)
        self.redundant += redundant

    def _reverse(self, race: Race, history: History) -> None:
        """See to it that the other order of a race is run, if no equivalent one was."""
        node = self._nodes[race.first]
        word = history.independent_of(race)
        word.append(race.letter)
        if not any(begins(letter, word) is not None for letter in node.asleep):
            if node.refused is not None and node.refused.thread == word[0].thread:
                return
            key = tuple((letter.thread, letter.value) for letter in word)
            if key not in node.words:
                node.words.add(key)
                insert(node.tree, word)

    def _answering(self, index: int, value: int, log: Log) -> Letter:
        """The letter of an event, had its question been answered otherwise: the two are a race of sorts."""
        letter = self._nodes[index].letter
        return Letter(letter.thread, value, self._names.prints(log.operations[index].answering(value)), letter.daemon, False, None)

    def _next(self) -> bool:
        """Go back to the latest point where something is left to be run; whether there is one."""
        nodes = self._nodes
        while nodes:
            node = nodes.pop()
            node.asleep.append(node.letter)
            if node.tree:
                branch = node.tree.pop(0)
                self._plan = [branch, *node.tree]
                self._asleep = node.asleep
                return True
        self.complete = not self.cut
        return False


def _still_asleep(asleep: list[Letter], letter: Letter) -> list[Letter]:
    return [other for other in asleep if other.thread != letter.thread and not other.conflicts(letter)]


__all__ = ["DPOR"]
