"""Threads that spin: what keeps a systematic search finite where a thread polls until another one has done something.

A loop that polls can go round any number of times before what it waits for comes, and each number would be an ordering of its
own. So a thread that has come back to the state it was in before, having changed nothing and having read nothing that others have
changed since, is *held*: it goes on when one of them does, as a blocked thread would. (The fair schedules of Musuvathi and
Qadeer, PLDI 2008, hold it until the others have had a turn; the await transformation of stateless model checkers is this.)

A state is the operation at hand, with the lines and variables of the program's frames. So a loop that counts does not spin, nor does
one that reads a clock. Where every thread that could go on is held, they take turns; one that gets out of its loop then was held
wrongly, by a count that no look can see.

When a thread is held depends on its own steps and on conflicting ones of others, never on the order of steps that commute: so
equivalent orders hold alike.
"""

from __future__ import annotations

from .._core.active import active
from .._core.execution import Step
from .._core.log import Log
from .._core.operation import READ, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .._core.verdict import state_of

WAITING = "in which threads that poll wait for a change"
"""What is complete where any thread was held, in words that follow on "all orderings"."""
_FIRST = 8
"""Steps of a thread that changed nothing, before it is looked at."""
_TRIES = 4
"""Comparisons of states before one looks elsewhere, and later."""
_TAKEN, _FREED = ("acquire", "try acquire"), "release"


class _Suspect:
    """A thread that has changed nothing for a while. (Taking something and giving it back is no change.)"""

    __slots__ = ("own", "patience", "tries", "key", "state", "began")

    def __init__(self) -> None:
        self.own: list[int] = []
        """Its steps since it last changed something."""
        self.patience = _FIRST
        self.tries = 0
        self.key = ""
        """The operation that it might come back to; the state there, and how many of its steps came before."""
        self.state: object = None
        self.began = 0

    def forget(self) -> None:
        """It gets on."""
        self.own.clear()
        self.patience, self.tries, self.key, self.state = _FIRST, 0, "", None


