"""The values at locations, as reports show them. No code of the program is run for it: what would take some is left out."""

from __future__ import annotations

import array
import collections
from types import CellType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .locations import Location

_LONGEST = 24
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS: tuple[type[Any], ...] = (list, dict, set, frozenset, tuple, collections.deque, bytearray, array.array)
_NOTHING = object()


def value_at(location: Location) -> str:
    """What is at a location now, as short text; empty where that cannot be told."""
    owner = location.owner
    thing = owner.held if owner.weak is None else owner.weak()
    try:
        value = _look_up(location, thing)
    except (AttributeError, KeyError, IndexError, ValueError, TypeError):
        return ""
    return "" if value is _NOTHING else short(value)


def short(value: Any) -> str:
    """A value of a plain type by its repr, a container by its length, anything else by its type."""
    kind = type(value)
    if kind in _PLAIN:
        text = repr(value)
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if kind in _CONTAINERS:
        return f"{kind.__name__} of {len(value)}"
    return f"<{kind.__name__}>"


def _look_up(location: Location, thing: Any) -> Any:
    owner, part = location.owner, location.part
    if thing is None:
        return _NOTHING
    if type(thing) is CellType:
        return thing.cell_contents
    if part.startswith("["):
        key = next((key for key, item in owner.items.items() if item is location), _NOTHING)
        if key is _NOTHING:
            return _NOTHING
        if isinstance(thing, dict):
            return dict.get(thing, key, _NOTHING)
        item: Any = list.__getitem__
        return item(thing, key) if isinstance(thing, list) else _NOTHING
    if part.startswith("."):
        return _attribute(thing, part[1:])
    if part and type(thing) is dict:
        return thing.get(part, _NOTHING)  # a variable of a module
    return _NOTHING


def _attribute(thing: Any, name: str) -> Any:
    if isinstance(thing, type):
        return type.__getattribute__(thing, "__dict__").get(name, _NOTHING)
    kind = type(thing)
    for base in kind.__mro__:
        found = base.__dict__.get(name, _NOTHING)
        if type(found) is MemberDescriptorType:
            return found.__get__(thing, kind)
    return object.__getattribute__(thing, "__dict__").get(name, _NOTHING)
