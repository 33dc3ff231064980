"""Where the instructions of a code object are, and how deep the value stack is before each.

Static, and from public information alone: the bytecode, `dis.stack_effect`, and the exception table. The interpreter holds the
whole value stack in memory at every instruction, so the depth says where each operand lies.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from .._core.values import locals_and_cells

VERSION = sys.version_info[:2]
_NAME = dis.opname
_EXTENDED, _CACHE = dis.opmap["EXTENDED_ARG"], dis.opmap["CACHE"]
_JUMPS = frozenset(op for op in (*dis.hasjrel, *dis.hasjabs) if dis.opname[op] != "END_ASYNC_FOR")
_ENDS = frozenset(
    dis.opmap[name]
    for name in (
        "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "INTERPRETER_EXIT",
        "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT",
    )
    if name in dis.opmap
)  # fmt: skip


class Instruction(NamedTuple):
    """One instruction. `at` is where events of tracing or monitoring announce it, `offset` where it is."""

    offset: int
    name: str
    arg: int
    depth: int
    """How many values are on the stack before it; -1 where it is never reached."""
    at: int
    following: int
    """The offset of the instruction after it."""


class _Raw(NamedTuple):
    offset: int
    first: int
    op: int
    arg: int
    following: int


def _decode(code: CodeType) -> Iterator[_Raw]:
    text = code.co_code
    offset, size, extended, first = 0, len(text), 0, -1
    while offset < size:
        op, arg = text[offset], text[offset + 1] | extended
        if first < 0:
            first = offset
        following = offset + 2
        while following < size and text[following] == _CACHE:
            following += 2
        if op == _EXTENDED:
            extended = arg << 8
        else:
            yield _Raw(offset, first, op, arg, following)
            extended, first = 0, -1
        offset = following


def _varint(table: Iterator[int]) -> int:
    byte = next(table)
    value = byte & 63
    while byte & 64:
        byte = next(table)
        value = value << 6 | byte & 63
    return value


def _handlers(code: CodeType) -> list[tuple[int, int, int, int, int]]:
    """The exception table: (start, end, target, depth that is kept, what else is pushed)."""
    table, found = iter(code.co_exceptiontable), []
    try:
        while True:
            start = _varint(table) * 2
            end = start + _varint(table) * 2
            target = _varint(table) * 2
            depth = _varint(table)
            found.append((start, end, target, depth >> 1, (depth & 1) + 1))
    except StopIteration:
        return found


def _effect(op: int, arg: int, jump: bool) -> int:
    if _NAME[op] == "RETURN_GENERATOR":
        return 1  # what is pushed when the generator begins; some versions leave it out
    if VERSION == (3, 11):
        name = _NAME[op]
        if name == "PRECALL":
            return 0
        if name == "CALL":
            return -(arg + 1)
        if name.startswith("JUMP_IF_"):
            return 0 if jump else -1
    return dis.stack_effect(op, arg if op >= dis.HAVE_ARGUMENT or VERSION >= (3, 13) and op in _HAS_ARG else None, jump=jump)


_HAS_ARG = frozenset(getattr(dis, "hasarg", ()))


def _depths(code: CodeType, raw: dict[int, _Raw]) -> dict[int, int]:
    handlers = _handlers(code)
    known: dict[int, int] = {}
    todo = [(0, 0)]
    while todo:
        offset, depth = todo.pop()
        while offset not in known and offset in raw:
            known[offset] = depth
            instruction = raw[offset]
            for start, end, target, kept, pushed in handlers:
                if start <= offset < end and kept <= depth and target not in known:
                    todo.append((target, kept + pushed))
            if instruction.op in _JUMPS:
                distance = instruction.arg * 2
                target = instruction.following + (-distance if "BACKWARD" in _NAME[instruction.op] else distance)
                todo.append((target, depth + _effect(instruction.op, instruction.arg, True)))
            if instruction.op in _ENDS:
                break
            depth += _effect(instruction.op, instruction.arg, False)
            offset = instruction.following
    return known


def instructions(code: CodeType) -> list[Instruction]:
    """Every instruction of `code` but the prefixes, each with the depth of the stack before it.

    Tracing on 3.11 announces an instruction with an extended argument at its first prefix only, monitoring at the
    instruction itself.
    """
    raw = {each.first: each for each in _decode(code)}
    depths = _depths(code, raw)
    return [
        Instruction(each.offset, _NAME[each.op], each.arg, depths.get(first, -1), first if VERSION == (3, 11) else each.offset, each.following)
        for first, each in raw.items()
    ]


def _whole_arg(text: bytes, index: int) -> tuple[int, int]:
    """The argument of an instruction with all its prefixes, and the index of the first of these."""
    arg, shift = text[2 * index + 1], 8
    while index and text[2 * index - 2] == _EXTENDED:
        index -= 1
        arg |= text[2 * index + 1] << shift
        shift += 8
    return arg, index


def _found(code: CodeType, wanted: bytes) -> Iterator[tuple[int, int]]:
    """The instructions of some kinds: the index of each, and its argument. Much faster than to decode them all."""
    text = code.co_code
    kinds = text[::2]
    for kind in wanted:
        index = kinds.find(kind)
        while index >= 0:
            yield index, _whole_arg(text, index)[0]
            index = kinds.find(kind, index + 1)


_STORES = bytes(dis.opmap[name] for name in ("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL"))
_NAME_STORES = bytes(dis.opmap[name] for name in ("STORE_NAME", "DELETE_NAME"))
_IMPORTS = bytes((dis.opmap["IMPORT_NAME"],))
_COMPUTING = frozenset(("setattr", "delattr", "__setattr__", "__delattr__"))
_TAKING_ALL = frozenset(("__dict__", "vars"))
ANY_ATTRIBUTE = "*"
"""Stands, among the names that are stored under, for attributes of computed names."""


def stored_names(code: CodeType, module_level: bool = False) -> set[str]:
    """The names that a code object stores attributes and globals under; of a module's top level, its variables too."""
    found = {code.co_names[arg] for _, arg in _found(code, _STORES + _NAME_STORES if module_level else _STORES)}
    if "__annotations__" in code.co_names or code.co_name == "__annotate__":
        # The fields of a class, perhaps: methods that are made from them store under these names.
        found.update(constant for constant in code.co_consts if type(constant) is str and constant.isidentifier())
    if not _TAKING_ALL.isdisjoint(code.co_names):
        found.add(ANY_ATTRIBUTE)
    if not _COMPUTING.isdisjoint(code.co_names):
        found |= _named_in_calls(code)
    return found