class Spins:
    """Which threads are held in the present run."""

    def __init__(self) -> None:
        self.ever = False
        """Whether in any run a thread was held."""
        self.begin()

    def begin(self) -> None:
        """Another run."""
        self._seen = 0
        self._suspects: dict[ControlledThread, _Suspect] = {}
        self._held: dict[ControlledThread, dict[Resource, int]] = {}
        """For each thread that is held, what it read or took, and in which step last."""
        self._going: dict[ControlledThread, dict[Resource, int]] = {}
        """The same of threads that were set going again and have not gone yet."""
        self._looping: dict[ControlledThread, frozenset[str]] = {}
        """The operations in the loop of each thread that was held and has not left it."""
        self.awaits: dict[int, dict[Resource, int]] = {}
        """The steps by which held threads went on, with what they had waited for, and since which step."""
        self.idle: set[int] = set()
        """Steps of threads that were held, done when nobody else could go on."""
        self.stuck = False
        """Whether, at the last choice, all that could go on were held."""
        self.doubtful = False
        """Whether a thread was held that should not have been, or what might have set it going again could not be told."""

    @property
    def held(self) -> frozenset[ControlledThread]:
        """The threads that are held at the end of what was looked at."""
        return frozenset(self._held)

    def free(self, step: Step) -> list[ControlledThread]:
        """The threads that can go on and are not held; all that can go on, if every one of them is."""
        log = step.log
        self.stuck = False
        if len(log) < _FIRST:
            return step.enabled
        self.follow(log)
        execution = active.execution
        assert execution is not None
        current = execution.current
        suspect = self._suspects.get(current)
        if suspect is not None and len(suspect.own) >= suspect.patience and current not in self._held and current in step.enabled:
            self._look(current, suspect, log)
        if not self._held:
            return step.enabled
        free = [thread for thread in step.enabled if thread not in self._held]
        if free:
            return free
        self.stuck = True  # all of them spin, so each in turn
        last = log.threads[-1]
        place = step.enabled.index(last) + 1 if last in step.enabled else 0
        return step.enabled[place:] + step.enabled[:place]

    def follow(self, log: Log) -> None:
        """Take note of what has happened since."""
        threads, operations = log.threads, log.operations
        for index in range(self._seen, len(threads)):
            thread, operation = threads[index], operations[index]
            kind = operation.kind
            suspect = self._suspects.get(thread)
            if suspect is None:
                suspect = self._suspects[thread] = _Suspect()
            if kind in _TAKEN or kind == _FREED or (kind != "read clock" and not operation.changes()):
                suspect.own.append(index)
            else:
                suspect.forget()
            if self._looping:
                self._set_going(index, thread, operation)
        self._seen = len(threads)

    def _set_going(self, index: int, thread: ControlledThread, operation: Operation) -> None:
        """What a step means for threads that are held."""
        keys = self._looping.get(thread)
        if keys is not None and operation.key not in keys:
            del self._looping[thread]
            keys = None
            if self._held.pop(thread, None) is not None:
                self.doubtful = True
        if thread in self._held:
            self.idle.add(index)
        if thread in self._going:
            self.awaits[index] = self._going.pop(thread)
        touched = _changed(operation)
        for other, waits in list(self._held.items()):
            if other is not thread and any(resource in waits for resource in touched):
                if keys is None:
                    self._go(other)
                else:
                    self.doubtful = True  # a section of another loop that polls: whether it changed anything cannot be told

    def _go(self, thread: ControlledThread) -> None:
        self._going[thread] = self._held.pop(thread)
        suspect = self._suspects[thread]
        suspect.began = len(suspect.own)

    def _look(self, thread: ControlledThread, suspect: _Suspect, log: Log) -> None:
        """Whether a thread that has come to a yield point has come round."""
        pending = thread.pending
        execution = active.execution
        assert pending is not None and execution is not None
        if not suspect.key:
            suspect.key, suspect.began, suspect.tries = pending.key, len(suspect.own), 0
            return
        if pending.key != suspect.key:
            return
        state = state_of(execution)
        if state == suspect.state and self._comes_to_nothing(thread, suspect, log):
            return
        suspect.tries += 1
        suspect.state, suspect.began = state, len(suspect.own)
        if suspect.tries > _TRIES:
            suspect.key, suspect.state, suspect.patience = "", None, 4 * len(suspect.own)

    def _comes_to_nothing(self, thread: ControlledThread, suspect: _Suspect, log: Log) -> bool:
        """Hold a thread that has come round, if it would be no different the next time."""
        first: dict[Resource, int] = {}
        last: dict[Resource, int] = {}
        taken: dict[Resource, int] = {}
        round_ = suspect.own[suspect.began :]
        for index in round_:
            operation = log.operations[index]
            if operation.kind == "yield point":
                continue
            for resource, mode in operation.footprint():
                first.setdefault(resource, index)
                last[resource] = index
                if mode is not READ:
                    taken[resource] = taken.get(resource, 0) + (1 if operation.kind in _TAKEN else -1)
        if any(taken.values()):
            return False
        goes_on = False
        for index in range(round_[0], len(log)):
            if log.threads[index] is not thread:
                for resource in _changed(log.operations[index]):
                    if resource in first and index > first[resource]:
                        if index < last[resource]:
                            return False
                        goes_on = True
        self.ever = True
        self._held[thread] = last
        self._looping[thread] = frozenset(log.operations[index].key for index in round_)
        if goes_on:
            self._go(thread)  # what it waits for has come already
        return True


def _changed(operation: Operation) -> list[Resource]:
    """What a step changed that somebody may wait for."""
    return [] if operation.kind == "yield point" else [resource for resource, mode in operation.footprint() if mode is not READ]


__all__ = ["WAITING", "Spins"]
