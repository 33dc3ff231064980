"""Which code is watched, and under which names it stores.

Watched is all code outside the standard library, site-packages and detsched itself, and what is named on top. A name that no
watched code ever stores under is no shared state: reading a method or a global function is no access. Names that are computed
(`setattr`, the dictionary of an object) are taken in when they turn up; then the run is done once more.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .._core.frames import MACHINERY, PROGRAM, rank
from ..errors import InvalidSettings
from .bytecode import settled_cells, stored_cells, stored_names

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_HOLDERS = (property, staticmethod, classmethod, functools.partial, functools.cached_property)


def functions_in(things: Iterable[Any], ours: Callable[[CodeType, dict[str, Any]], bool]) -> Iterator[FunctionType]:
    """The functions that things are or hold, of those that `ours` says yes to."""
    todo: list[Any] = list(things)
    seen: set[int] = set()
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, MethodType):
            todo.append(thing.__func__)
        elif isinstance(thing, FunctionType):
            if ours(thing.__code__, thing.__globals__):
                yield thing
            for cell in thing.__closure__ or ():
                try:
                    inside = cell.cell_contents
                except ValueError:
                    continue
                if isinstance(inside, (FunctionType, MethodType, *_HOLDERS)):
                    todo.append(inside)
        elif isinstance(thing, type):
            todo += [each for each in vars(thing).values() if isinstance(each, (FunctionType, type, *_HOLDERS)) or hasattr(type(each), "__wrapped__")]
        elif isinstance(thing, _HOLDERS):
            todo += [getattr(thing, name, None) for name in ("fget", "fset", "fdel", "func", "__func__")]
        if not isinstance(thing, type):
            wrapped = getattr(thing, "__dict__", {}).get("__wrapped__") if isinstance(getattr(thing, "__dict__", None), dict) else None
            if wrapped is not None:
                todo.append(wrapped)


class _Facts:
    """What code objects say about themselves, found once: it costs microseconds for each instruction."""

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}
        self._stored: dict[int, frozenset[str]] = {}
        self._settled: dict[int, frozenset[str]] = {}

    def stored(self, code: CodeType) -> frozenset[str]:
        """The names that a code object stores under, with those inside it."""
        found = self._stored.get(id(code))
        if found is None:
            if len(self._codes) > _MANY:
                self._codes.clear()
                self._stored.clear()
                self._settled.clear()
            self._codes[id(code)] = code
            inside = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
            found = frozenset(stored_names(code, code.co_name == "<module>")).union(*map(self.stored, inside))
            self._stored[id(code)] = found
            if code.co_cellvars:
                self._settle(code, inside)
        return found

    def _settle(self, code: CodeType, inside: list[CodeType]) -> None:
        """Find the variables of `code` that no function writes any more once others can read them."""
        todo, written = list(inside), set[str]()
        while todo:
            each = todo.pop()
            written |= stored_cells(each) & set(each.co_freevars)
            todo += [constant for constant in each.co_consts if isinstance(constant, CodeType)]
        self._hand_down(code, frozenset(settled_cells(code) - written))

    def _hand_down(self, code: CodeType, settled: frozenset[str]) -> None:
        self._settled[id(code)] = self._settled.get(id(code), frozenset()) | settled
        for constant in code.co_consts:
            if isinstance(constant, CodeType) and constant.co_freevars:
                mine = settled & set(constant.co_freevars)
                if mine:
                    self._hand_down(constant, mine)

    def settled(self, code: CodeType) -> frozenset[str]:
        """The variables shared with other functions that nobody writes while others could read them."""
        return self._settled.get(id(code), frozenset())


_MANY = 20_000
facts = _Facts()
_unwatched: dict[object, dict[int, CodeType]] = {}


class Names:
    """The names that some code stores under."""

    def __init__(self) -> None:
        self.stored: set[str] = set()
        self.any = False
        """Whether something was stored under names that cannot be told."""

    def add(self, names: frozenset[str]) -> bool:
        """Take in names. Whether there was a new one."""
        if self.any or names <= self.stored:
            return False
        self.stored |= names
        return True

    def note(self, name: str | None) -> bool:
        """Take in a name that was computed; None where it cannot be told. Whether that is new."""
        if self.any or name in self.stored:
            return False
        if name is None:
            self.any = True
        else:
            self.stored.add(name)
        return True

    def settled(self, code: CodeType) -> frozenset[str]:
        """The variables shared with other functions that nobody writes while others could read them."""
        return frozenset() if "cell_contents" in self.stored else facts.settled(code)

    def has(self, name: str) -> bool:
        """Whether there may be a store under a name."""
        return self.any or name in self.stored


class Watched:
    """The code that is watched: by default, and by what the settings name."""

    def __init__(self, watch: Any = (), ignore: Any = ()) -> None:
        self._watch, self._ignore = _Selection("watch", watch), _Selection("ignore", ignore)
        self._of: dict[str, bool] = {}
        self._selective = bool(watch or ignore)
        self._named = self._watch.codes or self._ignore.codes
        self.key = (self._watch.key, self._ignore.key)
        """What it is the same as another one by, for source files."""
        self.unwatched: dict[int, CodeType] = {} if self._named else _unwatched.setdefault(self.key, {})
        """Code that was asked about, and is not watched, by its id: kept from session to session."""

    def __call__(self, code: CodeType, variables: dict[str, Any]) -> bool:
        """Whether a code object is watched, where its global variables are these."""
        if id(code) in self.unwatched:
            return False
        if self._decide(code, variables):
            return True
        if code.co_filename[:1] != "<":  # else it depends on the variables, too
            if len(self.unwatched) > _MANY:
                self.unwatched.clear()
            self.unwatched[id(code)] = code
        return False

    def _decide(self, code: CodeType, variables: dict[str, Any]) -> bool:
        if self._named:
            if self._ignore.has_code(code):
                return False
            if self._watch.has_code(code):
                return True
        file = code.co_filename
        if file[:1] == "<" and not file.startswith("<frozen"):
            # Compiled from text, by the program or on behalf of a class of it: it belongs to the module that it runs in.
            file = variables.get("__file__") or file
            if file[:1] == "<" and str(variables.get("__name__")).startswith("namedtuple_"):
                return False
        return self.has_file(file)

    def has_file(self, file: str) -> bool:
        """Whether the code in a file is watched."""
        if not self._selective:
            return rank(file) == PROGRAM
        known = self._of.get(file)
        if known is None:
            known = self._of[file] = self._decide_file(file)
        return known

    def _decide_file(self, file: str) -> bool:
        if rank(file) == MACHINERY and file.startswith(_PACKAGE) or self._ignore.has_file(file):
            return False
        return rank(file) == PROGRAM or self._watch.has_file(file)

    def modules(self) -> list[str]:
        """The names of the modules that were named themselves."""
        return list(self._watch.modules)

    def explicit(self) -> list[Any]:
        """Functions that were named themselves."""
        return list(self._watch.functions)


def names_of(named: Iterable[Any]) -> tuple[str, ...]:
    """What schedules say of a selection: modules and functions by name. Paths are of one machine, and left out."""
    found = []
    for each in [named] if isinstance(named, (str, os.PathLike)) or not isinstance(named, Iterable) else named:
        if isinstance(each, ModuleType):
            found.append(each.__name__)
        elif isinstance(each, str) and not _is_path(each):
            found.append(each)
        elif hasattr(each, "__qualname__") and "<" not in each.__qualname__:
            found.append(f"{each.__module__}.{each.__qualname__}")
    return tuple(found)


def _is_path(text: Any) -> bool:
    return isinstance(text, os.PathLike) or os.sep in text or text.endswith(".py")


def _function_named(name: str) -> Any:
    """What a dotted name means, if it is no module: a function or class inside one."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            thing: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part, None)
        return thing
    return None


