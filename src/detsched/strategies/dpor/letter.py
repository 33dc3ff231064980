"""A letter: one event in terms that hold in every run of a program: whose it is, what it answered, what it touched.

Prefixes of runs, sleep sets and wakeup sequences are words of letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..._core.operation import WRITE, Footprint, Mode, Operation
from ..._core.resource import Resource
from ..._core.thread import ControlledThread
from ...errors import InvalidSettings

Print = tuple[int, Mode]


class Letter:
    """One event.

    `thread` is the spawn path and `nth` says which of its events this is, from 1; `value` the answer to a question that the
    operation asked of the strategy, of `options` (0 of 1 where there was none); `prints` what it touched, by the numbers of
    `Names`. `last` says whether the thread ended with it, which touches the thread; None where that is not known yet.
    """

    __slots__ = ("thread", "nth", "value", "options", "prints", "daemon", "last")

    def __init__(
        self, thread: str, nth: int, prints: tuple[Print, ...], daemon: bool, last: bool | None, value: int = 0, options: int = 1
    ) -> None:
        self.thread = thread
        self.nth = nth
        self.value = value
        self.options = options
        self.prints = prints
        self.daemon = daemon
        self.last = last

    def conflicts(self, other: Letter) -> bool:
        """Whether the order of the two, of different threads, can be told. (If the thread of the other one may end with it, as if it
        did not: where it does, that will be seen in a run, and be a race there.)"""
        theirs = other.prints if other.last is not None else other.prints[:-1]
        for number, mode in self.prints:
            for other_number, other_mode in theirs:
                if number == other_number and (mode != other_mode or mode is WRITE):
                    return True
        return False

    def going_on(self) -> Letter:
        """The letter, if the thread did not end with it. (For one of which that is not known.)"""
        return Letter(self.thread, self.nth, self.prints[:-1], self.daemon, False, self.value, self.options)

    def data(self) -> list[Any]:
        """The letter as plain data."""
        return [self.thread, self.nth, [list(pair) for pair in self.prints], self.daemon, self.last, self.value, self.options]

    @classmethod
    def of(cls, data: list[Any]) -> Letter:
        """What `data` gave."""
        thread, nth, prints, daemon, last, value, options = data
        pairs = tuple((int(number), Mode(mode)) for number, mode in prints)
        return cls(str(thread), int(nth), pairs, bool(daemon), None if last is None else bool(last), int(value), int(options))

    def __repr__(self) -> str:
        return f"<{self.thread}.{self.nth}{f'={self.value}' if self.options > 1 else ''} {self.prints}{' last' if self.last else ''}>"


class Asleep(NamedTuple):
    """A letter that was run from some point on, which need not be repeated: of all that begins with it, an equivalent order was run."""

    letter: Letter
    since: int
    """How many events came before that point."""


def _plain(identity: object) -> Any:
    """An identity as plain data: tuples as lists, bytes with a mark."""
    if isinstance(identity, tuple):
        return [_plain(part) for part in identity]
    if isinstance(identity, bytes):
        return {"bytes": identity.hex()}
    if identity is None or type(identity) in (str, int, bool):
        return identity
    raise InvalidSettings(f"resume=…: the search cannot be kept in a file, for the program uses {identity!r} as the name of something shared")


def _identity(data: Any) -> Any:
    if isinstance(data, list):
        return tuple(_identity(part) for part in data)
    return bytes.fromhex(data["bytes"]) if isinstance(data, dict) else data


_BEFORE = "before"


class Names:
    """Numbers for resources, the same in every run: by what their identity is made of, never by address.

    What was made before the runs is the same object in all of them. Two locations of different objects that the program calls
    by one name get one number: then an order may be run twice, but none is missed.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[object, ...], int] = {}
        self._before: dict[int, Resource] = {}
        self._made_at: dict[tuple[object, ...], Resource] = {}
        """Of those made before the runs, the first one that each place made."""
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
        site = (_BEFORE, resource.kind, resource.file, resource.line)
        if self._made_at.setdefault(site, resource) is resource:
            return site
        return (_BEFORE, id(resource))

    def data(self) -> list[Any]:
        """What has which number, as plain data. Raises InvalidSettings where something has no name that holds in other processes."""
        for identity in self.known:
            if identity[0] == _BEFORE and len(identity) == 2:
                resource = self._before[identity[1]]  # type: ignore[index]
                raise InvalidSettings(
                    f"resume=…: the search cannot be kept in a file, for {resource} and another one like it, made in the same place, were made before "
                    f"the runs, and could not be told apart in another process: make them inside the program, or in setup="
                )
        return [_plain(identity) for identity in self.known]

    def restore(self, data: list[Any]) -> None:
        """Know what `data` gave."""
        self.known = {_identity(identity): number for number, identity in enumerate(data)}

    def of(self, what: str) -> int:
        """The number of something that no operation names."""
        return self.known.setdefault((what,), len(self.known))

    def number_of_thread(self, label: str) -> int:
        """The number of the thread with a spawn path."""
        return self.known.setdefault((ControlledThread.__name__, label), len(self.known))

    def prints(self, footprint: Footprint) -> tuple[Print, ...]:
        """A footprint in numbers."""
        return tuple([(self.number(resource), mode) for resource, mode in footprint])

    def again(self, operation: Operation, letter: Letter) -> bool:
        """Whether an operation touched what that of an earlier run did, which began with the same choices."""
        now = self._now
        return all(
            now.get(id(resource)) == number or self.number(resource) == number
            for (resource, _), (number, _) in zip(operation.footprint(), letter.prints)
        )
