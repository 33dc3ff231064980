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


_STORES = frozenset(dis.opmap[name] for name in ("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL"))
_NAME_STORES = frozenset(dis.opmap[name] for name in ("STORE_NAME", "DELETE_NAME"))


def stored_names(code: CodeType, module_level: bool = False) -> set[str]:
    """The names that a code object stores attributes and globals under; of a module's top level, its variables too."""
    wanted = _STORES | _NAME_STORES if module_level else _STORES
    return {code.co_names[each.arg] for each in _decode(code) if each.op in wanted}


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
