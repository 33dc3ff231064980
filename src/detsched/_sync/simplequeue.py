"""queue.SimpleQueue: the one in C blocks outside of control, and the standard library's own in Python puts before it yields."""

from __future__ import annotations

import queue
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.operation import READ, WRITE, Operation
from .._core.resource import Resource
from .hook import state_of

_Plain: Any = queue._PySimpleQueue  # type: ignore[attr-defined]


class _OnQueue(Operation):
    """On the semaphore that counts the items: taking one is an acquire of it, which has to know what there was."""

    __slots__ = ("_queue", "found")
    found: int

    def __init__(self, target: Any) -> None:
        self.resource: Resource = state_of(target._count, Resource)
        self._queue = target


class Put(_OnQueue):
    """Put an item at the end. In which order two threads put theirs can be told."""

    __slots__ = ("_item",)
    kind = "put"
    mode = WRITE

    def __init__(self, target: Any, item: Any) -> None:
        super().__init__(target)
        self._item = item

    def apply(self) -> None:
        target, self._queue = self._queue, None
        item, self._item = self._item, None
        target._queue.append(item)
        self.found = target._count._value
        target._count._value += 1


class Size(_OnQueue):
    """Ask how many items there are."""

    __slots__ = ()
    kind = "size of"
    mode = READ

    def apply(self) -> int:
        target, self._queue = self._queue, None
        self.found = target._count._value
        return len(target._queue)


class SimpleQueue(_Plain):  # type: ignore[misc]
    __doc__ = queue.SimpleQueue.__doc__

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        if active.ident == get_ident():
            active.perform(Put(self, item))
        else:
            super().put(item, block, timeout)

    def put_nowait(self, item: Any) -> None:
        self.put(item)

    def qsize(self) -> int:
        return active.perform(Size(self)) if active.ident == get_ident() else len(self._queue)

    def empty(self) -> bool:
        return self.qsize() == 0


SimpleQueue.__module__ = "_queue"
