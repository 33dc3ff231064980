"""asyncio: its tasks and futures in Python, with hashes and names that are the same in every process.

asyncio keeps tasks in sets, and those in C hash by address: in which order tasks are cancelled, or looked at after a wait, would
be another one in each run.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from _thread import get_ident

from .._core.active import active
from .outside import Replacement, like

_NUMBER = "_detsched_hash"
_BESIDE_TASKS = {
    "current_task": "_py_current_task",
    "all_tasks": "_py_all_tasks",
    "_register_task": "_py_register_task",
    "_register_eager_task": "_py_register_eager_task",
    "_unregister_task": "_py_unregister_task",
    "_unregister_eager_task": "_py_unregister_eager_task",
    "_enter_task": "_py_enter_task",
    "_leave_task": "_py_leave_task",
    "_swap_current_task": "_py_swap_current_task",
}


@cache
def _numbered(real: Any, kind: str) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if active.ident == get_ident() and _NUMBER not in self.__dict__:
            # Numbers that follow each other: a small set is in their order then, whatever was in its table before.
            creator = active.execution.current  # type: ignore[union-attr]
            self.__dict__[_NUMBER] = (creator.ident >> 24 << 24) + creator.count(kind)
        real(self, *args, **kwargs)

    return like(real, __init__)


def _hash(self: Any) -> int:
    number: int | None = self.__dict__.get(_NUMBER)
    return object.__hash__(self) if number is None else number


def replaced_in_futures(futures: Any) -> list[Replacement]:
    """What stands in `asyncio.futures`."""
    cls = futures._PyFuture
    init = vars(cls)["__init__"]
    if getattr(init, "__wrapped__", None) is not None:
        return []
    ours = _numbered(init, "asyncio.Future")
    ours.__wrapped__ = init
    return [(futures, "Future", cls), (cls, "__init__", ours), (cls, "__hash__", _hash)]


def replaced_in_tasks(tasks: Any) -> list[Replacement]:
    """What stands in `asyncio.tasks`."""
    cls = tasks._PyTask
    init = vars(cls)["__init__"]
    if getattr(init, "__wrapped__", None) is not None:
        return []
    ours = _numbered(init, "asyncio.Task")
    ours.__wrapped__ = init
    found: list[Replacement] = [(tasks, "Task", cls), (cls, "__init__", ours), (cls, "__hash__", _hash)]
    if sys.version_info >= (3, 14):
        # From there on tasks in Python are kept apart from those in C.
        found += [(tasks, name, getattr(tasks, own)) for name, own in _BESIDE_TASKS.items() if hasattr(tasks, own)]
    return found
