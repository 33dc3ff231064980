"""The places in a code object that access shared state, each with the way from there to the operation.

A site is a function of the frame; it is called before the instruction executes and returns the operation, or None where nothing
shared is touched. Sites are found once per code object.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from . import imprecise
from .attributes import read_attribute, read_own, write_attribute
from .bytecode import ANY_ATTRIBUTE, VERSION, Instruction, instructions
from .calls import call
from .containers import Effect, delete_item, family, in_python, read_everything, read_item, read_structure, write_everything, write_item
from .iterators import numbered_step, of_unknown, step, use
from .locations import Read, known
from .points import each, lines, switches
from .scene import joined, scene
from .shortcuts import PLAIN_NUMBERS, PLAIN_TRUTHS, PYTHON_CALLS, READ_NAMES, SHORTCUTS, known_callable
from .._core.values import address_at, exact, locals_and_cells, object_at, type_at, value_at, word_at

Site = Callable[[FrameType], "Read | None"]
Maker = Callable[["Table", Instruction], "Site | None"]
_GENERATOR = 0x20 | 0x80 | 0x200
_OPTIMIZED = 0x1
_IN_PLACE = 13
_SUBSCRIPT = 26


def _with_number(code: CodeType, previous: Instruction, instruction: Instruction) -> bool:
    """Whether an operator has a number for its right operand, as it stands in the code: then it looks into no container."""
    if instruction.name == "BINARY_OP":
        if instruction.arg in _MULTIPLYING or instruction.arg == _SUBSCRIPT:
            return False
    elif instruction.name != "COMPARE_OP":
        return False
    if previous.name == "LOAD_SMALL_INT":
        return True
    return previous.name == "LOAD_CONST" and type(code.co_consts[previous.arg]) in (int, float, type(None))


def _has_generators(code: CodeType) -> bool:
    return any(type(constant) is CodeType and constant.co_name == "<genexpr>" for constant in code.co_consts)


_MULTIPLYING = (5, 18)
_STORE_NAMES = frozenset(("STORE_ATTR", "DELETE_ATTR", "STORE_GLOBAL", "DELETE_GLOBAL", "STORE_NAME", "DELETE_NAME"))
_OF_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"))
_POINTS = {"line": lines, "opcode": each, "gil": switches}
_NAMING = ("STORE_", "CALL", "PRECALL")


class Table:
    """The sites of one code object, by the offset at which events announce them."""

    __slots__ = ("code", "first", "variables", "sites", "private", "points", "switches")

    def __init__(self, code: CodeType, stored: Callable[[str], bool], settled: frozenset[str], granularity: str = "access") -> None:
        """`stored`: whether any watched code stores under a name. `settled`: shared variables that nobody writes any more."""
        self.code = code
        self.variables = locals_and_cells(code)
        self.first = len(self.variables)
        self.private = not code.co_flags & _GENERATOR
        self.sites: dict[int, tuple[Site, bool]] = {}
        """At each offset the site, and whether it is of no interest as long as there is one thread: nothing gets a name there."""
        found = instructions(code)
        self.points: set[int] = _POINTS[granularity](code, found) if granularity in _POINTS else set()
        """Where there is a yield point besides."""
        self.switches: set[int] = switches(code, found)
        """Where the GIL can be handed over."""
        for previous, instruction in zip([None, *found], found) if granularity != "gil" else ():
            maker = _MAKERS.get(instruction.name)
            if maker is None or instruction.depth < 0:
                continue
            name = READ_NAMES[instruction.name](code, instruction.arg) if instruction.name in READ_NAMES else None
            if name is not None and name != "__dict__" and (name.startswith("@py") or not stored(name)):
                if instruction.name not in _OF_ATTRIBUTES or name.startswith("@py") or not stored(ANY_ATTRIBUTE):
                    continue
                maker = _read_own_attribute
            if instruction.name == "LOAD_DEREF" and self.variables[instruction.arg] in settled:
                continue
            if previous is not None and _with_number(code, previous, instruction):
                continue
            generates = VERSION >= (3, 15) and instruction.name == "CALL" and not instruction.arg and _has_generators(code)
            if exact:
                site = _call_of_generator(self, instruction) if generates else maker(self, instruction)
            else:
                name = name or (code.co_names[instruction.arg] if instruction.name in _STORE_NAMES else None)
                site = imprecise.site(code, self.variables, instruction, name, stored(ANY_ATTRIBUTE))
            if site is not None:
                if exact:
                    site = self._entering(site, instruction)
                    shortcut = SHORTCUTS.get(instruction.name)
                    if shortcut is not None and not generates:
                        site = shortcut(self, instruction, site)
                self.sites[instruction.at] = site, not instruction.name.startswith(_NAMING)

    def _entering(self, site: Site, instruction: Instruction) -> Site:
        used, private = self.first + instruction.depth, self.private

        def enter(frame: FrameType) -> Read | None:
            scene.frame, scene.slots, scene.private = frame, used, private
            try:
                return site(frame)
            finally:
                scene.frame = None  # type: ignore[assignment]  # it holds the program's objects

        return enter

    def slot(self, instruction: Instruction, depth: int) -> int:
        """The index of the value that lies so deep on the stack, 1 for the topmost."""
        return self.first + instruction.depth - depth


# ---------------------------------------------------------------------- attributes and variables


def _read_attribute(table: Table, instruction: Instruction) -> Site:
    name, index = READ_NAMES[instruction.name](table.code, instruction.arg), table.slot(instruction, 1)
    return lambda frame: read_attribute(address_at(frame, index), name)


def _read_own_attribute(table: Table, instruction: Instruction) -> Site:
    name, index = READ_NAMES[instruction.name](table.code, instruction.arg), table.slot(instruction, 1)
    return lambda frame: read_own(address_at(frame, index), name)


def _store_attribute(table: Table, instruction: Instruction) -> Site:
    name, index, value = table.code.co_names[instruction.arg], table.slot(instruction, 1), table.slot(instruction, 2)
    return lambda frame: write_attribute(address_at(frame, index), name, address_at(frame, value))


def _delete_attribute(table: Table, instruction: Instruction) -> Site:
    name, index = table.code.co_names[instruction.arg], table.slot(instruction, 1)
    return lambda frame: write_attribute(address_at(frame, index), name)


def _read_global(table: Table, instruction: Instruction) -> Site:
    name = READ_NAMES[instruction.name](table.code, instruction.arg)
    return lambda frame: known.see_namespace(frame.f_globals, "").attribute(name).reading


def _read_name(table: Table, instruction: Instruction) -> Site:
    name, module_level = READ_NAMES[instruction.name](table.code, instruction.arg), table.code.co_name == "<module>"
    # What is read at class level is mostly the module's.
    return lambda frame: known.see_namespace(frame.f_locals if module_level else frame.f_globals, "").attribute(name).reading


def _store_global(table: Table, instruction: Instruction) -> Site:
    name, value = table.code.co_names[instruction.arg], table.slot(instruction, 1)

    def site(frame: FrameType) -> Read:
        if instruction.depth:
            scene.stored(address_at(frame, value), name)
        return known.see_namespace(frame.f_globals, "").attribute(name).writing

    return site


def _store_name(table: Table, instruction: Instruction) -> Site | None:
    if table.code.co_flags & _OPTIMIZED or table.code.co_name != "<module>":
        return None  # a class that is being made: nobody else has it yet
    name, value = table.code.co_names[instruction.arg], table.slot(instruction, 1)

    def site(frame: FrameType) -> Read:
        if instruction.depth:
            scene.stored(address_at(frame, value), name)
        return known.see_namespace(frame.f_locals, "").attribute(name).writing

    return site


def _cell(table: Table, instruction: Instruction, writing: bool) -> Site:
    index, name = instruction.arg, table.variables[instruction.arg]
    value = table.slot(instruction, 1) if instruction.name == "STORE_DEREF" else -1

    def site(frame: FrameType) -> Read | None:
        if value >= 0:
            scene.stored(address_at(frame, value), name)
        address = address_at(frame, index)
        owner = known.at(address)
        if owner is None or not owner.attributes:
            # Not accessed by an event so far. It gets its name here, where it is filled, whoever uses it first.
            if scene.only_here(address, 0 if owner is None else 1):
                if owner is None and value >= 0:
                    known.see_cell(object_at(address), name, scene.creator)
                return None
            owner = owner or known.see_cell(object_at(address), name, scene.creator)
        place = owner.attribute("")
        return place.writing if writing else place.reading

    return site


# ---------------------------------------------------------------------- containers


def _item(effect: Effect) -> Maker:
    def make(table: Table, instruction: Instruction) -> Site:
        container, key = table.slot(instruction, 2), table.slot(instruction, 1)
        value = table.slot(instruction, 3) if effect is write_item else -1

        def site(frame: FrameType) -> Read | None:
            address = address_at(frame, container)
            kind = type_at(address)
            if kind in _NO_ITEMS:
                return None
            return _subscript(frame, address, value_at(frame, key), effect, value)

        return site

    return make


_NO_ITEMS = frozenset(map(id, (str, tuple, bytes, int, type, range)))


def _subscript(frame: FrameType, address: int, key: Any, effect: Effect, value: int) -> Read | None:
    if value >= 0:
        scene.stored(address_at(frame, value))
    kind = object_at(type_at(address))
    if in_python_item(kind, effect):
        return None
    if family(kind) is None:
        return of_unknown(address, effect)
    if type(key) is slice:
        effect = read_everything if effect is read_item else write_everything
        key = None
    return use(address, effect, key)


_ITEM_METHODS: dict[Effect, str] = {read_item: "__getitem__", write_item: "__setitem__", delete_item: "__delitem__"}
_overridden: dict[tuple[type, Effect], bool] = {}


def in_python_item(kind: type, effect: Effect) -> bool:
    """Whether a type does this with Python code of its own."""
    found = _overridden.get((kind, effect))
    if found is None:
        found = _overridden[kind, effect] = in_python(kind, _ITEM_METHODS[effect])
    return found


def _whole(depth: int, effect: Effect) -> Maker:
    """An instruction that does something with all of one operand."""

    def make(table: Table, instruction: Instruction) -> Site:
        index = table.slot(instruction, depth)
        return lambda frame: use(address_at(frame, index), effect)

    return make


def _contains(table: Table, instruction: Instruction) -> Site:
    container, key = table.slot(instruction, 1), table.slot(instruction, 2)

    def site(frame: FrameType) -> Read | None:
        address = address_at(frame, container)
        if type_at(address) in _NO_ITEMS:
            return None
        found = family(object_at(type_at(address)))
        if found is None:
            return use(address, read_everything)
        return use(address, read_item if found.keyed else read_everything, value_at(frame, key), "look in")

    return site


def _operator(table: Table, instruction: Instruction) -> Site | None:
    if instruction.arg == _SUBSCRIPT:
        return _item(read_item)(table, instruction)
    left, right = table.slot(instruction, 2), table.slot(instruction, 1)
    effect = write_everything if instruction.arg >= _IN_PLACE else read_everything

    def site(frame: FrameType) -> Read | None:
        first = address_at(frame, left)
        if not first or type_at(first) in PLAIN_NUMBERS:
            return None
        return joined((use(first, effect), use(address_at(frame, right), read_everything)))

    return site


def _comparison(table: Table, instruction: Instruction) -> Site:
    left, right = table.slot(instruction, 2), table.slot(instruction, 1)

    def site(frame: FrameType) -> Read | None:
        first = address_at(frame, left)
        if not first or type_at(first) in PLAIN_NUMBERS:
            return None
        return joined((use(first, read_everything), use(address_at(frame, right), read_everything)))

    return site


def _truth(table: Table, instruction: Instruction) -> Site:
    index = table.slot(instruction, 1)

    def site(frame: FrameType) -> Read | None:
        address = address_at(frame, index)
        return None if not address or type_at(address) in PLAIN_TRUTHS else use(address, read_structure)

    return site


def _for(table: Table, instruction: Instruction) -> Site:
    if VERSION < (3, 15):
        index = table.slot(instruction, 1)
        return lambda frame: step(address_at(frame, index))
    container, counter = table.slot(instruction, 2), table.slot(instruction, 1)

    def site(frame: FrameType) -> Read | None:
        word = word_at(frame, counter)
        address = address_at(frame, container)
        return numbered_step(address, word >> 2) if word & 3 == 3 else step(address)

    return site


# ---------------------------------------------------------------------- calls


def _call(table: Table, instruction: Instruction) -> Site:
    above = 1 if instruction.name == "CALL_KW" else 0  # the names of the keywords
    count = instruction.arg
    callable_, maybe = table.slot(instruction, count + 2 + above), table.slot(instruction, count + 1 + above)
    arguments = [table.slot(instruction, depth + above) for depth in range(count, 0, -1)]
    if VERSION >= (3, 13):

        def operands(frame: FrameType) -> tuple[int, int]:
            return address_at(frame, callable_), address_at(frame, maybe)
    else:

        def operands(frame: FrameType) -> tuple[int, int]:
            function = address_at(frame, callable_)
            return (function, address_at(frame, maybe)) if function else (address_at(frame, maybe), 0)

    def site(frame: FrameType) -> Read | None:
        function, owner = operands(frame)
        if not function or type_at(function) in PYTHON_CALLS:
            return None
        addresses = [address_at(frame, index) for index in arguments]
        return call(function, [owner, *addresses] if owner else addresses)

    return site


def _call_of_generator(table: Table, instruction: Instruction) -> Site:
    """From 3.15 on a generator expression takes its iterator itself, before events reach it: the call is where it looks at the container."""
    general, function, given = known_callable(table, instruction, _call(table, instruction)), table.slot(instruction, 2), table.slot(instruction, 1)

    def site(frame: FrameType) -> Read | None:
        called = value_at(frame, function)
        if type(called) is types.FunctionType and called.__code__.co_name == "<genexpr>":
            return use(address_at(frame, given), read_structure)
        return general(frame)

    return site


def _call_with_star(table: Table, instruction: Instruction) -> Site:
    has_names = instruction.arg & 1 or VERSION >= (3, 14)
    sequence = table.slot(instruction, 2 if has_names else 1)
    callable_ = table.slot(instruction, {(3, 11): 2 + (instruction.arg & 1), (3, 12): 2 + (instruction.arg & 1), (3, 13): 3 + (instruction.arg & 1)}.get(VERSION, 4))

    def site(frame: FrameType) -> Read | None:
        function = address_at(frame, callable_)
        given = value_at(frame, sequence)
        return call(function, [id(each) for each in given] if type(given) is tuple else [address_at(frame, sequence)])

    return site


def _match_class(table: Table, instruction: Instruction) -> Site:
    subject, names = table.slot(instruction, 3), table.slot(instruction, 1)

    def site(frame: FrameType) -> Read | None:
        address = address_at(frame, subject)
        return joined([read_attribute(address, name) for name in value_at(frame, names)])

    return site


def _slice(depth: int, effect: Effect) -> Maker:
    return _whole(depth, effect)


_read_everything, _read_structure = _whole(1, read_everything), _whole(1, read_structure)
_MAKERS: dict[str, Maker] = {
    "LOAD_ATTR": _read_attribute,
    "LOAD_METHOD": _read_attribute,
    "LOAD_SUPER_ATTR": _read_attribute,
    "IMPORT_FROM": _read_attribute,
    "STORE_ATTR": _store_attribute,
    "DELETE_ATTR": _delete_attribute,
    "LOAD_GLOBAL": _read_global,
    "LOAD_NAME": _read_name,
    "LOAD_FROM_DICT_OR_GLOBALS": _read_name,
    "STORE_GLOBAL": _store_global,
    "DELETE_GLOBAL": _store_global,
    "STORE_NAME": _store_name,
    "DELETE_NAME": _store_name,
    **{name: lambda table, instruction: _cell(table, instruction, False) for name in ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")},
    **{name: lambda table, instruction: _cell(table, instruction, True) for name in ("STORE_DEREF", "DELETE_DEREF")},
    "BINARY_SUBSCR": _item(read_item),
    "STORE_SUBSCR": _item(write_item),
    "DELETE_SUBSCR": _item(delete_item),
    "BINARY_SLICE": _slice(3, read_everything),
    "STORE_SLICE": _slice(3, write_everything),
    "CONTAINS_OP": _contains,
    "BINARY_OP": _operator,
    "COMPARE_OP": _comparison,
    "FOR_ITER": _for,
    **{name: _read_structure for name in ("GET_ITER", "GET_YIELD_FROM_ITER", "GET_LEN")},
    **{
        name: _read_everything
        for name in (
            "UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE",
            "FORMAT_VALUE", "FORMAT_SIMPLE", "CONVERT_VALUE",
        )
    },
    "MATCH_KEYS": _whole(2, read_everything),
    "MATCH_CLASS": _match_class,
    **{name: _truth for name in dis.opmap if name == "UNARY_NOT" or name == "TO_BOOL"},
    **({name: _truth for name in dis.opmap if name.endswith(("IF_TRUE", "IF_FALSE", "OR_POP")) and "NONE" not in name} if VERSION < (3, 13) else {}),
    "PRECALL" if VERSION == (3, 11) else "CALL": _call,
    "CALL_KW": _call,
    "CALL_FUNCTION_EX": _call_with_star,
}  # fmt: skip
_tables: dict[int, dict[object, Table]] = {}
_MANY = 10_000


def table_of(code: CodeType, stored: frozenset[str], settled: frozenset[str], granularity: str) -> Table:
    """The table of a code object, of which these names are stored under somewhere: kept from session to session."""
    if len(_tables) > _MANY:
        _tables.clear()
    kept = _tables.setdefault(id(code), {})
    key = stored, settled, granularity
    found = kept.get(key)
    if found is None or found.code is not code:
        found = kept[key] = Table(code, stored.__contains__, settled, granularity)
    return found


__all__ = ["Site", "Table", "table_of"]
