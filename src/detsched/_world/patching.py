"""Patching: while entered, the standard library's names mean ours, wherever they are bound.

Three kinds of replacement, each undone by identity in reverse order:

- *functions and types* (`threading.Lock`, `time.sleep`, `queue.SimpleQueue`, …): every module global that is one of the
  originals is rebound, so `from time import sleep` in any module is found;
- *classes* of `threading` (Thread, Condition, Event, …) stay themselves and get our methods, so that subclasses and instances
  from before control are steered too;
- *real locks made before*, in module globals, class attributes, instances that those refer to, and log handlers, are wrapped.

Modules are scanned once: a later entry looks only at modules that are new or have more names than before.
"""

from __future__ import annotations

import functools
import logging
import queue
import sys
import threading
from types import ModuleType
from typing import Any

import _thread
from _thread import LockType

from .._core.frames import PROGRAM, rank
from .._sync import barrier, condition, event, semaphore  # noqa: F401  (their hooks register themselves)
from .._sync import thread as sync_thread
from .._sync.hook import hooks
from .._sync.lock import Lock
from .._sync.rlock import RLock
from . import futures, imports, time

_RealRLock = _thread.RLock

# Not for the sweep: ours, the import system's, the modules that the hooks themselves stand on, and tools that watch a run.
_LEFT_ALONE = ("detsched", "importlib", "_frozen_importlib", "_thread", "threading", "_weakrefset", "coverage", "pydevd", "debugpy", "_pytest", "pluggy", "execnet")  # fmt: skip


def _originals() -> dict[int, tuple[Any, Any]]:
    table: list[tuple[Any, Any]] = [
        (LockType, Lock),
        (_thread.allocate_lock, Lock),
        (_RealRLock, RLock),
        (threading.RLock, RLock),
        (threading._PyRLock, RLock),  # type: ignore[attr-defined]
        (threading.current_thread, sync_thread.current_thread),
        (threading.main_thread, sync_thread.main_thread),
        (threading.enumerate, sync_thread.enumerate),
        (threading.active_count, sync_thread.active_count),
        (threading._newname, sync_thread.newname),  # type: ignore[attr-defined]
        (threading.__excepthook__, sync_thread.excepthook),
        (_thread.get_ident, sync_thread.get_ident),
        (_thread.start_new_thread, sync_thread.start_new_thread),
        (_thread._count, sync_thread.thread_count),
        (queue.SimpleQueue, queue._PySimpleQueue),  # type: ignore[attr-defined]
        *time.REPLACED.items(),
    ]
    if hasattr(_thread, "get_native_id"):
        table.append((_thread.get_native_id, sync_thread.get_native_id))
    return {id(real): (real, ours) for real, ours in table}


_ORIGINALS = _originals()
_OURS = {id(ours) for _, ours in _ORIGINALS.values()}


