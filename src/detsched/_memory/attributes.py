"""Attributes: what reading and writing one touches, by what the type has under that name.

Attributes of a module and its global variables are the same locations. Attributes of a class that an instance does not have
itself are read from the class. Properties, and whatever else runs Python code, are no accesses of their own: the accesses of
that code are seen where they happen.
"""

from __future__ import annotations

import threading
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from .containers import in_python
from .locations import Read, known
from .scene import UNNAMED, joined, scene
from .._core.values import object_at, type_at

_PER_THREAD = threading.local
_SLOTS = (MemberDescriptorType, GetSetDescriptorType)
_MISSING = object()


def _in_class(kind: type, name: str) -> tuple[Any, Any]:
    """What a class has under a name, and which of its bases has it."""
    for base in kind.__mro__:
        found = base.__dict__.get(name, _MISSING)
        if found is not _MISSING:
            return found, base
    return _MISSING, None


def read_attribute(address: int, name: str) -> Read | None:
    """Read an attribute of the object at an address."""
    if not address:
        return None
    kind = object_at(type_at(address))
    if issubclass(kind, ModuleType) and name != "__dict__":
        return known.see_namespace(vars(object_at(address)), scene.creator).attribute(name).reading
    if issubclass(kind, type):
        return _read_from_class(object_at(address), name)
    if kind.__getattribute__ is not object.__getattribute__ and in_python(kind, "__getattribute__"):
        return None
    if issubclass(kind, _PER_THREAD):
        return None
    if name == "__dict__":
        expose(address)
        return None
    found, base = _in_class(kind, name)
    if found is _MISSING or type(found) in _SLOTS:
        owner = scene.entry_at(address)
        if owner is None:
            return None
        reading = owner.reads[name] = owner.attribute(name).reading
        return reading
    in_base = known.see(base, "").attribute(name).reading if base.__flags__ & _MUTABLE_TYPE else None
    if hasattr(type(found), "__set__") or not kind.__dictoffset__:
        return in_base  # a property or the like, or nothing but the class can have it
    owner = scene.entry_at(address)
    return in_base if owner is None else joined((owner.attribute(name).reading, in_base))


_MUTABLE_TYPE = 1 << 9


def is_own(kind: type, name: str) -> bool:
    """Whether instances of a class have an attribute of their own under a name, if any: the class has nothing there but perhaps a slot."""
    found, _ = _in_class(kind, name)
    return found is _MISSING or type(found) in _SLOTS


def read_own(address: int, name: str) -> Read | None:
    """Read an attribute under a name that only computed names may be: of instances that have it themselves.

    Methods, and what modules and classes have under such names, is told of when somebody does store there.
    """
    if not address:
        return None
    kind = object_at(type_at(address))
    return None if issubclass(kind, (ModuleType, type)) or not is_own(kind, name) else read_attribute(address, name)


def _read_from_class(kind: type, name: str) -> Read | None:
    _, base = _in_class(kind, name)
    return known.see(base or kind, "").attribute(name).reading


def write_attribute(address: int, name: str, stored: int = 0) -> Read | None:
    """Store or delete an attribute of the object at an address."""
    if not address:
        return None
    kind = object_at(type_at(address))
    if stored and type_at(stored) not in UNNAMED:
        scene.stored(stored, name if issubclass(kind, ModuleType) else f"{kind.__name__}.{name}")
    if issubclass(kind, ModuleType):
        return known.see_namespace(vars(object_at(address)), scene.creator).attribute(name).writing
    if issubclass(kind, type):
        known.forget_shortcuts()
        return known.see(object_at(address), "").attribute(name).writing
    if kind.__setattr__ is not object.__setattr__ and in_python(kind, "__setattr__"):
        return None
    return store(address, name)


def store(address: int, name: str) -> Read | None:
    """Store or delete an attribute, past whatever Python code the class has for that."""
    kind = object_at(type_at(address))
    if issubclass(kind, _PER_THREAD):
        return None
    found, base = _in_class(kind, name)
    if found is not _MISSING and type(found) not in _SLOTS and hasattr(type(found), "__set__"):
        return known.see(base, "").attribute(name).reading
    owner = scene.entry_at(address)
    if owner is None:
        return None
    writing = owner.writes[name] = owner.attribute(name).writing
    return writing


def expose(address: int) -> None:
    """The program takes the dictionary of an object: what it does with that, it does with the attributes."""
    value = object_at(address)
    if isinstance(value, type) or not hasattr(type(value), "__dict__") and not isinstance(value, ModuleType):
        return
    variables = object.__getattribute__(value, "__dict__")
    if isinstance(value, ModuleType):
        expose_namespace(variables)
        return
    owner = scene.entry_at(address)
    if owner is not None and type(variables) is dict:
        known.expose(variables, owner, type(value))


def expose_namespace(variables: dict[str, Any]) -> None:
    """The program takes the dictionary of a module."""
    known.expose(variables, known.see_namespace(variables, scene.creator))
