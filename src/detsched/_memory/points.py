"""Yield points that are no accesses: lines, instructions, and the places where the GIL can be handed over.

Under the GIL of CPython 3.11 to 3.15 a thread can lose its turn when a function begins or a generator goes on, at a jump
backwards, and after a call, and nowhere else. (Measured; hot calls of a few builtins are an accident of specialisation and count
as calls. Blocking operations let go of the GIL, too: those are operations of their own.)
"""

from __future__ import annotations

from types import CodeType

from .._core.operation import Operation
from .._core.resource import Resource
from .bytecode import Instruction

_SILENT = frozenset(("RESUME", "MAKE_CELL", "COPY_FREE_VARS", "RETURN_GENERATOR", "END_FOR", "CACHE", "NOP", "PRECALL", "KW_NAMES"))
"""Instructions that no event announces, or that belong to the next one."""
_FRAGILE = frozenset(
    ("PUSH_EXC_INFO", "POP_EXCEPT", "SWAP", "COPY", "RERAISE", "CLEANUP_THROW", "CHECK_EXC_MATCH", "CHECK_EG_MATCH", "END_ASYNC_FOR",
     "WITH_EXCEPT_START", "PREP_RERAISE_STAR", "END_SEND", "POP_ITER")
)  # fmt: skip
"""The machinery of exceptions: to unwind a thread that is parked there would leave a stale exception behind."""
_CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX", "BEFORE_WITH")


class Point(Operation):
    """A place where the thread may be switched away from. What it does there conflicts with nothing."""

    __slots__ = ("_what", "_words")
    kind = "line"

    def __init__(self, what: str, resource: Resource | None = None, words: str = "") -> None:
        self.resource = resource
        self._what = what
        self._words = words or what

    def apply(self) -> None:
        return None

    def changes(self) -> bool:
        return False

    @property
    def key(self) -> str:
        return self._what

    def parts(self) -> tuple[str, str]:
        return self._words, ""


LINE, INSTRUCTION = Point("line"), Point("instruction")
switch = Point("GIL switch point", Resource.unnamed("GIL"), "the GIL may change hands")
"""Between two of these a thread does as much as it likes: so their order can always be told."""


def lines(code: CodeType, instructions: list[Instruction]) -> set[int]:
    """Where the lines begin: the offset of the first instruction of each that events announce."""
    starts = {start: line for start, _, line in code.co_lines() if line is not None}
    found: set[int] = set()
    current, last = None, None
    for instruction in instructions:
        line = starts.get(instruction.offset, starts.get(instruction.at))
        if line is not None and line != last:
            current = last = line
        if current is not None and _may_wait(instruction):
            found.add(instruction.at)
            current = None
    return found


def each(code: CodeType, instructions: list[Instruction]) -> set[int]:
    """Every instruction."""
    return {instruction.at for instruction in instructions if _may_wait(instruction)}


def switches(code: CodeType, instructions: list[Instruction]) -> set[int]:
    """Where the GIL can be handed over before the instruction, or in it."""
    found = set()
    due = False
    for instruction in instructions:
        name = instruction.name
        if due and _may_wait(instruction):
            found.add(instruction.at)
            due = False
        if name in _CALLS or (name == "RESUME" and instruction.arg & 3 < 2):
            due = True
        elif "BACKWARD" in name and "NO_INTERRUPT" not in name:
            found.add(instruction.at)
    return found


def _may_wait(instruction: Instruction) -> bool:
    return instruction.depth >= 0 and instruction.name not in _SILENT and instruction.name not in _FRAGILE


__all__ = ["INSTRUCTION", "LINE", "Point", "each", "lines", "switch", "switches"]
