"""Accesses where values cannot be looked at: on free-threaded builds, other interpreters, and versions to come.

An access is then told by its instruction alone. An attribute is one location for all objects that may have it, a shared variable one
for all functions with a variable of that name, and everything in containers is one location: an access conflicts with all that it
could touch. No ordering is missed; more than necessary are told apart.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType

from .._core.operation import WRITE
from .bytecode import Instruction
from .locations import Read, SharedObject, Write, known

Site = Callable[[FrameType], "Read | None"]
_WRITING = ("STORE_", "DELETE_", "CALL", "PRECALL")
_CONTAINERS = frozenset(
    (
        "BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR", "BINARY_SLICE", "STORE_SLICE", "CONTAINS_OP", "FOR_ITER", "GET_ITER",
        "GET_YIELD_FROM_ITER", "GET_LEN", "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE",
        "COMPARE_OP", "MATCH_KEYS", "TO_BOOL", "FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE",
    )
)  # fmt: skip
_CALLS = frozenset(("PRECALL", "CALL", "CALL_KW", "CALL_FUNCTION_EX", "BINARY_OP"))


def site(code: CodeType, variables: tuple[str, ...], instruction: Instruction, name: str | None, any_name: bool) -> Site | None:
    """The site of an instruction; None where it is no access. `any_name`: whether calls may store under computed names."""
    what = instruction.name
    writing = what.startswith(_WRITING)
    if "GLOBAL" in what or "NAME" in what:
        if name is None or (what.startswith(("STORE_NAME", "DELETE_NAME")) and code.co_name != "<module>"):
            return None
        return lambda frame: _pick(known.see_namespace(frame.f_globals, ""), name, writing)
    if "ATTR" in what or what == "LOAD_METHOD":
        return None if name is None else lambda frame: _pick(known.see_kind("attribute"), name, writing)
    if "DEREF" in what:
        variable = variables[instruction.arg]
        return lambda frame: _pick(known.see_kind("variable"), variable, writing)
    if what in _CALLS:
        return lambda frame: _anything(any_name)
    if what in _CONTAINERS:
        return lambda frame: _pick(known.see_kind("containers"), "", writing)
    return None


def _pick(owner: SharedObject, name: str, writing: bool) -> Read:
    place = owner.attribute(name)
    return place.writing if writing else place.reading


def _anything(any_name: bool) -> Read:
    """A call: of a method of a container, perhaps; of `setattr`, perhaps."""
    containers = known.see_kind("containers").attribute("")
    if not any_name:
        return containers.writing
    attributes = known.see_kind("attribute")
    attributes.exposed = True
    touched = ((containers, WRITE), (attributes.everything, WRITE), (attributes.values, WRITE), *((each, WRITE) for each in attributes.attributes.values()))
    return Write(containers, touched)