class _Selection:
    """Modules, packages, paths and functions that were named."""

    def __init__(self, setting: str, named: Any) -> None:
        self.functions: list[Any] = []
        self.codes: list[CodeType] = []
        self._paths: list[str] = []
        self.modules: list[str] = []
        for each in [named] if isinstance(named, (str, os.PathLike)) or not isinstance(named, Iterable) else named:
            if isinstance(each, ModuleType):
                self.modules.append(each.__name__)
            elif isinstance(each, os.PathLike) or (isinstance(each, str) and _is_path(each)):
                self._paths.append(os.path.abspath(os.fspath(each)))
            elif isinstance(each, str) and _places(each):
                self.modules.append(each)
            else:
                thing = _function_named(each) if isinstance(each, str) else each
                codes = [function.__code__ for function in functions_in([thing], lambda code, variables: True)]
                if not codes:
                    raise InvalidSettings(f"{setting}={each!r}: there is no module of this name, and nothing with Python code that could be watched")
                self.functions.append(thing)
                self.codes += codes

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What it is the same as another one by, for source files."""
        return tuple(self._paths), tuple(self.modules)

    def has_code(self, code: CodeType) -> bool:
        """Whether a code object belongs to a function that was named: also one inside it."""
        return any(code is each or (code.co_filename == each.co_filename and code.co_qualname.startswith(f"{each.co_qualname}.")) for each in self.codes)

    def has_file(self, file: str) -> bool:
        """Whether a source file belongs to a module, package or path that was named."""
        full = os.path.abspath(file)
        if any(full == path or full.startswith(os.path.join(path, "")) for path in self._paths):
            return True
        return any(full == path or full.startswith(path + os.sep) for name in self.modules for path in _places(name))


@functools.cache
def _found(name: str) -> tuple[str, ...]:
    from importlib.util import find_spec

    try:
        spec = find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return ()
    if spec is None:
        return ()
    places = list(spec.submodule_search_locations or ())
    return tuple(places) or ((spec.origin,) if spec.origin is not None and spec.origin.endswith(".py") else ())


def _places(name: str) -> tuple[str, ...]:
    """The file of a module, or the folders of a package."""
    module = sys.modules.get(name)
    if module is not None:
        folders = getattr(module, "__path__", None)
        if folders is not None:
            return tuple(map(os.path.abspath, folders))
        file = getattr(module, "__file__", None)
        return (os.path.abspath(file),) if isinstance(file, str) and file.endswith(".py") else ()
    return tuple(map(os.path.abspath, _found(name)))


__all__ = ["Names", "Watched", "facts", "functions_in", "names_of"]
