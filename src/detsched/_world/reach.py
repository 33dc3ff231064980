"""Real locks and queues from before control: found wherever the program can reach them, and replaced in place.

From module globals, classes, and the program with its arguments, through instances (attributes and slots), containers, closures
and default arguments. Locks have no back references, so whoever holds one has to be found by walking forwards.
"""

from __future__ import annotations

import collections
import functools
import os
import queue
import sys
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import _thread
from _thread import LockType

from .._sync.lock import Lock
from .._sync.rlock import RLock
from .._sync.simplequeue import SimpleQueue
from . import dates

RealRLock = _thread.RLock
RealSimpleQueue: Any = queue.SimpleQueue
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
REPLACEABLE = (LockType, RealRLock, RealSimpleQueue)
_DEPTH = 8
_NODES = 20_000
_LEAVES = (str, bytes, bytearray, int, float, complex, type(None), CodeType, BuiltinFunctionType, ModuleType, range)
_STANDARD = frozenset("threading queue functools types collections concurrent.futures.thread concurrent.futures._base logging logging.handlers sched".split())
"""Modules of the standard library whose objects hold locks, or things that hold locks."""
_OF_THREADS = frozenset("_started _tstate_lock _handle _os_thread_handle _invoke_excepthook _context _stderr".split())
"""What a Thread keeps for itself: a real thread that is under way needs these as they are."""
TOOLS = ("detsched", "_pytest", "pytest", "pluggy", "execnet", "xdist", "hypothesis", "coverage", "pydevd", "debugpy", "mypy")
"""Tools that watch a run from outside: theirs stay real."""

Undo = tuple[Callable[[Any], None], Callable[[], Any], Any, Any]
"""How to store, how to look up, what was there, what is there now."""


class Reach:
    """Walks, replaces, and knows how to undo."""

    def __init__(self, functions: dict[int, tuple[Any, Any]]) -> None:
        self._functions = functions
        self._ours: dict[int, tuple[Any, Any]] = {}
        self.undo: list[Undo] = []

    def wrap(self, real: Any, name: str) -> Any:
        """Ours for a real lock or queue: the same one wherever the same real one is found."""
        known = self._ours.get(id(real))
        if known is None:
            if type(real) is LockType:
                ours: Any = Lock.around(real)
                ours._state.given = name
            elif type(real) is RealRLock:
                if not real.acquire(False):
                    return None  # held by a thread that is not of the run: left real
                real.release()
                ours = RLock.around()
                ours._state.given = name
            else:
                ours = SimpleQueue()
            known = self._ours[id(real)] = (real, ours)
        if type(real) is RealSimpleQueue:
            _move(real, known[1])
        return known[1]

    def release(self) -> None:
        """Put everything back, in reverse order, where it has not been replaced by somebody else since."""
        while self.undo:
            store, look, before, after = self.undo.pop()
            if look() is after:
                store(before)
            if type(before) is RealSimpleQueue:
                _move(after, before)

    def again(self, places: list[Undo]) -> bool:
        """Replace in places that an earlier walk has found. Whether all of them are as they were then."""
        for store, look, before, after in places:
            if look() is not before:
                return False
            ours = self.wrap(before, "") if type(before) in REPLACEABLE else after
            if ours is not None:
                store(ours)
                self.undo.append((store, look, before, ours))
        return True

    def walk(self, roots: Iterable[tuple[str, Any]]) -> bool:
        """Replace whatever can be reached from the roots. Whether there was anything."""
        count = len(self.undo)
        seen: set[int] = set()
        todo = [(name, root, _DEPTH) for name, root in roots]
        while todo and len(seen) < _NODES:
            name, thing, depth = todo.pop()
            if id(thing) in seen or depth == 0 or isinstance(thing, _LEAVES):
                continue
            seen.add(id(thing))
            for inner_name, inner, store, look in _inside(name, thing):
                ours = self._replacement(inner, inner_name)
                if ours is None:
                    todo.append((inner_name, inner, depth - 1))
                elif store is not None:
                    store(ours)
                    self.undo.append((store, look, inner, ours))
        return len(self.undo) > count

    def walk_class(self, cls: type) -> None:
        """Replace what a class of the standard library keeps in its attributes and in the default arguments of its methods."""
        for name, value, store, look in _class(cls):
            ours = self._replacement(value, name)
            if ours is not None and store is not None:
                store(ours)
                self.undo.append((store, look, value, ours))
            elif isinstance(value, FunctionType):
                self.walk([(name, value)])

    def _replacement(self, value: Any, name: str) -> Any:
        if type(value) in REPLACEABLE:
            return self.wrap(value, name)
        if isinstance(value, (BuiltinFunctionType, type, FunctionType, MethodType)):
            if dates.is_alias(value):
                return dates.alias(value)
            found = self._functions.get(id(value))
            if found is not None and found[0] is value:
                return found[1]
            # A condition keeps the methods of its lock.
            owner = getattr(value, "__self__", None)
            if type(owner) in (LockType, RealRLock):
                ours = self.wrap(owner, name)
                return None if ours is None else getattr(ours, value.__name__, None)
        return None


