"""Locations of data: parts of objects, each with a name that is the same in every process.

An object is known by who saw it first, the type, and how many of that type this thread had seen before. An object is seen
where it is used, and where it is stored: so what a thread makes and then shows to others bears its name, whoever uses it first.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from types import CellType
from typing import Any
from weakref import ref

from .._core.operation import READ, UPDATE, WRITE, Mode, Operation
from .._core.resource import Resource
from .._core.values import references_to
from .showing import value_at

Footprint = tuple[tuple[Resource, Mode], ...]


class Location(Resource):
    """A part of an object: an attribute, an item, its structure."""

    __slots__ = ("owner", "part", "reading", "writing")
    reading: Read
    writing: Write
    """Of an attribute or variable: its operations, one of each for all accesses, for they hold no state."""

    def __init__(self, owner: SharedObject, part: str) -> None:
        # Not Resource.__init__: a location is named by its object, not by where it was made.
        self.owner = owner
        self.part = part

    # The same of every location, and never changed: cheaper as part of the class.
    file, line, nth, creator, run, given, used_at = "", 0, 1, "shared", 0, None, None

    @property
    def key(self) -> str:
        return f"{self.owner.key}{self.part}"

    kind = key

    def identity(self) -> tuple[object, ...]:
        # Which object it is a part of, no name tells that holds in every run: all parts that are called alike are one.
        return (self.kind, self.part)

    def __str__(self) -> str:
        return f"{self.owner}{self.part}"


_PARTS = {"structure": "", "everything": "[…]", "values": "[…] values"}
_NO_NAMES: dict[int, tuple[Any, str]] = {}


class SharedObject:
    """An object, or a variable, that accesses are about.

    `structure` is its length, order and membership. `everything` stands for all parts at once: operations on one part read
    it, operations on many write it. `values` is the other half of that: it lets writes of different parts commute, and still
    conflict with readings of everything.
    """

    __slots__ = (
        "kind", "nth", "creator", "given", "held", "weak", "attributes", "items",
        "structure", "everything", "values", "exposed", "instance_of", "reads", "writes", "address", "names",
    )  # fmt: skip

    def __init__(self, kind: str, nth: int, creator: str, given: str | None = None) -> None:
        self.kind, self.nth, self.creator, self.given = kind, nth, creator, given
        self.weak: _Reference | None = None
        self.held: Any = None
        self.address, self.names = 0, _NO_NAMES
        """Under which address the program may still give it a name."""
        self.attributes: dict[str, Location] = {}
        self.items: dict[Hashable, Location] = {}
        self.reads: dict[str, Read] = {}
        self.writes: dict[str, Read] = {}
        """The operations of those attributes that are found in the object itself: a shortcut."""
        self.exposed = False
        """Whether the program has taken the dictionary that the attributes are in."""
        self.instance_of: type | None = None
        """Then also the class, where it is the dictionary of an instance."""

    def __getattr__(self, name: str) -> Location:
        # Most objects never need all of these three.
        found = Location(self, _PARTS[name])
        setattr(self, name, found)
        return found

    @property
    def key(self) -> str:
        return f"{self.kind}{self.nth}@{self.creator}"

    def __str__(self) -> str:
        named = self.names.get(self.address)
        if named is not None:
            return named[1]
        if self.given is not None:
            return self.given
        return self.kind if self.nth == 1 and self.creator == "0" else f"{self.kind} #{self.nth}{'' if self.creator == '0' else f' of thread {self.creator}'}"

    def attribute(self, name: str) -> Location:
        """The location of an attribute, or of a variable (with an empty name)."""
        found = self.attributes.get(name)
        if found is None:
            part = name and f".{name}"
            if self.given == "":  # the variables of a module are named without it
                part = name
            found = self.attributes[name] = Location(self, part)
            reading: Footprint = ((found, READ),)
            writing: Footprint = ((found, WRITE),)
            if self.exposed:
                reading += ((self.everything, READ),)
                writing += ((self.everything, READ), (self.values, UPDATE))
            found.reading = Read(found, reading)
            found.writing = Write(found, writing)
        return found

    def item(self, key: Hashable) -> Location:
        """The location of an item."""
        found = self.items.get(key)
        if found is None:
            if self.exposed and isinstance(key, str):
                return self.attribute(key)
            found = self.items[key] = Location(self, f"[{_text(key)}]")
        return found


_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
_LONGEST = 40


def _text(key: Hashable) -> str:
    """A key in words that are the same in every process: keys may be made of addresses."""
    if isinstance(key, int) and abs(key) > 1 << 32:
        return "a large number"
    if isinstance(key, tuple):
        return f"({', '.join(map(_text, key))})"
    text = _ADDRESS.sub("0x…", repr(key))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class Read(Operation):
    """An access that changes nothing. `touched` is all that it reads."""

    __slots__ = ("touched",)
    kind = "read"
    mode = READ

    def __init__(self, resource: Location, touched: Footprint) -> None:
        self.resource = resource
        self.touched = touched

    def apply(self) -> None:
        return None

    def footprint(self) -> Footprint:
        return self.touched

    def shows(self) -> str:
        return value_at(self.resource) if type(self.resource) is Location else ""


class Write(Read):
    """An access that may change something."""

    __slots__ = ()
    kind = "write"
    mode = WRITE


class Several(Read):
    """Several accesses in one. Bears the name of the first."""

    __slots__ = ("_accesses", "mode")
    mode: Mode

    def __init__(self, accesses: list[Read]) -> None:
        self.resource = accesses[0].resource
        self.mode = WRITE if any(access.mode is WRITE for access in accesses) else READ
        self.touched = ()
        self._accesses = accesses

    def footprint(self) -> Footprint:
        if self.touched:
            return self.touched
        touched: dict[Resource, Mode] = {}
        for access in self._accesses:
            for resource, mode in access.footprint():
                touched[resource] = mode if touched.get(resource, mode) is mode else WRITE
        return tuple(touched.items())

    def apply(self) -> None:
        for access in self._accesses:
            access.apply()
        self.touched = self.footprint()
        self._accesses = []

    def parts(self) -> tuple[str, str]:
        return self._accesses[0].parts() if self._accesses else ("read" if self.mode is READ else "write", str(self.resource))


class _Reference(ref[Any]):
    """To an object that has been seen; says which address becomes free when it dies."""

    __slots__ = ("address",)
    address: int


_FEW = 64


class Known:
    """The objects that a run has seen."""

    def __init__(self) -> None:
        self.of: dict[int, SharedObject] = {}
        """By the addresses of the objects, as long as they live."""
        self._counts: dict[tuple[str, str], int] = {}
        self._exposed: dict[int, tuple[Any, SharedObject]] = {}
        self._kinds: dict[str, SharedObject] = {}
        self.names: dict[int, tuple[Any, str]] = {}
        self._held: list[SharedObject] = []
        self.due = _FEW
        """How many objects may be held before it is time to let go of some."""

    def begin(self, names: dict[int, tuple[Any, str]]) -> None:
        """A new run: nothing has been seen. `names` are those that the program gives to objects."""
        self.of.clear()
        self._counts, self._exposed, self._kinds, self.names = {}, {}, {}, names
        self._held, self.due = [], _FEW

    def at(self, address: int) -> SharedObject | None:
        """The entry of the object at an address, if it has been seen."""
        found = self.of.get(address)
        return found if found is not None or address not in self._exposed else self._exposed[address][1]

    def see(self, value: Any, creator: str, called: str | None = None) -> SharedObject:
        """The entry of an object, made now if it was not seen before. `called`: how reports may call it, if nobody knows better."""
        found = self.at(id(value))
        if found is not None:
            return found
        if isinstance(value, type):
            name = value.__qualname__.rpartition("<locals>.")[2]
            return self._enter(value, name, "", name)
        return self._enter(value, type(value).__name__, creator, called)

    def see_cell(self, cell: CellType, name: str, creator: str) -> SharedObject:
        """The entry of a variable that functions share."""
        return self.at(id(cell)) or self._enter(cell, name, creator, name)

    def see_namespace(self, variables: dict[str, Any], creator: str) -> SharedObject:
        """The entry of a module's variables, which are its attributes too."""
        found = self.of.get(id(variables))
        return found if found is not None else self._enter(variables, str(variables.get("__name__", "globals")), "", "")

    def see_kind(self, kind: str) -> SharedObject:
        """What stands for all objects at once, where they cannot be told apart."""
        found = self._kinds.get(kind)
        if found is None:
            found = self._kinds[kind] = SharedObject(kind, 1, "", "" if kind != "containers" else "some container")
        return found

    def expose(self, variables: dict[str, Any], owner: SharedObject, instance_of: type | None = None) -> None:
        """From now on items of this dictionary are attributes of that object."""
        owner.exposed, owner.instance_of = True, instance_of
        owner.items = owner.attributes  # type: ignore[assignment]
        self._exposed[id(variables)] = variables, owner

    def _enter(self, value: Any, kind: str, creator: str, given: str | None) -> SharedObject:
        count = self._counts[creator, kind] = self._counts.get((creator, kind), 0) + 1
        entry = SharedObject(kind, count, creator, given)
        entry.address, entry.names = id(value), self.names
        try:
            entry.weak = _Reference(value, self._forget)
            entry.weak.address = id(value)
        except TypeError:
            entry.held = value  # else another object might get its address, and be taken for it
            self._held.append(entry)
            self.due -= 1
        self.of[id(value)] = entry
        return entry

    def let_go(self) -> None:
        """Let go of what nobody else holds any more. Its finalizers run here, and those of what is in it."""
        while True:
            going = [entry for entry in self._held if references_to(id(entry.held)) == 1]
            if not going:
                break
            dead = {id(entry) for entry in going}
            self._held = [entry for entry in self._held if id(entry) not in dead]
            for entry in going:
                self.of.pop(id(entry.held), None)
                entry.held = None
        self.due = max(_FEW, len(self._held))

    def _forget(self, reference: _Reference) -> None:
        self.of.pop(reference.address, None)

    def forget_shortcuts(self) -> None:
        """A class has changed: its instances may have attributes that they did not have."""
        for entry in self.of.values():
            entry.reads.clear()
            entry.writes.clear()


known = Known()
__all__ = ["Footprint", "Known", "Location", "Read", "SharedObject", "Write", "known", "together"]
