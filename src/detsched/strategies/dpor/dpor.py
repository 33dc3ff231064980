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
- the end of a run that cuts others off conflicts with all that they do;
- a thread that spins is held until another one has changed what it reads (`spinning.py`).
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
from ..spinning import WAITING, Spins
from ..strategy import Strategy, Turn
from .ending import Endings
from .letter import Asleep, Letter, Names
from .races import History, Race
from .wakeup import Branch, Place

_CUT = ("limit", "livelock")


class Node:
    """A point of the present run: before one of its events, which is `letter`."""

    __slots__ = ("letter", "kind", "asleep", "tree")

    def __init__(self, letter: Letter, kind: str, asleep: list[Asleep], tree: list[Branch]) -> None:
        self.letter = letter
        self.kind = kind
        self.asleep = asleep
        """What was run from here, or would be equivalent to what was run."""
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
        """Runs behind which something may lie that is not covered: they were stopped as too long or as going round in circles, or did
        something else than an earlier run that began alike."""
        self._nodes: list[Node] = []
        self._names = Names()
        self._spins = Spins()
        self._history = History(self._names, self._spins)
        self._endings = Endings()
        self._plan: list[Branch] = []
        """What is to be run from where the next run branches off, and what is asleep there."""
        self._asleep: list[Asleep] = []
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
        self._spins.begin()

    def choose(self, step: Step) -> ControlledThread:
        index = step.index
        free = self._spins.free(step)
        if index < len(self._nodes):
            node = self._nodes[index]
            for thread in step.enabled:
                if thread.label == node.letter.thread:
                    if thread.pending is None or thread.pending.kind != node.kind:
                        break
                    return thread
            raise self._differs(index, step.enabled)
        self._follow(step.log)
        if self._following:
            wanted = self._following[0].letter.thread
            for thread in free:
                if thread.label == wanted:
                    return thread
        current = step.current
        return current if current is not None and current in free and not self._spins.stuck else free[0]

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
            else:
                answer = self._new_answer(log, index, count)
        if answer >= count:
            raise self._differs(index, [log.threads[index]])
        self._answers[index] = answer, count
        return answer

    def _new_answer(self, log: Log, index: int, count: int) -> int:
        """The first answer that is not asleep."""
        thread, begun = log.threads[index], len(self._nodes)
        asleep = [letter for letter, _ in self._asleep if letter.thread == thread.label]
        if not asleep or thread in log.threads[begun:index]:
            return 0
        for other, operation in zip(log.threads[begun:index], log.operations[begun:index]):
            done = Letter(other.label, 0, self._names.prints(operation.footprint()), other.daemon, False)
            asleep = [letter for letter in asleep if not letter.conflicts(done)]
        answered = {letter.value for letter in asleep}
        return next((answer for answer in range(count) if answer not in answered), 0)

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
        able = ", ".join(f"{thread.name} ({thread.pending.describe() if thread.pending else 'begins'})" for thread in enabled)
        return self._departs(index, able)

    def _departs(self, index: int, came: str) -> DivergenceError:
        wanted = self._nodes[index] if index < len(self._nodes) else None
        expected = f"expected thread {wanted.letter.thread} to {wanted.kind}" if wanted else "expected other options"
        return DivergenceError(f"an equal run departs from an earlier one at step {index + 1}: {expected}, came {came}; {CAUSES}")

    # ------------------------------------------------------------------ after a run

    def end(self, log: Log, failures: tuple[Failure, ...]) -> bool:
        self._follow(log)
        self.runs += 1
        spins = self._spins
        spins.follow(log)
        self.cut += any(failure.kind in _CUT and len(log) - 1 not in spins.idle for failure in failures) or spins.doubtful
        history, begun = self._history, len(self._nodes)
        self._check(log)
        history.forget(begun)
        races = history.follow(log, self._answers, begun)
        if history.ending is not None:
            self._endings.add(history.ending)
        self._extend(log, begun)
        for race in races:
            self._reverse(race)
        for index, (answer, count) in self._answers.items():
            if index >= begun:
                for value in range(count):
                    if value != answer:
                        self._reverse(history.other_answer(index, value))
        return self._next()

    def _check(self, log: Log) -> None:
        """See to it that the run began as the earlier one did from which it was to branch off: else what was learnt there means nothing."""
        again, idle = True, self._spins.idle
        for index, (node, thread, operation) in enumerate(zip(self._nodes, log.threads, log.operations)):
            if index in idle:
                continue
            letter = node.letter
            modes = zip(operation.footprint(), letter.prints)
            if thread.label != letter.thread or operation.kind != node.kind or any(mode is not before for (_, mode), (_, before) in modes):
                raise self._departs(index, f"{thread.name} ({operation.describe()})")
            again = again and self._names.again(operation, letter)
        if len(log) < len(self._nodes):
            raise self._departs(len(log), "nothing")
        self.cut += not again  # the same, but with other things: a list, say, that grows from run to run

    def _extend(self, log: Log, begun: int) -> None:
        """The nodes of the new part of the run."""
        nodes, asleep, letters = self._nodes, self._asleep, self._history.letters
        if self._refused:
            self.cut += 1  # an operation was wrong about itself: this vouches for nothing
        redundant = False
        for index in range(begun, len(letters)):
            letter = letters[index]
            if index in self._refused:
                asleep.append(Asleep(self._refused[index], index))  # not once more
            redundant = redundant or any(other.thread == letter.thread and other.value == letter.value for other, _ in asleep)
            nodes.append(Node(letter, log.operations[index].kind, asleep, self._followed[index - begun]))
            asleep = self._still_asleep(asleep, letter, index)
        self.redundant += redundant

    def _still_asleep(self, asleep: list[Asleep], letter: Letter, index: int) -> list[Asleep]:
        still = [one for one in asleep if one.letter.thread != letter.thread and not one.letter.conflicts(letter)]
        if self._endings:
            place = self._place(index)
            still = [one for one in still if not place.forbids(one.letter, (letter,), one.since)]
        return still

    def _reverse(self, race: Race) -> None:
        """See to it that the other order of a race is run, if no equivalent one was."""
        node = self._nodes[race.first]
        word = self._history.word(race)
        place = self._place(race.first)
        if word and not place.covered(word, node.asleep):
            place.insert(node.tree, word)

    def _place(self, index: int) -> Place:
        """The point before an event of the present run."""
        return Place(self._endings, self._history.letters[:index] if self._endings else [])

    def _next(self) -> bool:
        """Go back to the latest point where something is left to be run; whether there is one."""
        nodes = self._nodes
        while nodes:
            node = nodes.pop()
            node.asleep.append(Asleep(node.letter, len(nodes)))
            while node.tree:
                branch = node.tree.pop(0)
                if branch.doubtful and self._place(len(nodes)).prune(branch, node.asleep):
                    continue
                self._plan = [branch, *node.tree]
                self._asleep = node.asleep
                return True
        self._plan, self._asleep = [], []
        self.complete = not self.cut
        return False

    # ------------------------------------------------------------------ how far it has come

    @property
    def limits(self) -> str:  # type: ignore[override]
        """What was left out of threads that spin."""
        return WAITING if self._spins.ever else ""

    @property
    def estimate(self) -> float | None:  # type: ignore[override]
        """The runs so far, by the share of the tree that they are: at each point all branches that are known by now count alike (the
        weighted backtrack estimator: Kilby, Slaney, Thiébaux, Walsh, AAAI 2006). Branches that come to light later make it grow."""
        if not self._nodes and not self._plan or self.complete:
            return float(self.runs) or None
        share, done = 1.0, 0.0
        for index, (asleep, left) in enumerate([*((node.asleep, 1 + len(node.tree)) for node in self._nodes), (self._asleep, len(self._plan))]):
            gone = sum(one.since == index for one in asleep)
            share /= gone + left
            done += share * gone
        return self.runs / done if done else None

    def state(self) -> dict[str, Any]:
        """What the search knows between two runs, as plain data."""

        def plain(asleep: list[Asleep]) -> list[Any]:
            return [[letter.data(), since] for letter, since in asleep]

        return {
            "runs": self.runs,
            "redundant": self.redundant,
            "cut": self.cut,
            "spun": self._spins.ever,
            "names": self._names.data(),
            "endings": self._endings.data(),
            "nodes": [[node.letter.data(), node.kind, plain(node.asleep), [branch.data() for branch in node.tree]] for node in self._nodes],
            "plan": [branch.data() for branch in self._plan],
            "asleep": plain(self._asleep),
            "finished": bool(self.runs) and not self._nodes and not self._plan,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""

        def asleep(data: list[Any]) -> list[Asleep]:
            return [Asleep(Letter.of(letter), int(since)) for letter, since in data]

        self.runs, self.redundant, self.cut = int(state["runs"]), int(state["redundant"]), int(state["cut"])
        self._spins.ever = bool(state["spun"])
        self._names.restore(state["names"])
        self._endings = Endings.of(state["endings"])
        self._history = History(self._names, self._spins)
        self._nodes = [
            Node(Letter.of(letter), str(kind), asleep(sleeping), [Branch.of(branch) for branch in tree]) for letter, kind, sleeping, tree in state["nodes"]
        ]
        self._plan = [Branch.of(branch) for branch in state["plan"]]
        self._asleep = asleep(state["asleep"])
        self.complete = bool(state["finished"]) and not self.cut


__all__ = ["DPOR"]
