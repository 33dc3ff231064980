"""The story of a run: its events with all that reports say about them. Text, table, picture and JSON are made from it."""

from __future__ import annotations

import linecache
import os
import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .._core.failure import Waiting, queue_in
from .._core.frames import INLINED
from .._core.log import Log
from .._core.operation import READ, UPDATE, Mode
from .._core.precedence import predecessors
from .._core.resource import Resource
from .._core.thread import ControlledThread
from .._core.trace import Chain, Recorder, TraceEvent

_TAKES = ("acquire", "try acquire", "wake")
_FREES = ("release", "wait")
LOCKS = ("Lock", "RLock")
"""Kinds of objects that threads hold."""
_TAIL = 50_000
"""How many events at the end of a run are looked at for a cycle."""
_LONGEST_CYCLE = 200


class Pair(NamedTuple):
    """Two steps whose order matters: positions in the log; `second` is None where its thread, `label`, never came to it."""

    first: int
    second: int | None
    label: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event: what the trace says of it, and the rest that reports want to know."""

    step: int
    thread: str
    label: str
    kind: str
    done: str
    about: str
    shows: str
    reason: str
    preempted: bool
    file: str
    line: int
    function: str
    time: float
    touches: tuple[tuple[int, Mode], ...]
    other: str
    """The label of the thread that is started or joined; empty for other operations."""
    held: tuple[str, ...]
    """The locks that the thread held when it came to this event."""
    held_keys: tuple[int, ...]
    chain: Chain
    within: str
    """The function of a library that the program has called, where it was inside of that; else empty."""

    @property
    def words(self) -> str:
        """What was done, with what, and what it read or wrote there."""
        return clean(" ".join(filter(None, (self.done, self.about))) + (f" {self.arrow} {self.shows}" if self.shows else ""))

    @property
    def arrow(self) -> str:
        """Which way the value went: out of the object, or into it."""
        return "←" if self.done == "write" else "→"

    @property
    def place(self) -> str:
        """File and line."""
        return place_of(self.file, self.line)

    @property
    def source(self) -> str:
        """The line of source, without indentation; of a `with` that takes something, what is done with it as well."""
        return with_block(self.file, self.line) if self.kind in _TAKES else source_line(self.file, self.line)


def place_of(file: str, line: int) -> str:
    """A place as reports show it: file without folders, and line."""
    return f"{clean(os.path.basename(file))}:{line}" if file else ""


def source_line(file: str, line: int) -> str:
    """A line of source, without indentation; empty where there is no source."""
    return clean(linecache.getline(file, line).strip()) if file and line else ""


def with_block(file: str, line: int) -> str:
    """A line of source; if it begins a `with` block, with the first line of the block, and … if there are more."""
    head = source_line(file, line)
    if not (head.startswith("with ") and head.endswith(":")):
        return head
    depth = _depth(linecache.getline(file, line))
    body, number = list[str](), line
    while len(body) < 2:
        number += 1
        text = linecache.getline(file, number)
        if not text or text.strip() and _depth(text) <= depth:
            break
        if text.strip() and not text.lstrip().startswith("#"):
            body.append(clean(text.strip()))
    return " ".join((head, *body[:1], *("…" for _ in body[1:])))


def block_end(file: str, line: int) -> int:
    """The last line of the block that begins at a line: the line itself where none does."""
    depth, end, number = _depth(linecache.getline(file, line)), line, line
    while text := linecache.getline(file, number := number + 1):
        if text.strip() and not text.lstrip().startswith("#"):
            if _depth(text) <= depth:
                break
            end = number
    return end


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip())


def clean(text: str) -> str:
    """Text that a terminal does not obey: every control character shown as what it is."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


_MADE_IN = re.compile(r" of thread (\d+(?:\.\d+)*)(?![\w)])")
_PLAIN = re.compile(r"[\w-]+")
_PLACE = re.compile(r" \([^()]*:\d+\)(?=$| )")


def brief(about: str) -> str:
    """The name of an object without the place where it was made."""
    return _PLACE.sub("", about)


def queue_of(event: Event) -> str:
    """The queue inside of which an event is; empty for other events."""
    return queue_in(event.about, event.within)


def came_through(event: Event) -> str:
    """Through which calls of the program a thread came to a step: empty where it was in the first one."""
    chain = [frame for frame in event.chain if frame[0].co_name not in INLINED][:4]
    return _through([(code.co_filename, line, code.co_name) for code, line, _ in chain])


def stands_in(waiting: Waiting) -> str:
    """Through which calls of the program a thread came to where it stands."""
    return _through([(place.file, place.line, place.function.rpartition(".")[2]) for place in (waiting.location, *waiting.callers)])


def _through(calls: list[tuple[str, int, str]]) -> str:
    callers = [f"{place_of(file, line)} ({clean(function)})" for file, line, function in calls[1:]]
    return f"in {clean(calls[0][2])}, called from {', from '.join(callers)}" if callers else ""


class Holding(NamedTuple):
    """One time that a lock was held: by whom, from which event to which (the number of events, if to the end), inside of how many others."""

    label: str
    since: int
    until: int
    depth: int
    lock: str


