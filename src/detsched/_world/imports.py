"""An import is one step.

While a module's top level runs, its thread is not switched away from and its operations are no events. So the first run of a
program, which imports lazily, has the same events as the second, where the modules are warm; and no thread is ever parked
while it holds one of the import system's own locks, on which another would block for real.
"""

from __future__ import annotations

import importlib._bootstrap
from collections.abc import Callable
from typing import Any

from _thread import get_ident

from .._core.active import active

_bootstrap: Any = importlib._bootstrap
_find_and_load = _bootstrap._find_and_load


def _find_and_load_atomically(name: str, import_: Any) -> Any:
    if active.ident != get_ident():
        return _find_and_load(name, import_)
    execution = active.execution
    assert execution is not None
    execution.enter_atomic()
    try:
        module = _find_and_load(name, import_)
        if execution.current.atomic == 1:
            _imported()  # what has just been imported may bind names and hold locks that are to be ours
        return module
    finally:
        execution.leave_atomic()


def _nothing() -> None:
    pass


_imported: Callable[[], None] = _nothing


def install(imported: Callable[[], None]) -> None:
    """Make imports atomic, and have `imported` called after each one that loaded something."""
    global _imported
    _imported = imported
    _bootstrap._find_and_load = _find_and_load_atomically


def remove() -> None:
    """Undo `install`, unless somebody else has replaced the function since."""
    if _bootstrap._find_and_load is _find_and_load_atomically:
        _bootstrap._find_and_load = _find_and_load
