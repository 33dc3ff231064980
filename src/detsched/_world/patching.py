"""Patching: while entered, the standard library's names mean ours, wherever they are bound.

Three kinds of replacement, each undone by identity in reverse order:

- *functions and types* (`threading.Lock`, `time.sleep`, `queue.SimpleQueue`, …): every module global that is one of the
  originals is rebound, so `from time import sleep` in any module is found;
- *classes* of `threading` (Thread, Condition, Event, …) stay themselves and get our methods, so that subclasses and instances
  from before control are steered too;
- *real locks and queues made before* are wrapped, wherever the program can reach them (reach.py), and in log handlers.

Modules are scanned once: a later entry looks only at modules that are new or have more names than before.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import _thread
from _thread import LockType

from .._core.frames import PROGRAM, rank
from .._sync import barrier, condition, event, semaphore  # noqa: F401  (their hooks register themselves)
from .._sync import raw
from .._sync import thread as sync_thread
from .._sync.hook import hooks
from .._sync.lock import Lock
from .._sync.rlock import RLock
from .._sync.simplequeue import SimpleQueue
from . import (
    alarms,
    cpus,
    databases,
    dates,
    futures,
    imports,
    logs,
    pools,
    processes,
    randomness,
    runners,
    selecting,
    signals,
    sockets,
    tasks,
    time,
)
from .reach import REPLACEABLE, TOOLS, Reach, RealRLock, Undo

_LOCKS_LEFT_REAL = (
    *("importlib", "_frozen_importlib", "_thread", "threading", "_weakrefset"),  # what control itself stands on
    # Locks around the filling of a cache, with no yield point inside: as operations they would make a first run differ from
    # the second.
    *("asyncio", "tempfile", "platform", "sysconfig", "webbrowser"),
    *TOOLS,
)

_WITH_MORE: dict[str, Callable[[Any], list[tuple[Any, str, Any]]]] = {
    "concurrent.futures._base": futures.replaced_in_base,
    "concurrent.futures.thread": futures.replaced_in_thread,
    "asyncio.futures": tasks.replaced_in_futures,
    "asyncio.tasks": tasks.replaced_in_tasks,
    "multiprocessing.pool": pools.replaced_in_pool,
    "selectors": selecting.replaced_in_selectors,
    "asyncio.selector_events": selecting.replaced_in_asyncio,
    "socket": sockets.replaced_in_socket,
    "sqlite3": databases.replaced_in_sqlite3,
    "sqlite3.dbapi2": databases.replaced_in_sqlite3,
    "subprocess": processes.replaced_in_subprocess,
    "unittest.case": runners.replaced_in_unittest,
    "uuid": randomness.replaced_in_uuid,
}
"""Modules of the standard library that need more than that, and what is to stand in each."""
_DEFAULTS = {"sched": "scheduler", "multiprocessing.connection": "Connection"}
"""Classes of the standard library that keep a function in their attributes or default arguments."""


def _originals() -> dict[int, tuple[Any, Any]]:
    table: list[tuple[Any, Any]] = [
        (LockType, Lock),
        (_thread.allocate_lock, Lock),
        (RealRLock, RLock),
        (threading.RLock, RLock),
        (threading._PyRLock, RLock),  # type: ignore[attr-defined]
        (threading.current_thread, sync_thread.current_thread),
        (threading.main_thread, sync_thread.main_thread),
        (threading.enumerate, sync_thread.enumerate),
        (threading.active_count, sync_thread.active_count),
        (threading._newname, sync_thread.newname),  # type: ignore[attr-defined]
        (threading.__excepthook__, sync_thread.excepthook),
        (_thread.get_ident, sync_thread.get_ident),
        (_thread.start_new_thread, raw.start_new_thread),
        (_thread._count, sync_thread.thread_count),
        (queue.SimpleQueue, SimpleQueue),
        *time.REPLACED.items(),
        *cpus.REPLACED.items(),
        *randomness.REPLACED.items(),
        *selecting.REPLACED.items(),
        *processes.REPLACED.items(),
        *signals.REPLACED.items(),
        *alarms.REPLACED.items(),
    ]
    if sys.version_info >= (3, 13):
        table.append((_thread.start_joinable_thread, raw.start_joinable_thread))
    if hasattr(_thread, "get_native_id"):
        table.append((_thread.get_native_id, sync_thread.get_native_id))
    return {id(real): (real, ours) for real, ours in table}


_ORIGINALS = _originals()
_OURS = {id(ours) for _, ours in _ORIGINALS.values()}


def _hash_of_queue(self: Any) -> int:
    return hash(self.__dict__.get("mutex"))


class _Patch:
    """The patches in force, and how often they were entered. There is one."""

    def __init__(self) -> None:
        self.depth = 0
        self._undo: list[tuple[Any, str, Any, Any]] = []
        self._scanned: dict[str, tuple[int, int, bool]] = {}
        """Of each module: its id, how many globals it had, whether it is the program's."""
        self._hits: dict[tuple[int, str], ModuleType] = {}
        self._with_locks: dict[int, ModuleType] = {}
        self._places: dict[int, list[Undo]] = {}
        """Where the locks are in modules that are not the program's own: those are walked through but once."""
        self._again = False
        self.reach = Reach(_ORIGINALS)

    def enter(self) -> None:
        self.depth += 1
        if self.depth == 1:
            self._classes()
            dates.install()
            imports.install(self._scan)
            self._replay()
            self._scan()  # what is bound from now on is bound to ours, and imports look for themselves

    def leave(self) -> None:
        self.depth -= 1
        if self.depth:
            return
        imports.remove()
        dates.remove()
        self.reach.release()
        while self._undo:
            owner, name, before, after = self._undo.pop()
            if _lookup(owner, name) is after:
                _store(owner, name, before)

    def _set(self, owner: Any, name: str, before: Any, after: Any) -> None:
        self._undo.append((owner, name, before, after))  # first: an interrupt may come between
        _store(owner, name, after)

    def _classes(self) -> None:
        for cls, name, function in (*hooks.table, *logs.REPLACED, *randomness.METHODS):
            self._set(cls, name, vars(cls).get(name, _ABSENT), function)
        self._set(queue.Queue, "__hash__", _ABSENT, _hash_of_queue)
        for modname in (*_WITH_MORE, *_DEFAULTS):
            if modname in sys.modules:
                self._more(modname)

    def _more(self, modname: str) -> None:
        """What else is to be replaced in some modules of the standard library."""
        module = sys.modules[modname]
        if modname in _DEFAULTS:
            self.reach.walk_class(getattr(module, _DEFAULTS[modname]))
            return
        for owner, name, value in _WITH_MORE[modname](module):
            before = _lookup(owner, name)
            if before is not value:
                self._set(owner, name, before, value)
                elsewhere = isinstance(owner, ModuleType) and name not in ("id", "LOGGER") and not isinstance(before, ModuleType)
                if elsewhere and id(before) not in _ORIGINALS:
                    # Other modules may have bound it: they have to be looked through once more. (Not a module: what stands in
                    # for it here has only what is used here.)
                    _ORIGINALS[id(before)] = (before, value)
                    self._scanned.clear()
                    self._again = True

    # -------------------------------------------------------------- module globals

    def _replay(self) -> None:
        """What earlier entries found, again."""
        for (_, name), module in list(self._hits.items()):
            self._global(module, name, vars(module).get(name))
        for key, module in list(self._with_locks.items()):
            places = self._places.get(key)
            if places is None or not self.reach.again(places):
                self._walk(module)

    def _scan(self) -> None:
        for modname, module in list(sys.modules.items()):
            seen = self._scanned.get(modname)
            if seen is not None and seen[0] == id(module) and seen[1] == len(module.__dict__) and not seen[2]:
                continue
            if not isinstance(module, ModuleType):
                continue
            # What the program itself binds may change between two entries without becoming more.
            looked_at = (id(module), len(vars(module)), rank(getattr(module, "__file__", None) or "") == PROGRAM)
            new = looked_at != seen
            self._scanned[modname] = looked_at
            if modname.startswith("detsched"):
                continue
            if new and (modname in _WITH_MORE or modname in _DEFAULTS):
                self._more(modname)
            for name, value in list(vars(module).items()):
                if id(value) in _ORIGINALS or type(value) in REPLACEABLE or dates.is_alias(value):
                    self._global(module, name, value)
            found = len(self.reach.undo)
            if new and not modname.startswith(_LOCKS_LEFT_REAL) and self._walk(module):
                self._with_locks[id(module)] = module
                if not looked_at[2]:
                    self._places[id(module)] = self.reach.undo[found:]
        if self._again:
            self._again = False
            self._scan()
        self._handlers()

    def _global(self, module: ModuleType, name: str, value: Any) -> None:
        found = _ORIGINALS.get(id(value))
        if found is not None and found[0] is value:
            replacement = found[1]
        elif type(value) in REPLACEABLE and not module.__name__.startswith(_LOCKS_LEFT_REAL):
            replacement = self.reach.wrap(value, f"{module.__name__}.{name}")
        elif dates.is_alias(value):
            replacement = dates.alias(value)
        else:
            return
        if replacement is None:
            return
        self._hits[id(module), name] = module
        self._set(module, name, value, replacement)

    def _walk(self, module: ModuleType) -> bool:
        """Locks in what the module's globals refer to: its own classes and functions, instances, containers."""
        roots = []
        for name, value in list(vars(module).items()):
            owner = getattr(value, "__module__", None) if isinstance(value, (type, FunctionType)) else module.__name__
            if owner == module.__name__ and not name.startswith("__"):
                roots.append((name, value))
        return self.reach.walk(roots)

    def _handlers(self) -> None:
        for reference in list(logging._handlerList):  # type: ignore[attr-defined]
            handler = reference()
            if handler is not None and type(handler.lock) in REPLACEABLE:
                ours = self.reach.wrap(handler.lock, f"{type(handler).__name__}.lock")
                if ours is not None:
                    self._set(handler, "lock", handler.lock, ours)


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
        before = _patch.depth
        try:
            _patch.enter()
        except BaseException:  # an interrupt: nothing stays half done
            if _patch.depth > before:
                _patch.leave()
            raise

    def __exit__(self, *exc: object) -> None:
        _patch.leave()


def reach(*things: object) -> None:
    """Put real locks under control that a program and its arguments refer to. While patched; undone with the rest."""
    _patch.reach.walk([("program", thing) for thing in things])
