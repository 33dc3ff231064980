"""The access at hand: the frame that makes it, and which of the objects in it other threads could reach.

An object that nobody else can reach needs no yield point, and no event. Proven where all references to it come from
variables and stack slots of the frame itself, and no access to it has ever been an event: whoever reaches it later does so
through a location that this thread is still to write, so its accesses are ordered after these in every run.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable

from .._core.active import active
from .containers import Family
from .locations import Read, Several, SharedObject, known
from .._core.values import COUNT, FIRST, INNER, address_at, memory, object_at, type_at

_IMMUTABLE = frozenset(
    id(kind)
    for kind in (
        int, float, complex, bool, str, bytes, tuple, frozenset, range, slice, type(None), type(...), type(NotImplemented),
        types.CodeType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType, types.WrapperDescriptorType,
        types.MethodWrapperType, types.GetSetDescriptorType, types.MemberDescriptorType, types.GenericAlias, types.UnionType,
        types.MappingProxyType, types.FrameType, types.TracebackType, property, staticmethod, classmethod, super,
        re.Pattern, re.Match,
    )
)  # fmt: skip
"""Types (their ids) of objects that never change, or that hold nothing which an access could be about."""
_MANY = 12
"""An object with more references than this is not worth the look."""


class Scene:
    """Where the access at hand happens. There is one, filled anew for each."""

    __slots__ = ("frame", "slots", "private", "thorough", "stores_under")

    frame: types.FrameType
    slots: int
    """How many variables and stack slots of the frame are in use."""
    private: bool
    """Whether no other thread can run this very frame: it is no generator's."""
    stores_under: Callable[[str | None, type | None], None]
    """To be told of each name that is computed and then stored under (None: it cannot be told), and of the class of the object, if it is an
    instance of one."""
    thorough: bool
    """Whether nothing is to be taken for private."""

    @property
    def creator(self) -> str:
        """The label of the thread."""
        assert active.execution is not None
        return active.execution.current.label

    def entry_at(self, address: int, others: int = 0) -> SharedObject | None:
        """The shared object at an address; None for what never changes, and for what only this thread can reach.

        `others`: references that are known to come from something that only this thread can reach.
        """
        found = known.at(address)
        if found is not None:
            return found
        if not address or type_at(address) in _IMMUTABLE or self.only_here(address, others):
            return None
        return known.see(object_at(address), self.creator)

    def only_here(self, address: int, others: int = 0) -> bool:
        """Whether the frame holds all references to the object at an address, but so many others."""
        count = memory[address >> 3] & COUNT
        if count > _MANY or self.thorough or not self.private:
            return False
        # How many variables and stack slots own a reference: borrowed ones have their lowest bit set, and do not equal the address.
        first = (memory[(id(self.frame) >> 3) + INNER] >> 3) + FIRST
        return bool(memory[first : first + self.slots].tolist().count(address) + others == count)

    def entry(self, index: int) -> SharedObject | None:
        """The shared object in a slot of the frame."""
        return self.entry_at(address_at(self.frame, index))

    def stored(self, address: int, called: str | None = None) -> None:
        """An object is about to be put where others may find it: whoever uses it first, it bears this thread's name.

        A container may be called by where it is put.
        """
        if address and address not in known.of:
            kind = type_at(address)
            if kind not in UNNAMED:
                known.see(object_at(address), self.creator, called if kind in _ANONYMOUS else None)


UNNAMED = _IMMUTABLE | {id(kind) for kind in (types.FunctionType, types.ModuleType, type, types.CellType)}
_ANONYMOUS = frozenset(id(family.value) for family in Family)
"""Types of which a name says nothing."""
scene = Scene()


def joined(accesses: Iterable[Read | None]) -> Read | None:
    """One access for all of them; None for none."""
    found = [access for access in accesses if access is not None]
    return Several(found) if len(found) > 1 else found[0] if found else None


__all__ = ["Scene", "joined", "scene"]
