"""A letter: one event in terms that hold in every run of a program: whose it is, what it answered, what it touched.

Prefixes of runs, sleep sets and wakeup sequences are words of letters.
"""

from __future__ import annotations

from typing import Any

from ..._core.operation import WRITE, Footprint, Mode
from ..._core.resource import Resource

Print = tuple[int, Mode]


class Letter:
    """One event.

    `thread` is the spawn path; `value` the answer to a question that the operation asked of the strategy (0 where there was
    none); `prints` what it touched, by the numbers of `Names`. `ends` says that the run was over with it, which conflicts with
    every event of those who might have gone on: `spares` are the threads that it does not concern, None if it concerns daemons.
    """

    __slots__ = ("thread", "value", "prints", "daemon", "ends", "spares")

    def __init__(self, thread: str, value: int, prints: tuple[Print, ...], daemon: bool, ends: bool, spares: frozenset[str] | None) -> None:
        self.thread = thread
        self.value = value
        self.prints = prints
        self.daemon = daemon
        self.ends = ends
        self.spares = spares

    def cuts(self, other: Letter) -> bool:
        """Whether the run is over with this one, and `other` belongs to a thread that would have gone on."""
        return self.ends and (other.daemon if self.spares is None else other.thread not in self.spares)

    def conflicts(self, other: Letter) -> bool:
        """Whether the order of the two, of different threads, can be told."""
        for mine, mode in self.prints:
            for theirs, other_mode in other.prints:
                if mine == theirs and (mode != other_mode or mode is WRITE):
                    return True
        return (self.ends and self.cuts(other)) or (other.ends and other.cuts(self))

    def without_end(self) -> Letter:
        """The letter in another order of things, in which the run would go on after it."""
        return Letter(self.thread, self.value, self.prints, self.daemon, False, None) if self.ends else self

    def data(self) -> list[Any]:
        """The letter as plain data."""
        spares = None if self.spares is None else sorted(self.spares)
        return [self.thread, self.value, [list(pair) for pair in self.prints], self.daemon, self.ends, spares]

    @classmethod
    def of(cls, data: list[Any]) -> Letter:
        """What `data` gave."""
        thread, value, prints, daemon, ends, spares = data
        pairs = tuple((int(number), Mode(mode)) for number, mode in prints)
        return cls(str(thread), int(value), pairs, bool(daemon), bool(ends), None if spares is None else frozenset(spares))

    def __repr__(self) -> str:
        return f"<{self.thread}{f'={self.value}' if self.value else ''} {self.prints}{' ends' if self.ends else ''}>"


class Names:
    """Numbers for resources, the same in every run: by what their identity is made of, never by address.

    What was made before the runs is the same object in all of them. Two locations of different objects that the program calls
    by one name get one number: then an order may be run twice, but none is missed.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], int] = {}
        self._before: dict[int, Resource] = {}
        self._now: dict[int, int] = {}

    def begin(self) -> None:
        """Another run: its objects may have the addresses of earlier ones."""
        self._now.clear()

    def number(self, resource: Resource) -> int:
        """The number of a resource of the present run."""
        found = self._now.get(id(resource))
        if found is None:
            identity = self._identity(resource)
            found = self._now[id(resource)] = self.known.setdefault(identity, len(self.known))
        return found

    def _identity(self, resource: Resource) -> tuple[object, ...]:
        identity = resource.identity()
        if identity is not None:
            return (type(resource).__name__, *identity)
        self._before[id(resource)] = resource  # kept, so that no other gets its address
        return ("before", id(resource))

    def prints(self, footprint: Footprint) -> tuple[Print, ...]:
        """A footprint in numbers."""
        return tuple([(self.number(resource), mode) for resource, mode in footprint])


__all__ = ["Letter", "Names", "Print"]