def _named_in_calls(code: CodeType) -> set[str]:
    """The names that calls of `setattr` and its like store under, where they stand in the code as constants."""
    found, each = set(), instructions(code)
    for index, instruction in enumerate(each[:-1]):
        if instruction.name not in _LOOKING_UP:
            continue
        name = code.co_names[instruction.arg >> _LOOKING_UP[instruction.name]]
        if name in _COMPUTING:
            found.add(_name_in_call(code, name, each[index + 1 :]))
    return found


_LOOKING_UP = {"LOAD_NAME": 0, "LOAD_METHOD": 0, "LOAD_GLOBAL": 1, "LOAD_ATTR": 1 if VERSION >= (3, 12) else 0, "LOAD_SUPER_ATTR": 2}


def _name_in_call(code: CodeType, function: str, following: list[Instruction]) -> str:
    bottom = following[0].depth  # where the first argument goes
    arguments: list[Instruction] = []
    for instruction in following:
        argument = instruction.depth - bottom
        if instruction.name in ("CALL", "PRECALL") and argument == instruction.arg:
            # Methods of `object` and of `super()` are told apart by how much they are given.
            place = argument - 1 if "del" in function else argument - 2
            starts = [each for each in arguments if each.depth - bottom == place]
            after = [each for each in arguments if each.depth - bottom == place + 1]
            if len(starts) == 1 and len(after) == argument - place - 1 and starts[0].name == "LOAD_CONST":
                constant = code.co_consts[starts[0].arg]
                if type(constant) is str:
                    return constant
            break
        if argument < 0:
            break
        if instruction.name != "KW_NAMES":
            arguments.append(instruction)
    return ANY_ATTRIBUTE


def imported(code: CodeType) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """The imports in a code object: how many packages up, the name of the module, and what is taken from it."""
    text = code.co_code
    for index, arg in _found(code, _IMPORTS):
        level, taken = 0, ()
        before = _whole_arg(text, index)[1] - 1
        for _ in range(2):  # level and names are pushed right before
            value, start = _whole_arg(text, before)
            name = _NAME[text[2 * before]]
            constant = code.co_consts[value] if name == "LOAD_CONST" else value if name == "LOAD_SMALL_INT" else None
            if type(constant) is int:
                level = constant
            elif type(constant) is tuple:
                taken = constant
            before = start - 1
        yield level, code.co_names[arg >> 2 if VERSION >= (3, 15) else arg], taken


_CELL_STORES = frozenset(dis.opmap[name] for name in ("STORE_DEREF", "DELETE_DEREF"))
_CAPTURES = frozenset(dis.opmap[name] for name in ("LOAD_CLOSURE", "LOAD_FAST", "LOAD_FAST_BORROW") if name in dis.opmap)


def stored_cells(code: CodeType) -> set[str]:
    """The variables that `code` shares with other functions and stores."""
    names = locals_and_cells(code)
    return {names[each.arg] for each in _decode(code) if each.op in _CELL_STORES}


def settled_cells(code: CodeType) -> set[str]:
    """The variables that `code` hands to functions inside it only after its last store to them.

    In the order of the bytecode, with no way back from the first capture to a store.
    """
    names = locals_and_cells(code)
    mine = set(code.co_cellvars)
    captured: dict[str, int] = {}
    last: dict[str, int] = {}
    back: list[tuple[int, int]] = []
    for each in _decode(code):
        if each.op in _CELL_STORES:
            last[names[each.arg]] = each.offset
        elif each.op in _CAPTURES and each.arg < len(names) and names[each.arg] in mine:
            captured.setdefault(names[each.arg], each.offset)
        elif "BACKWARD" in _NAME[each.op]:
            back.append((each.following - each.arg * 2, each.offset))
        elif _NAME[each.op] in ("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW", "STORE_FAST_LOAD_FAST"):
            for index in (each.arg >> 4, each.arg & 15):
                if names[index] in mine:
                    captured.setdefault(names[index], each.offset)
    settled = set()
    for name in mine:
        store, capture = last.get(name, -1), captured.get(name, -1)
        if store < capture and not any(target <= store and capture < source for target, source in back):
            settled.add(name)
    return settled
