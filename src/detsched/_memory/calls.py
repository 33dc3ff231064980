"""Calls of functions in C that read or write containers and attributes: one operation each, before the call.

What a function in C does with a container is not seen from outside, so it is told by its name. A method of a container that is
not in the table may do anything to it; a function that is not in the table may do anything to the containers that it is given.
"""

from __future__ import annotations

import bisect
import collections
import heapq
import itertools
import operator
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType, MethodWrapperType, ModuleType, WrapperDescriptorType
from typing import Any

from .attributes import expose, expose_namespace, read_attribute, store, write_attribute
from .containers import (
    Effect,
    Family,
    append,
    delete_item,
    family,
    insert_if_absent,
    read_everything,
    read_item,
    read_structure,
    take_last,
    write_everything,
    write_item,
)
from .iterators import step, use
from .locations import Read
from .scene import joined, scene
from .._core.values import object_at, type_at

_READ_ALL = (
    "__iter__", "__reversed__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__str__", "__add__",
    "__mul__", "__rmul__", "__or__", "__ror__", "__and__", "__rand__", "__sub__", "__rsub__", "__xor__", "__rxor__", "copy",
    "count", "index", "union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint",
    "__copy__", "__reduce__", "__reduce_ex__", "tolist", "tobytes", "find", "rfind", "startswith", "endswith", "join", "split",
    "decode", "hex", "__format__", "__getstate__", "rindex", "strip", "lower", "upper",
)  # fmt: skip
_STRUCTURE = ("__len__", "__sizeof__", "keys", "values", "items", "__class_getitem__", "buffer_info", "__length_hint__")
_NOTHING = ("__init_subclass__", "__subclasshook__", "__class__", "__dir__", "__hash__", "__new__")

METHODS: dict[tuple[Family, str], Effect] = {
    (Family.DICT, "get"): read_item,
    (Family.DICT, "__getitem__"): read_item,
    (Family.DICT, "__contains__"): read_item,
    (Family.DICT, "__setitem__"): write_item,
    (Family.DICT, "__delitem__"): delete_item,
    (Family.DICT, "pop"): delete_item,
    (Family.DICT, "setdefault"): insert_if_absent,
    (Family.SET, "__contains__"): read_item,
    (Family.SET, "add"): insert_if_absent,
    (Family.SET, "discard"): delete_item,
    (Family.SET, "remove"): delete_item,
    **{(kind, "append"): append for kind in (Family.LIST, Family.ARRAY, Family.BYTES)},
    **{(kind, "__getitem__"): read_item for kind in Family if kind is not Family.DICT},
    **{(kind, "__setitem__"): write_item for kind in Family if kind is not Family.DICT},
}
"""Methods of containers that do not touch everything. (`pop` of a list: by its arguments.)"""


def method_effect(kind: Family, name: str, arguments: int) -> Effect | None:
    """What a method of a container does to it; None for nothing."""
    effect = METHODS.get((kind, name))
    if effect is not None:
        return effect
    if name == "pop" and kind.indexed and not arguments:
        return take_last
    if name in _READ_ALL:
        return read_everything
    if name in _STRUCTURE:
        return read_structure
    return None if name in _NOTHING else write_everything


_READS = frozenset(
    id(function)
    for function in (
        sorted, sum, min, max, any, all, repr, str, bytes, print, list, tuple, set, frozenset, dict, format, ascii, bytearray,
        collections.deque, collections.OrderedDict, collections.Counter, collections.defaultdict, operator.eq, operator.ne,
        operator.concat, operator.contains, operator.countOf, operator.indexOf, heapq.nlargest, heapq.nsmallest,
        bisect.bisect, bisect.bisect_left, bisect.bisect_right, itertools.product, itertools.permutations, itertools.combinations,
    )
)  # fmt: skip
"""Functions and types that read all of the containers that they are given."""
_LOOKS = frozenset(
    id(function)
    for function in (
        len, iter, reversed, enumerate, zip, map, filter, bool, operator.length_hint, itertools.chain, itertools.islice,
        itertools.cycle, itertools.count, itertools.repeat, itertools.takewhile, itertools.dropwhile, itertools.starmap,
        itertools.accumulate, itertools.zip_longest, itertools.groupby, itertools.tee, itertools.compress, operator.truth,
    )
)  # fmt: skip
"""Functions and types that look at the structure of the containers that they are given."""
_BLIND = frozenset(id(function) for function in (isinstance, issubclass, id, type, callable, super, object, hash, operator.is_, operator.is_not))
"""Functions that look at no part of what they are given."""
_NAMED: dict[int, Callable[[int, str], Read | None]] = {
    id(getattr): read_attribute,
    id(hasattr): read_attribute,
    id(setattr): write_attribute,
    id(delattr): write_attribute,
}
_ATTRIBUTE_METHODS: dict[str, Callable[[int, str], Read | None]] = {
    "__getattribute__": read_attribute,
    "__setattr__": store,
    "__delattr__": store,
}
_READ_TOO = frozenset(
    ("extend", "update", "union", "intersection", "difference", "symmetric_difference", "intersection_update", "difference_update",
     "symmetric_difference_update", "issubset", "issuperset", "isdisjoint", "extendleft", "fromlist", "__iadd__", "__ior__")
)  # fmt: skip
"""Methods of containers that go through other containers."""
_OF_ALL_NAMES = frozenset(("update", "__ior__"))
"""Methods that store under the keys of another dictionary."""
_METHODS_IN_C = (MethodDescriptorType, WrapperDescriptorType)
_BOUND_IN_C = (BuiltinFunctionType, MethodWrapperType)
_IN_PYTHON = frozenset((id(FunctionType), id(MethodType)))
_HEAP = 1 << 9
"""The flag of types that were made by a class statement."""


