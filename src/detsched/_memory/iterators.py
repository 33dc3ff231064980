"""Steps of an iteration: which container an iterator walks over."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterable
from typing import Any

from .containers import READING, Effect, access, family, read_everything, read_item, read_structure, write_everything
from .locations import Read, SharedObject
from .scene import joined, scene
from .._core.values import object_at, type_at, walked_by

def _any(*things: Any) -> tuple[Any, ...]:
    return things


_WALKS: frozenset[type] = frozenset(
    type(each)
    for each in _any(
        iter([]), reversed([]), iter({}), iter({}.values()), iter({}.items()), reversed({}), reversed({}.values()), reversed({}.items()),
        iter(set()), iter(bytearray()), {}.keys(), {}.values(), {}.items(),
    )
)  # fmt: skip
"""Iterators and views that refer straight to their container."""
_WRAPS = frozenset(
    (enumerate, zip, map, filter, itertools.islice, itertools.chain, itertools.takewhile, itertools.dropwhile, itertools.starmap,
     itertools.accumulate, itertools.zip_longest, itertools.cycle, itertools.compress, reversed, itertools.groupby, itertools.pairwise)
)  # fmt: skip
"""Iterators over iterators."""
LIST_ITERATOR = id(type(iter([])))


def _import_more() -> None:
    import array
    import collections

    global _WALKS
    ordered: Any = collections.OrderedDict()
    more = _any(iter(collections.deque()), reversed(collections.deque()), iter(ordered), ordered.keys(), ordered.values(), ordered.items(), iter(array.array("b")))
    _WALKS |= {type(each) for each in more}


_import_more()


def containers_of(iterator: Any, depth: int = 4) -> list[Any]:
    """The containers behind an iterator or a view. Runs no code of the program."""
    kind = type(iterator)
    if kind in _WALKS:
        return [each for each in gc.get_referents(iterator) if family(type(each)) is not None]
    if (kind in _WRAPS or kind is tuple) and depth:  # some keep their iterators in a tuple
        return [found for each in gc.get_referents(iterator) for found in ([each] if family(type(each)) else containers_of(each, depth - 1))]
    return []


def use(address: int, effect: Effect, key: Any = None, verb: str | None = None, names: Iterable[str | None] = (None,)) -> Read | None:
    """The access to whatever is at an address: a container, or the containers behind an iterator or a view.

    `names`: what it may store under if it is the dictionary of an object, and `key` does not say.
    """
    if not address:
        return None
    kind = object_at(type_at(address))
    if family(kind) is not None:
        owner = scene.entry_at(address)
        if owner is None:
            return None
        if owner.exposed and effect not in READING:
            for name in (key,) if type(key) is str else names:
                scene.stores_under(name, owner.instance_of)
        return access(owner, effect, object_at(address), key, verb)
    return behind(address, effect) if kind in _WALKS or kind in _WRAPS else None


def of_unknown(address: int, effect: Effect) -> Read | None:
    """The access to an item of something in C of which nothing is known (a view of memory, an array of numbers): to all of it."""
    owner = scene.entry_at(address)
    return None if owner is None else access(owner, read_everything if effect in READING else write_everything, object_at(address))


def behind(address: int, effect: Effect) -> Read | None:
    """The access to the containers behind an iterator."""
    private = scene.only_here(address)
    found = []
    containers = containers_of(object_at(address))
    while containers:
        container = containers.pop()
        # Where the iterator is private, its own reference counts as the frame's; one more is the variable here.
        owner = scene.entry_at(id(container), 2 if private else 0)
        if owner is not None:
            found.append(access(owner, effect, container))
    return joined(found)


def step(address: int) -> Read | None:
    """The access that one step of an iterator is."""
    if not address:
        return None
    if type_at(address) != LIST_ITERATOR:
        return behind(address, read_structure)
    items, index = walked_by(address)
    if not items:
        return None  # it has come to its end
    owner = scene.entry_at(items, 1 if scene.only_here(address) else 0)
    return None if owner is None else _list_step(object_at(items), owner, index)


def _list_step(items: Any, owner: SharedObject, index: int) -> Read | None:
    ending = access(owner, read_structure, items)
    return ending if index >= list.__len__(items) else joined((ending, access(owner, read_item, items, index)))


def numbered_step(address: int, index: int) -> Read | None:
    """The access that a step over a list is where the interpreter keeps the index itself, without an iterator."""
    if not address or type_at(address) != id(list):
        return None
    owner = scene.entry_at(address)
    return None if owner is None else _list_step(object_at(address), owner, index)
