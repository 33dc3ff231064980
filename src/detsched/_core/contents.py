"""The contents of objects as text, to tell whether they have changed. Runs no code of the program."""

from __future__ import annotations

import collections
import operator
from types import FunctionType, MethodType, ModuleType
from typing import Any

_PLAIN = (int, complex, str, bytes, bool, type(None))


def contents(value: Any, nodes: int = 5_000, depth: int = 6, floats: bool = True) -> str:
    """What is in `value`, down to `depth` levels and about `nodes` objects. Without `floats`, which may be readings of a clock."""
    return _text(value, [nodes], depth, frozenset(), floats)


def _text(value: Any, budget: list[int], depth: int, path: frozenset[int], floats: bool) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is float:
        return repr(value) if floats else "float"
    budget[0] -= 1
    if budget[0] < 0 or depth == 0 or id(value) in path:
        return "…"
    path |= {id(value)}
    if issubclass(kind, (list, tuple, collections.deque)):
        base: Any = list if issubclass(kind, list) else tuple if issubclass(kind, tuple) else collections.deque
        if base.__len__(value) > 100:
            return f"{kind.__name__} of {base.__len__(value)}"
        return f"{kind.__name__}({', '.join([_text(item, budget, depth - 1, path, floats) for item in list(base.__iter__(value))])})"
    if issubclass(kind, (set, frozenset)):
        inner = sorted(_text(item, budget, depth - 1, path, floats) for item in frozenset(value))
        return f"{kind.__name__}({', '.join(inner)})"
    if issubclass(kind, dict):
        pairs = [
            f"{_text(key, budget, depth - 1, path, floats)}: {_text(item, budget, depth - 1, path, floats)}"
            for key, item in list(dict.items(value))
            if type(key) is not str or not key.startswith("_detsched")
        ]
        return f"{kind.__name__}({', '.join(pairs)})"
    if kind in (FunctionType, MethodType) or issubclass(kind, (ModuleType, type)):
        return str(kind.__name__)
    if kind.__module__ in ("builtins", "itertools") and hasattr(kind, "__length_hint__"):
        return f"{kind.__name__} {operator.length_hint(value)}"  # an iterator of the interpreter: how much is left
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return kind.__name__
    pairs = [f"{name}={_text(item, budget, depth - 1, path, floats)}" for name, item in list(attributes.items()) if name != "_detsched"]
    return f"{kind.__name__}({', '.join(pairs)})"