classes: dict[int, type] = {}
"""Classes whose constructor is Python code, by their ids."""
_MANY = 1_000


def call(address: int, arguments: Sequence[int]) -> Read | None:
    """The access that a call is, by the addresses of function and arguments.

    None for no access, and for Python code, whose own accesses are seen where they happen.
    """
    if not address or type_at(address) in _IN_PYTHON or address in classes:
        return None
    function = object_at(address)
    kind = type(function)
    if kind in _METHODS_IN_C:
        return _method(arguments[0], function.__name__, arguments[1:]) if arguments else None
    if kind in _BOUND_IN_C:
        owner = function.__self__
        if owner is not None and not isinstance(owner, ModuleType):
            return _method(id(owner), function.__name__, arguments)
    elif not isinstance(function, type):
        return None if _is_python(kind, "__call__") else _each(arguments, write_everything)
    return _function(function, arguments)


def _is_python(kind: type, method: str) -> bool:
    return any(type(vars(base).get(method)) is FunctionType for base in kind.__mro__)


def _name_at(arguments: Sequence[int], index: int) -> str | None:
    if len(arguments) <= index or type_at(arguments[index]) != id(str):
        return None
    name: str = object_at(arguments[index])
    return name


def _class_of(address: int) -> type | None:
    kind: type = object_at(type_at(address))
    return None if issubclass(kind, (ModuleType, type)) else kind


def _names_in(addresses: Sequence[int]) -> set[str | None]:
    """The keys of dictionaries; None among them where that is not all."""
    found = set[str | None]()
    for address in addresses:
        thing = object_at(address) if address else None
        found.update(thing if type(thing) is dict and all(type(key) is str for key in thing) else (None,))
    return found if len(addresses) == 2 else found | {None}


def _method(owner: int, name: str, arguments: Sequence[int]) -> Read | None:
    if not owner:
        return None
    if name in _ATTRIBUTE_METHODS:
        attribute = _name_at(arguments, 0)
        if name != "__getattribute__":
            scene.stores_under(attribute, _class_of(owner))
        return None if attribute is None else _ATTRIBUTE_METHODS[name](owner, attribute)
    container = family(object_at(type_at(owner)))
    if container is None:
        if name == "__next__":
            return step(owner)
        # A method in C of some other object: only of the containers that it is given can anything be told.
        return _each(arguments, read_everything)
    effect = method_effect(container, name, len(arguments))
    if effect is None:
        return None
    key = object_at(arguments[0]) if arguments and arguments[0] else None
    mine = use(owner, effect, key, name, _names_in((owner, *arguments)) if name in _OF_ALL_NAMES else (None,))
    if name in _READ_TOO:
        return joined((mine, _each(arguments, read_everything)))
    if mine is not None:
        for argument in arguments:
            scene.stored(argument)
    return mine


def _function(function: Any, arguments: Sequence[int]) -> Read | None:
    address = id(function)
    if function is globals:
        expose_namespace(scene.frame.f_globals)
        return None
    if address in _BLIND or not arguments or not arguments[0]:
        return None
    if address in _NAMED:
        name = _name_at(arguments, 1)
        if function in (setattr, delattr):
            scene.stores_under(name, _class_of(arguments[0]))
        return None if name is None else _NAMED[address](arguments[0], name)
    if function is vars:
        expose(arguments[0])
        return None
    if function is next:
        return step(arguments[0])
    if address in _READS:
        return _each(arguments, read_everything)
    if address in _LOOKS:
        return _each(arguments, read_structure)
    if isinstance(function, type):
        if function.__flags__ & _HEAP and (_is_python(function, "__init__") or _is_python(function, "__new__")):
            if len(classes) > _MANY:
                classes.clear()
            classes[address] = function
            return None
        return _each(arguments, read_everything)
    return _each(arguments, write_everything)


def _each(arguments: Sequence[int], effect: Effect) -> Read | None:
    """One access to all containers among the arguments."""
    return joined([use(argument, effect) for argument in arguments])
