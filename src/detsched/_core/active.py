"""The one run of this process, seen from the places where programs enter the engine.

Only one run is active in a process at a time: pinning and patching are process-wide.
A thread is under control exactly where `active.ident == get_ident()`: the engine keeps `ident` at the OS identity of the
thread that holds the baton, so the test costs one attribute and one C call, and is False in every other OS thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .execution import Execution
    from .operation import Operation


def _no_run(operation: Operation) -> Any:
    raise AssertionError("perform() outside a run")


class Active:
    """What is active: `execution` and its entry `perform`, and the OS identity that holds the baton (0: none)."""

    __slots__ = ("execution", "ident", "perform")

    execution: Execution | None
    ident: int
    perform: Callable[[Operation], Any]

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.execution = None
        self.ident = 0
        self.perform = _no_run


active = Active()