def _move(source: Any, target: Any) -> None:
    while True:
        try:
            target.put(source.get_nowait())
        except queue.Empty:
            return


Inside = tuple[str, Any, Callable[[Any], None] | None, Callable[[], Any]]


def _inside(name: str, thing: Any) -> list[Inside]:
    """Everything that a thing refers to: a name for it, how to replace it (None: not at all), how to look at it.

    Nothing of the program runs: no property, no `__getattr__`, no overridden method of a container.
    """
    kind = type(thing)
    if issubclass(kind, dict):
        items = list(dict.items(thing))
        return [_item(f"{name}[{key!r}]" if type(key) in (str, int) else name, dict, thing, key, value) for key, value in items]
    if issubclass(kind, (list, collections.deque)):
        base = list if issubclass(kind, list) else collections.deque
        return [_item(f"{name}[{index}]", base, thing, index, value) for index, value in enumerate(base.__iter__(thing))]
    if kind in (tuple, set, frozenset):
        return [_only(name, value) for value in thing]
    if kind is FunctionType:
        return _function(name, thing)
    if kind is MethodType:
        return [_only(name, thing.__self__), _only(name, thing.__func__)]
    if kind is functools.partial:
        return [_only(name, value) for value in (thing.func, *thing.args, *thing.keywords.values())]
    if kind is staticmethod or kind is classmethod:
        return [_only(name, thing.__func__)]
    if kind is property:
        return [_only(name, function) for function in (thing.fget, thing.fset, thing.fdel) if function is not None]
    if issubclass(kind, type):
        return _class(thing) if _of_interest(thing) else []
    return _instance(name, thing) if _of_interest(kind) else []


def _of_interest(cls: type) -> bool:
    module = cls.__module__
    if not isinstance(module, str):
        return False
    return module in _STANDARD or not (module.partition(".")[0] in sys.stdlib_module_names or module.startswith(TOOLS))


def _only(name: str, value: Any) -> Inside:
    return name, value, None, lambda: None


def _item(name: str, base: Any, thing: Any, key: Any, value: Any) -> Inside:
    def look() -> Any:
        try:
            return base.__getitem__(thing, key)
        except (KeyError, IndexError):
            return None

    return name, value, functools.partial(base.__setitem__, thing, key), look


def _function(name: str, function: FunctionType) -> list[Inside]:
    if function.__code__.co_filename.startswith(_PACKAGE):
        return []  # ours hold the real ones, and need them
    found: list[Inside] = []
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        value = _content(cell)
        if value is not None:
            found.append((variable, value, functools.partial(setattr, cell, "cell_contents"), functools.partial(_content, cell)))
    for index, value in enumerate(function.__defaults__ or ()):
        store, look = functools.partial(_set_default, function, index), functools.partial(_default, function, index)
        found.append((function.__name__, value, store, look))
    for key, value in list((function.__kwdefaults__ or {}).items()):
        found.append(_item(f"{function.__name__}({key})", dict, function.__kwdefaults__, key, value))
    wrapped = function.__dict__.get("__wrapped__")
    return found if wrapped is None else [*found, _only(name, wrapped)]


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _set_default(function: FunctionType, index: int, value: Any) -> None:
    defaults = function.__defaults__ or ()
    function.__defaults__ = (*defaults[:index], value, *defaults[index + 1 :])


def _default(function: FunctionType, index: int) -> Any:
    defaults = function.__defaults__ or ()
    return defaults[index] if index < len(defaults) else None


def _class(cls: type) -> list[Inside]:
    found: list[Inside] = []
    for name, value in list(vars(cls).items()):
        if not name.startswith("__") or isinstance(value, FunctionType):
            # A function in C stays what it is when it is looked up in an instance; one of ours would become a method.
            keep = staticmethod if isinstance(value, BuiltinFunctionType) else _as_it_is
            store, look = functools.partial(_set_in_class, cls, name, keep), functools.partial(_in_class, cls, name)
            found.append((f"{cls.__name__}.{name}", value, store, look))
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _set_in_class(cls: type, name: str, keep: Callable[[Any], Any], value: Any) -> None:
    type.__setattr__(cls, name, value if isinstance(value, BuiltinFunctionType) else keep(value))


def _in_class(cls: type, name: str) -> Any:
    value = vars(cls).get(name)
    return value.__func__ if isinstance(value, staticmethod) else value


def _instance(name: str, thing: Any) -> list[Inside]:
    found: list[Inside] = []
    try:
        attributes = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        attributes = {}
    if type(attributes) is dict:
        found += [_item(f"{name}.{key}", dict, attributes, key, value) for key, value in list(attributes.items()) if key not in _OF_THREADS]
    for cls in type(thing).__mro__:
        for slot, member in list(vars(cls).items()):
            if type(member) is MemberDescriptorType:
                try:
                    value = member.__get__(thing, cls)
                except AttributeError:
                    continue
                found.append((f"{name}.{slot}", value, functools.partial(member.__set__, thing), functools.partial(member.__get__, thing, cls)))
    found.append(_only(type(thing).__name__, type(thing)))
    return found