class Story:
    """The events of one run, and the threads that did them."""

    def __init__(self, log: Log, recorder: Recorder, trace: tuple[TraceEvent, ...]) -> None:
        self._log = log
        self._recorder = recorder
        self.threads: dict[str, str] = {}
        """The name of each thread that did something, by its label, in the order of their starts."""
        for thread in sorted({*log.threads, *(thread for thread, _ in log.pending)}, key=lambda thread: thread.path):
            self.threads[thread.label] = clean(thread.name)
        self.holdings: list[Holding] = []
        """Which locks were held when, in the order in which they were taken."""
        names = list(self.threads.values())
        self._makers = {label: name for label, name in self.threads.items() if names.count(name) == 1 and _PLAIN.fullmatch(name)}
        self.events = tuple(self._events(trace))

    def said(self, text: str) -> str:
        """Text that a terminal does not obey, with the names of the threads that made something in the place of their labels."""
        return _MADE_IN.sub(lambda found: f" of thread {self._makers.get(found[1], found[1])}", clean(text))

    def _events(self, trace: tuple[TraceEvent, ...]) -> list[Event]:
        log, recorder = self._log, self._recorder
        cuts = set(recorder.cuts)
        holds: dict[ControlledThread, dict[int, Resource]] = {}
        taken: dict[tuple[ControlledThread, int], Holding] = {}
        found = []
        for index, told in enumerate(trace):
            thread, operation = log.threads[index], log.operations[index]
            mine = holds.setdefault(thread, {})
            other = operation.other_thread()
            footprint = operation.footprint()
            found.append(
                Event(
                    told.step, clean(told.thread), thread.label, operation.kind, told.operation, self.said(told.object), recorder.shown[index],
                    self.said(told.reason), index in cuts, told.location.file, told.location.line, told.location.function, told.time,
                    tuple((id(resource), mode) for resource, mode in footprint), "" if other is None else other.label,
                    tuple(self.said(str(lock)) for lock in mine.values()), tuple(mine), recorder.chains[index],
                    recorder.within[index],
                )  # fmt: skip
            )
            if operation.kind in _TAKES and operation.mode is not READ:
                for resource, _ in footprint:
                    if getattr(resource, "kind", "") in LOCKS and id(resource) not in mine:
                        taken[thread, id(resource)] = Holding(thread.label, index, len(trace), len(mine), self.said(str(resource)))
                        mine[id(resource)] = resource
            elif operation.kind in _FREES:
                for resource, _ in footprint:
                    for owner, held in holds.items():
                        if held.pop(id(resource), None) is not None:
                            self.holdings.append(taken.pop((owner, id(resource)))._replace(until=index))
        self.holdings = sorted([*self.holdings, *taken.values()], key=lambda holding: holding.since)
        return found

    @cached_property
    def contended(self) -> set[int]:
        """The resources that more than one thread touches, and at least one of them changes."""
        by: dict[int, set[str]] = {}
        changed: set[int] = set()
        for event in self.events:
            for key, mode in event.touches:
                by.setdefault(key, set()).add(event.label)
                if mode is not READ:
                    changed.add(key)
        for thread, operation in self._log.pending:
            for resource, _ in operation.footprint():
                by.setdefault(id(resource), set()).add(thread.label)
        return {key for key, labels in by.items() if len(labels) > 1 and key in changed}

    @property
    def left(self) -> dict[str, tuple[str, str]]:
        """What the threads that were left at the end had announced: kind and words, by label."""
        return {thread.label: (operation.kind, self.said(operation.describe())) for thread, operation in self._log.pending}

    @cached_property
    def arrows(self) -> list[tuple[int, ...]]:
        """For each event the positions of events in other threads that it came directly after."""
        return predecessors(self._log)

    @cached_property
    def cycle(self) -> tuple[int, int]:
        """The shortest cycle that the run ended in: its length, and how often it went round; (0, 0) where there is none."""
        keys = [(e.label, e.done, e.about, e.file, e.line) for e in self.events[-_TAIL:]]
        count = len(keys)
        for length in range(1, min(_LONGEST_CYCLE, count // 3) + 1):
            if keys[-length:] == keys[-2 * length : -length] == keys[-3 * length : -2 * length]:
                last = keys[-length:]
                times = 3
                while keys[count - (times + 1) * length : count - times * length] == last and (times + 1) * length <= count:
                    times += 1
                return length, times
        return 0, 0

    @property
    def blocked(self) -> list[tuple[int, tuple[str, ...]]]:
        """From which position on which threads could not go on."""
        return self._recorder.blocked

    def touching(self, resources: set[int], label: str | None = None) -> list[Event]:
        """The events that touch one of these resources, of one thread or of all."""
        return [e for e in self.events if (label is None or e.label == label) and any(key in resources for key, _ in e.touches)]

    def common(self, pair: Pair) -> set[int]:
        """The resources that two steps conflict on."""
        first = self._log.operations[pair.first]
        if pair.second is not None:
            second = self._log.operations[pair.second]
        else:
            second = next(operation for thread, operation in self._log.pending if thread.label == pair.label)
        return {
            id(mine)
            for mine, mode in first.footprint()
            for theirs, mode_of_other in second.footprint()
            if mine is theirs and (mode is not mode_of_other or mode not in (READ, UPDATE))
        } or {id(resource) for resource, _ in first.footprint()}

    @cached_property
    def _resources(self) -> dict[int, Resource]:
        operations = (*self._log.operations, *(operation for _, operation in self._log.pending))
        return {id(resource): resource for operation in operations for resource, _ in operation.footprint()}

    def name_of(self, resource: int) -> str:
        """The name of a resource that some event touches."""
        return self.said(str(self._resources[resource]))

    def kinds_called(self, name: str) -> set[str]:
        """What kinds of things have this name: a condition and its lock share one."""
        return {getattr(one, "kind", "thread") for one in self._resources.values() if self.said(str(one)) == name}

    def kind_of(self, resource: int) -> str:
        """What kind of thing it is."""
        return getattr(self._resources[resource], "kind", "thread")
