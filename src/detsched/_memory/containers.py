"""What operations on containers read and write: items, structure, or everything.

- Overwriting a present key or index writes the item; inserting and deleting write the structure too; `len`, steps of an
  iteration and looking for an absent key read it. Decided in the state where the operation executes.
- Keys of exact plain types are told apart by value. The `__eq__` of any other key must not run in the engine, so an operation
  with such a key touches everything.
"""

from __future__ import annotations

import array
import collections
from collections.abc import Callable
from enum import Enum
from types import FunctionType
from typing import Any

from .._core.operation import READ, UPDATE, WRITE, Mode
from .locations import Footprint, Location, Read, SharedObject, Write

_PLAIN = (str, int, bytes, bool, type(None))


def is_plain(key: Any) -> bool:
    """Whether keys like this one are equal exactly where their values are, without any code of the program being run."""
    kind = type(key)
    return kind in _PLAIN or (kind is tuple and all(map(is_plain, key)))


class Family(Enum):
    """How a container keeps its items."""

    DICT = dict
    SET = set
    LIST = list
    ARRAY = array.array
    BYTES = bytearray
    DEQUE = collections.deque

    @property
    def indexed(self) -> bool:
        """Whether items are found by index."""
        return self in (Family.LIST, Family.ARRAY, Family.BYTES)

    @property
    def keyed(self) -> bool:
        """Whether items are found by key."""
        return self in (Family.DICT, Family.SET)


_families: dict[type, Family | None] = {}


def family(kind: type) -> Family | None:
    """The family that a type belongs to; None for what is no container of this kind."""
    try:
        return _families[kind]
    except KeyError:
        found = _families[kind] = next((each for each in Family if issubclass(kind, each.value)), None)
        return found


def in_python(kind: type, method: str) -> bool:
    """Whether a method is Python code, whose own accesses are seen where they happen."""
    for base in kind.__mro__:
        if method in vars(base):
            return isinstance(vars(base)[method], (FunctionType, property, classmethod, staticmethod))
    return False


# ---------------------------------------------------------------------- what is touched

Effect = Callable[[SharedObject, Any, Any], Footprint]


def read_everything(owner: SharedObject, container: Any = None, key: Any = None) -> Footprint:
    """All items and their order."""
    return (owner.structure, READ), (owner.everything, READ), (owner.values, READ), *_attributes(owner, READ)


def write_everything(owner: SharedObject, container: Any = None, key: Any = None) -> Footprint:
    """Any item, and their order."""
    return (owner.structure, WRITE), (owner.everything, WRITE), (owner.values, WRITE), *_attributes(owner, WRITE)


def _attributes(owner: SharedObject, mode: Mode) -> Footprint:
    # Those that were used before the dictionary was taken do not know of `everything`.
    return tuple((each, mode) for each in owner.attributes.values()) if owner.exposed else ()


def read_structure(owner: SharedObject, container: Any = None, key: Any = None) -> Footprint:
    """Length, order and membership."""
    return ((owner.structure, READ),)


def _item(owner: SharedObject, key: Any) -> Footprint:
    return (owner.item(key), READ), (owner.everything, READ)


def _change(owner: SharedObject, key: Any) -> Footprint:
    return (owner.item(key), WRITE), (owner.everything, READ), (owner.values, UPDATE)


def _present(container: Any, key: Any) -> bool:
    # The containers' own methods: a subclass may have others, in Python.
    return dict.__contains__(container, key) if isinstance(container, dict) else set.__contains__(container, key)


def _length(container: Any) -> int:
    for each in (list, collections.deque, bytearray, array.array):
        if isinstance(container, each):
            return each.__len__(container)  # type: ignore[arg-type]
    return 0


def read_item(owner: SharedObject, container: Any, key: Any) -> Footprint:
    """Look an item up."""
    kind = family(type(container))
    if kind is not None and kind.keyed:
        if not is_plain(key):
            return read_everything(owner)
        return _item(owner, key) if _present(container, key) else (*_item(owner, key), (owner.structure, READ))
    if kind is None or not kind.indexed or type(key) not in (int, bool):
        return read_everything(owner)
    length = _length(container)
    if not -length <= key < length:
        return read_structure(owner)
    return _item(owner, int(key)) if key >= 0 else (*_item(owner, key + length), (owner.structure, READ))


def write_item(owner: SharedObject, container: Any, key: Any) -> Footprint:
    """Store an item: over one that is there, or as a new one."""
    kind = family(type(container))
    if kind is not None and kind.keyed:
        if not is_plain(key):
            return write_everything(owner)
        return _change(owner, key) if _present(container, key) else (*_change(owner, key), (owner.structure, WRITE))
    if kind is None or not kind.indexed or type(key) not in (int, bool):
        return write_everything(owner)
    length = _length(container)
    if not -length <= key < length:
        return read_structure(owner)
    return _change(owner, int(key)) if key >= 0 else (*_change(owner, key + length), (owner.structure, READ))


def insert_if_absent(owner: SharedObject, container: Any, key: Any) -> Footprint:
    """Look a key up, and insert it where it is not there."""
    return write_item(owner, container, key) if not is_plain(key) or not _present(container, key) else _item(owner, key)


def delete_item(owner: SharedObject, container: Any, key: Any) -> Footprint:
    """Take an item out."""
    kind = family(type(container))
    if kind is None or not kind.keyed or not is_plain(key):
        return write_everything(owner)
    if not _present(container, key):
        return *_item(owner, key), (owner.structure, READ)
    return *_change(owner, key), (owner.structure, WRITE)


def append(owner: SharedObject, container: Any, key: Any = None) -> Footprint:
    """A new item at the end."""
    return *_change(owner, _length(container)), (owner.structure, WRITE)


def take_last(owner: SharedObject, container: Any, key: Any = None) -> Footprint:
    """Take the last item out."""
    length = _length(container)
    return (*_change(owner, length - 1), (owner.structure, WRITE)) if length else read_structure(owner)


READING = (read_item, read_structure, read_everything)
"""Effects that never write."""


class ReadItem(Read):
    """An access to a container. What it touches is decided where it executes; then it lets go of the container."""

    __slots__ = ("_effect", "_owner", "_container", "_argument", "_verb")

    def __init__(self, resource: Location, effect: Effect, owner: SharedObject, container: Any, key: Any, verb: str | None) -> None:
        self.resource = resource
        self.touched = ()
        self._effect, self._owner, self._container, self._argument, self._verb = effect, owner, container, key, verb

    def footprint(self) -> Footprint:
        return self.touched or self._effect(self._owner, self._container, self._argument)

    def apply(self) -> None:
        self.touched = self._effect(self._owner, self._container, self._argument)
        self._container = self._argument = None

    @property
    def is_call(self) -> bool:
        """Whether it is a call of a method in C, which is atomic."""
        return self._verb is not None

    def parts(self) -> tuple[str, str]:
        return self._verb or self.kind, str(self.resource)


class WriteItem(ReadItem, Write):
    """One that may change the container."""

    __slots__ = ()
    kind = "write"
    mode = WRITE


def access(owner: SharedObject, effect: Effect, container: Any, key: Any = None, verb: str | None = None) -> Read:
    """The operation on a container with such an effect. `verb`: what the program calls it, where it is no plain read or write."""
    place = owner.structure
    if key is not None and effect in _BY_KEY and is_plain(key):
        place = owner.item(key)
    return (ReadItem if effect in READING else WriteItem)(place, effect, owner, container, key, verb)


_BY_KEY = frozenset({read_item, write_item, delete_item, insert_if_absent})
