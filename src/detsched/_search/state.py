"""What a program keeps between runs: found by looking at everything it can reach by name, before a run and after it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .._core.contents import contents
from .._core.frames import PROGRAM, rank

INTERLEAVED = "__detsched_body__"
"""Where a test keeps its body: a run of the test is a run of that."""
_PLAIN = (int, float, complex, str, bytes, bool, type(None))


def snapshot(program: Callable[..., Any], args: tuple[Any, ...]) -> dict[str, str]:
    """The state that the program can reach: a name for each place, and its contents as text."""
    return {name: contents(value) for name, value in _places(program, args)}


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What differs between two snapshots, in words."""
    found = []
    for name, was in before.items():
        now = after.get(name, "gone")
        if now != was:
            change = f" from {was} to {now}" if len(was) + len(now) < 60 else ""
            found.append(f"{name} changes{change} in a run")
    return found


def _places(program: Callable[..., Any], args: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    program = getattr(program, INTERLEAVED, program)
    while isinstance(program, functools.partial):
        for name, value in program.keywords.items():
            yield f"argument {name!r}", value
        args = (*program.args, *args)
        program = program.func
    if isinstance(program, MethodType):
        args = (program.__self__, *args)
        program = program.__func__
    code = getattr(program, "__code__", None)
    names = code.co_varnames if isinstance(code, CodeType) else ()
    for index, arg in enumerate(args):
        called = names[index] if index < len(names) and isinstance(code, CodeType) and index < code.co_argcount else str(index + 1)
        yield f"argument {called!r}", arg
        yield from _class_places(type(arg))
    if isinstance(program, FunctionType):
        yield from _function_places(program, set())
    elif not isinstance(program, type) and hasattr(program, "__dict__"):
        yield f"the program object {type(program).__name__}", program


def _function_places(function: FunctionType, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(function) in seen or len(seen) > 200:
        return
    seen.add(id(function))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            value = cell.cell_contents
        except ValueError:
            continue
        yield from _named(f"variable {name!r} of the enclosing function", value, seen)
    for index, value in enumerate((*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())):
        if type(value) not in _PLAIN:
            yield f"default argument {index + 1} of {function.__name__}()", value
    for name in sorted(_global_names(function.__code__)):
        if name in function.__globals__:
            where = os.path.basename(function.__code__.co_filename)
            yield from _named(f"global {name!r} of {where}", function.__globals__[name], seen)


def _named(label: str, value: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, FunctionType):
        if rank(value.__code__.co_filename) == PROGRAM:
            yield from _function_places(value, seen)
    elif isinstance(value, type):
        if id(value) not in seen:
            seen.add(id(value))
            yield from _class_places(value)
            for member in list(vars(value).values()):
                function = getattr(member, "__func__", member)
                if isinstance(function, FunctionType) and rank(function.__code__.co_filename) == PROGRAM:
                    yield from _function_places(function, seen)
    elif isinstance(value, ModuleType):
        if rank(getattr(value, "__file__", None) or "") == PROGRAM:
            for name, inner in list(vars(value).items()):
                if not name.startswith("__") and not isinstance(inner, (FunctionType, type, ModuleType)):
                    yield f"global {name!r} of {value.__name__}", inner
    else:
        yield label, value
        yield from _class_places(type(value))


def _class_places(cls: type) -> Iterator[tuple[str, Any]]:
    module = sys.modules.get(cls.__module__)
    if module is None or rank(getattr(module, "__file__", None) or "") != PROGRAM:
        return
    for name, value in list(vars(cls).items()):
        if not name.startswith("__") and not callable(value) and not hasattr(value, "__get__"):
            yield f"class attribute {cls.__name__}.{name}", value


def _global_names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _global_names(constant)
    return names
