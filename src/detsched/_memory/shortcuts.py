"""Shortcuts: how a site finds out soon that there is nothing to tell, or what was told before.

Each stands before the general way of its instruction, and falls back to it. What they have in common: no object is made for what is only looked
at, for these run at every access of a program.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from .bytecode import VERSION, Instruction
from .calls import classes
from .iterators import LIST_ITERATOR
from .locations import Read, known
from .scene import UNNAMED, scene
from .._core.values import COUNT, FIRST, INNER, POINTER, memory

if TYPE_CHECKING:
    from .sites import Site, Table

PLAIN_NUMBERS = frozenset(map(id, (int, float, str, bool, complex, bytes)))
PLAIN_TRUTHS = PLAIN_NUMBERS | {id(type(None)), id(tuple)}
PYTHON_CALLS = frozenset(map(id, (types.FunctionType, types.MethodType)))
"""Types, by their ids: of what is neither container nor attribute of anything; of what is true or false by itself; of functions in Python."""


def _name_of_attribute(code: CodeType, arg: int) -> str:
    return code.co_names[arg >> 1 if VERSION >= (3, 12) else arg]


def _name_of_global(code: CodeType, arg: int) -> str:
    return code.co_names[arg >> 1]


def _plain_name(code: CodeType, arg: int) -> str:
    return code.co_names[arg]


READ_NAMES: dict[str, Callable[[CodeType, int], str]] = {
    "LOAD_ATTR": _name_of_attribute,
    "LOAD_METHOD": _plain_name,
    "LOAD_GLOBAL": _name_of_global,
    "LOAD_NAME": _plain_name,
    "IMPORT_FROM": _plain_name,
    "LOAD_SUPER_ATTR": lambda code, arg: code.co_names[arg >> 2],
    "LOAD_FROM_DICT_OR_GLOBALS": _plain_name,
}
"""Instructions that read under a name: no access where nobody stores under it."""


def _known_attribute(table: Table, instruction: Instruction, site: Site) -> Site:
    name, where, of = READ_NAMES[instruction.name](table.code, instruction.arg), FIRST + table.slot(instruction, 1), known.of

    def shortcut(frame: FrameType) -> Read | None:
        owner = of.get(memory[(memory[(id(frame) >> 3) + INNER] >> 3) + where] & POINTER)
        if owner is not None and name in owner.reads:
            return owner.reads[name]
        return site(frame)

    return shortcut


def _known_store(table: Table, instruction: Instruction, site: Site) -> Site:
    name, of = table.code.co_names[instruction.arg], known.of
    where, value = FIRST + table.slot(instruction, 1), FIRST + table.slot(instruction, 2)

    def shortcut(frame: FrameType) -> Read | None:
        inner = memory[(id(frame) >> 3) + INNER] >> 3
        owner = of.get(memory[inner + where] & POINTER)
        if owner is not None and name in owner.writes and memory[(memory[inner + value] >> 3) + 1] in UNNAMED:
            return owner.writes[name]
        return site(frame)

    return shortcut


def _known_global(table: Table, instruction: Instruction, site: Site) -> Site:
    name, of = READ_NAMES[instruction.name](table.code, instruction.arg), known.of

    def shortcut(frame: FrameType) -> Read | None:
        owner = of.get(id(frame.f_globals))
        if owner is not None and name in owner.attributes:
            return owner.attributes[name].reading
        return site(frame)

    return shortcut


def _known_cell(table: Table, instruction: Instruction, site: Site) -> Site:
    where, of = FIRST + instruction.arg, known.of

    def shortcut(frame: FrameType) -> Read | None:
        owner = of.get(memory[(memory[(id(frame) >> 3) + INNER] >> 3) + where] & POINTER)
        if owner is not None and "" in owner.attributes:
            return owner.attributes[""].reading
        return site(frame)

    return shortcut


def known_callable(table: Table, instruction: Instruction, site: Site) -> Site:
    """Calls of Python code are no accesses of their own."""
    count = instruction.arg + (1 if instruction.name == "CALL_KW" else 0)
    # Up to 3.12 the function is the upper one of two slots, unless the lower one is in use: then that.
    slots = (count + 2, count + 1) if VERSION < (3, 13) else (count + 2, count + 2)
    lower, upper = (FIRST + table.slot(instruction, depth) for depth in slots)

    def shortcut(frame: FrameType) -> Read | None:
        inner = memory[(id(frame) >> 3) + INNER] >> 3
        function = (memory[inner + lower] or memory[inner + upper]) & POINTER
        return None if function in classes or memory[(function >> 3) + 1] in PYTHON_CALLS else site(frame)

    return shortcut


def _private_list(table: Table, instruction: Instruction, site: Site) -> Site:
    """Steps over a list that only this frame can reach, and tuples, ranges and the like."""
    plain = _plain_operand(_COUNTING, 1 if VERSION < (3, 15) else 2)(table, instruction, site)
    if VERSION >= (3, 15) or not table.private:
        return plain
    where, last, of = FIRST + table.slot(instruction, 1), FIRST + table.first + instruction.depth, known.of

    def shortcut(frame: FrameType) -> Read | None:
        inner = memory[(id(frame) >> 3) + INNER] >> 3
        iterator = (memory[inner + where] & POINTER) >> 3
        if memory[iterator + 1] != LIST_ITERATOR:
            return plain(frame)
        items = memory[iterator + 3]
        if not items:
            return None  # it has come to its end
        if memory[iterator] & COUNT == 1 and items not in of and not scene.thorough:
            held_here = memory[inner + FIRST : inner + last].tolist().count(items)
            if memory[items >> 3] & COUNT == held_here + 1:
                return None
        return site(frame)

    return shortcut


def _plain_operand(kinds: frozenset[int], depth: int) -> Callable[[Table, Instruction, Site], Site]:
    """Nothing happens where one operand is of such a type."""

    def make(table: Table, instruction: Instruction, site: Site) -> Site:
        where = FIRST + table.slot(instruction, depth)

        def shortcut(frame: FrameType) -> Read | None:
            address = memory[(memory[(id(frame) >> 3) + INNER] >> 3) + where] & POINTER
            return None if address and memory[(address >> 3) + 1] in kinds else site(frame)

        return shortcut

    return make


_COUNTING = frozenset(map(id, (type(iter(range(0))), type(iter(range(1 << 70))), type(iter("")), type(iter(())), types.GeneratorType)))
SHORTCUTS: dict[str, Callable[[Table, Instruction, Site], Site]] = {
    "BINARY_OP": _plain_operand(PLAIN_NUMBERS, 2),
    "COMPARE_OP": _plain_operand(PLAIN_NUMBERS, 2),
    "FOR_ITER": _private_list,
    **{name: _plain_operand(PLAIN_TRUTHS, 1) for name in dis.opmap if name == "UNARY_NOT" or name == "TO_BOOL" or "JUMP_IF" in name},
    "LOAD_ATTR": _known_attribute,
    "STORE_ATTR": _known_store,
    "LOAD_GLOBAL": _known_global,
    "LOAD_DEREF": _known_cell,
    "PRECALL" if VERSION == (3, 11) else "CALL": known_callable,
    "CALL_KW": known_callable,
}

__all__ = ["PLAIN_NUMBERS", "PLAIN_TRUTHS", "PYTHON_CALLS", "READ_NAMES", "SHORTCUTS", "known_callable"]
