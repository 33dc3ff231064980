"""A drop-in for the standard library's `threading`: the same names, under control inside a run, the standard library's outside.

    from detsched import threading

    lock = threading.Lock()

Whatever this module does not define is the standard library's own, read and written through: `excepthook`, `settrace`,
`stack_size`, and the private names that some packages use.
"""

from __future__ import annotations

import sys
import threading as _real
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Type checkers take this module for the one that it stands for.
    from threading import *  # noqa: F403
else:
    from ._sync.barrier import Barrier
    from ._sync.condition import Condition
    from ._sync.event import Event
    from ._sync.lock import Lock
    from ._sync.rlock import RLock
    from ._sync.semaphore import BoundedSemaphore, Semaphore
    from ._sync.thread import (
        Thread,
        Timer,
        active_count,
        current_thread,
        enumerate,
        get_ident,
        get_native_id,
        main_thread,
    )

    _PyRLock = _CRLock = _RLock = RLock
    _allocate_lock = Lock

__all__ = list(_real.__all__)  # noqa: PLE0605


class _DropIn(ModuleType):
    """Reads what is not ours from the real module, and writes it there: a program that sets `threading.excepthook` means it."""

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(_real, name)
        except AttributeError:
            raise AttributeError(f"module 'threading' has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        else:
            setattr(_real, name, value)

    def __delattr__(self, name: str) -> None:
        if name in _OWN:
            super().__delattr__(name)
        else:
            delattr(_real, name)

    def __dir__(self) -> list[str]:
        return dir(_real)


_OWN = frozenset(globals()) | {"_OWN", "__class__"}
sys.modules[__name__].__class__ = _DropIn