class _Patch:
    """The patches in force, and how often they were entered. There is one."""

    def __init__(self) -> None:
        self.depth = 0
        self._undo: list[tuple[Any, str, Any, Any]] = []
        self._scanned: dict[str, tuple[int, int]] = {}
        self._hits: dict[tuple[int, str], ModuleType] = {}
        self._with_locks: dict[int, ModuleType] = {}
        self._wrapped: dict[int, tuple[Any, Any]] = {}

    def enter(self) -> None:
        self.depth += 1
        if self.depth == 1:
            self._classes()
            imports.install(self._scan)
            self._replay()
        self._scan()

    def leave(self) -> None:
        self.depth -= 1
        if self.depth:
            return
        imports.remove()
        while self._undo:
            owner, name, before, after = self._undo.pop()
            if _lookup(owner, name) is after:
                _store(owner, name, before)

    def _set(self, owner: Any, name: str, before: Any, after: Any) -> None:
        _store(owner, name, after)
        self._undo.append((owner, name, before, after))

    def _classes(self) -> None:
        for cls, name, function in hooks.table:
            self._set(cls, name, vars(cls).get(name, _ABSENT), function)
        for modname in futures.MODULES:
            if modname in sys.modules:
                self._futures(modname)

    def _futures(self, modname: str) -> None:
        for owner, name, value in futures.replaced_in(modname, sys.modules[modname]):
            before = _lookup(owner, name)
            if before is not value:
                self._set(owner, name, before, value)

    # -------------------------------------------------------------- module globals

    def _replay(self) -> None:
        """What earlier entries found, again."""
        for (_, name), module in list(self._hits.items()):
            value = vars(module).get(name)
            replacement = self._replacement(module, name, value)
            if replacement is not None:
                self._set(module, name, value, replacement)
        for module in list(self._with_locks.values()):
            self._instances(module)

    def _scan(self) -> None:
        for modname, module in list(sys.modules.items()):
            if not isinstance(module, ModuleType):
                continue
            seen = (id(module), len(vars(module)))
            if self._scanned.get(modname) == seen and rank(getattr(module, "__file__", None) or "") != PROGRAM:
                continue  # what the program itself binds may change between two entries without becoming more
            self._scanned[modname] = seen
            if modname in futures.MODULES:
                self._futures(modname)
            if modname.startswith("detsched"):
                continue
            for name, value in list(vars(module).items()):
                if id(value) in _ORIGINALS or type(value) in (LockType, _RealRLock):
                    replacement = self._replacement(module, name, value)
                    if replacement is not None:
                        self._hits[id(module), name] = module
                        self._set(module, name, value, replacement)
            if not modname.startswith(_LEFT_ALONE):
                undo = len(self._undo)
                self._instances(module)
                if len(self._undo) > undo:
                    self._with_locks[id(module)] = module
        self._handlers()

    def _replacement(self, module: ModuleType, name: str, value: Any) -> Any:
        found = _ORIGINALS.get(id(value))
        if found is not None:
            return found[1] if found[0] is value else None
        if type(value) in (LockType, _RealRLock) and not module.__name__.startswith(_LEFT_ALONE):
            return self._wrap(value)
        return None

    # -------------------------------------------------------------- locks made before

    def _wrap(self, real: Any) -> Any:
        """Ours for a real lock: the same one wherever the same real lock is found."""
        known = self._wrapped.get(id(real))
        if known is None:
            ours: Any = Lock.around(real) if type(real) is LockType else RLock()
            known = self._wrapped[id(real)] = (real, ours)
        return known[1]

    def _instances(self, module: ModuleType) -> None:
        """Locks in class attributes and in objects that the module's globals refer to."""
        seen: set[int] = set()
        for value in list(vars(module).values()):
            if isinstance(value, type):
                if value.__module__ == module.__name__:
                    self._inside(value, vars(value), seen, 2)
            elif isinstance(value, threading.Condition):
                self._condition(value)
            elif hasattr(value, "__dict__") and not isinstance(value, ModuleType) and not callable(value):
                self._inside(value, value.__dict__, seen, 3)

    def _inside(self, owner: Any, attributes: Any, seen: set[int], depth: int) -> None:
        if id(owner) in seen or depth == 0:
            return
        seen.add(id(owner))
        for name, value in list(attributes.items()):
            kind = type(value)
            if kind is LockType or kind is _RealRLock:
                self._set(owner, name, value, self._wrap(value))
            elif kind is functools.cached_property:
                lock = value.__dict__.get("lock")  # one lock for all instances, until 3.11
                if type(lock) is _RealRLock:
                    self._set(value, "lock", lock, self._wrap(lock))
            elif isinstance(value, threading.Condition):
                self._condition(value)
            elif isinstance(value, (str, bytes, int, float, tuple, frozenset, type, ModuleType)) or callable(value):
                continue
            elif isinstance(getattr(value, "__dict__", None), dict):
                self._inside(value, value.__dict__, seen, depth - 1)

    def _condition(self, value: Any) -> None:
        lock = value.__dict__.get("_lock")
        if type(lock) in (LockType, _RealRLock):
            ours = self._wrap(lock)
            for name in ("_lock", "acquire", "release", "_release_save", "_acquire_restore", "_is_owned"):
                if name in value.__dict__:
                    self._set(value, name, value.__dict__[name], ours if name == "_lock" else getattr(ours, name))

    def _handlers(self) -> None:
        for reference in list(logging._handlerList):  # type: ignore[attr-defined]
            handler = reference()
            lock = getattr(handler, "lock", None)
            if type(lock) is _RealRLock:
                self._set(handler, "lock", lock, self._wrap(lock))


_ABSENT = object()


def _lookup(owner: Any, name: str) -> Any:
    return vars(owner).get(name, _ABSENT)


def _store(owner: Any, name: str, value: Any) -> None:
    if value is _ABSENT:
        delattr(owner, name)
    elif isinstance(owner, ModuleType):
        vars(owner)[name] = value
    else:
        setattr(owner, name, value)


_patch = _Patch()


class patched:
    """Put what unmodified code uses under control's reach: `threading`, `time`, `queue`, `concurrent.futures`, `logging`.

    A run does this by itself. For use without a run, where code binds names that a later run should find as ours:

        with detsched.patched():
            import production_code

    Outside of runs everything that is patched in behaves as before. Nests; everything is restored at the end of the
    outermost, in reverse order, except what somebody else has replaced in the meantime.
    """

    def __enter__(self) -> None:
        try:
            _patch.enter()
        except BaseException:  # an interrupt: nothing stays half done
            _patch.leave()
            raise

    def __exit__(self, *exc: object) -> None:
        _patch.leave()
