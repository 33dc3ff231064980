"""A look at a frame's variables and value stack, exact and without effect on either.

CPython keeps them in one array behind the frame. Where it begins differs between versions and is checked once, by integers
alone, before any pointer is followed; where the check fails (a free-threaded build, another interpreter, a version to come)
`exact` is False, and accesses are told by their names alone.

Why not `frame.f_locals`: it has no stack, it copies, and on 3.11 a trace function that touches it writes old values back into
variables that another thread has changed in the meantime.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable
from ctypes import c_size_t, sizeof
from types import CodeType, FrameType
from typing import Any

try:
    import _ctypes
except ImportError:  # an interpreter without it
    _object_at: Any = None
else:
    _object_at = getattr(_ctypes, "PyObj_FromPtr", None)


def _all_memory() -> Any:
    """All words of the process, by the address over 8: several times faster than an object of ctypes for each look."""
    if sizeof(c_size_t) != 8:
        return ()
    return memoryview((c_size_t * (1 << 59)).from_address(0)).cast("B").cast("Q")


memory: Any = _all_memory()
INNER = 3
"""From a frame object to its pointer to the interpreter's frame. Distances are in words."""
_CODE = 4 if sys.version_info < (3, 12) else 0
FIRST = 9 if sys.version_info < (3, 14) else 10
"""From the interpreter's frame to its first variable."""
_TAGS = 3
"""From 3.14 on the two lowest bits of a word say who owns the reference, or, from 3.15 on, that it is a small number."""
POINTER = -4
"""What is left of a word without them."""
COUNT = 0xFFFFFFFF
"""The part of an object's first word that counts references."""


class _Null:
    def __repr__(self) -> str:
        return "<nothing>"


NULL = _Null()
"""An empty slot."""


def word_at(frame: FrameType, index: int) -> int:
    """The word that stands for a variable, or beyond the variables for a value on the stack."""
    found: int = memory[(memory[(id(frame) >> 3) + INNER] >> 3) + FIRST + index]
    return found


def address_at(frame: FrameType, index: int) -> int:
    """The address of the object there; 0 for an empty slot, and for a number that is no object."""
    found: int = memory[(memory[(id(frame) >> 3) + INNER] >> 3) + FIRST + index]
    return 0 if found & _TAGS == _TAGS else found & POINTER


def object_at(address: int) -> Any:
    """The object at an address that was just read from a frame."""
    return _object_at(address)


def type_at(address: int) -> int:
    """The address of the type of the object at an address."""
    found: int = memory[(address >> 3) + 1]
    return found


def references_to(address: int) -> int:
    """How many references there are to the object at an address."""
    found: int = memory[address >> 3] & COUNT
    return found


def walked_by(iterator: int) -> tuple[int, int]:
    """The list that an iterator over a list walks over, by its address (0 once it is at its end), and the index of its next step."""
    place = iterator >> 3
    return memory[place + 3], memory[place + 2]


def value_at(frame: FrameType, index: int) -> Any:
    """The variable, or beyond the variables the value on the stack, with an index; NULL where there is none."""
    found = word_at(frame, index)
    if found & _TAGS == _TAGS:
        return found >> 2
    return _object_at(found & POINTER) if found & POINTER else NULL


def _stack_as_expected(frame: FrameType, expected: list[Any]) -> bool:
    inner = memory[(id(frame) >> 3) + INNER]
    if not inner or inner & 7 or memory[(inner >> 3) + _CODE] & POINTER != id(frame.f_code):
        return False
    return all(word_at(frame, index) & POINTER == id(value) for index, value in enumerate(expected))


def _check() -> bool:
    """Whether everything is where it is taken to be: variables, two values on the stack while a third is computed, a list being walked."""
    if _object_at is None or sys.implementation.name != "cpython" or not memory or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return False
    one, two, found = object(), object(), []

    def look() -> bool:
        frame = sys._getframe(1)
        found.append(_stack_as_expected(frame, [one, two, look, one, two]))
        return True

    def sample(first: object, second: object, third: Callable[[], bool]) -> list[object]:
        return [first, second, third()]

    sample(one, two, look)
    items = [one, two]
    walk = iter(items)
    next(walk)
    return all(found) and walked_by(id(walk)) == (id(items), 1) and references_to(id(walk)) == 1


exact = _check()
"""Whether values can be looked at."""


def locals_and_cells(code: CodeType) -> tuple[str, ...]:
    """The names of the variables of a frame, in the order in which it holds them in front of its stack."""
    names = code.co_varnames
    return (*names, *(name for name in code.co_cellvars if name not in names), *code.co_freevars)


def variables(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame that are bound, cells as their contents: `f_locals` without its side effects."""
    found = {}
    code = frame.f_code
    if not code.co_flags & 1:  # module or class level: the mapping itself
        return dict(frame.f_locals)
    for index, name in enumerate(locals_and_cells(code)):
        value = value_at(frame, index)
        if name in code.co_cellvars or name in code.co_freevars:
            try:
                value = value.cell_contents
            except (ValueError, AttributeError):
                continue
        if value is not NULL:
            found[name] = value
    return found
