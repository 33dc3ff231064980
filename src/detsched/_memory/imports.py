"""What a program can reach: the watched modules that its own imports, and theirs in turn.

Which names are stored under anywhere decides which readings are accesses, so it must not depend on what else a process has
loaded, or a schedule of one process would not fit another. So modules are followed by what their source says: also those that are imported
in a function, and are not loaded yet. Code that is reached in another way (a plug-in) is taken in when it begins to execute; then the run
is done once more.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from .bytecode import imported, stored_names
from .watch import Watched, functions_in


class _Source(NamedTuple):
    """What the source of a module says."""

    stored: frozenset[str]
    imports: frozenset[tuple[int, str, tuple[str, ...]]]


class _Place(NamedTuple):
    """A module, loaded or not."""

    name: str
    file: str
    package: str
    """What its relative imports start from."""
    folders: Any
    """Where its submodules are; None for what is no package."""
    loader: Any


def _walk(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _walk(constant)


def _says(codes: Iterable[CodeType]) -> _Source:
    stored, imports = set[str](), set[tuple[int, str, tuple[str, ...]]]()
    for code in codes:
        if code.co_name != "<module>":  # what that stores, it stores when it is imported
            stored |= stored_names(code)
        imports.update(imported(code))
    return _Source(frozenset(stored), frozenset(imports))


_sources: dict[str, _Source | None] = {}


def _source_of(place: _Place) -> _Source | None:
    """What the source of a module says, found once; None where there is no source."""
    if place.file not in _sources:
        code = _code_of(place)
        _sources[place.file] = None if code is None else _says(_walk(code))
    return _sources[place.file]


def _code_of(place: _Place) -> CodeType | None:
    if hasattr(place.loader, "get_code"):
        try:
            found = place.loader.get_code(place.name)
            return found if isinstance(found, CodeType) else None
        except (ImportError, OSError, SyntaxError, ValueError, EOFError):
            pass  # it was loaded under another name, perhaps: as __main__
    try:
        with open(place.file, "rb") as file:
            return compile(file.read(), place.file, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None


def _loaded(variables: dict[str, Any]) -> _Place | None:
    """The module that has these global variables."""
    file, name = variables.get("__file__"), variables.get("__name__")
    if not isinstance(file, str):
        file = "" if "__path__" in variables else None  # a package without a file of its own
    if file is None or not isinstance(name, str):
        return None
    folders, package = variables.get("__path__"), variables.get("__package__")
    spec = variables.get("__spec__")
    if not isinstance(package, str):
        package = name if folders is not None else name.rpartition(".")[0]
    return _Place(name, file, package, folders, getattr(spec, "loader", None) or variables.get("__loader__"))


def _named(place: _Place, source: _Source) -> Iterator[str]:
    """The modules that a module's imports may load."""
    for level, name, taken in source.imports:
        base = name
        if level:
            parts = place.package.split(".")
            base = ".".join([*parts[: len(parts) - level + 1], *([name] if name else [])])
        parts = base.split(".")
        for length in range(1, len(parts) + 1):
            yield ".".join(parts[:length])
        for each in taken:
            if each != "*":
                yield f"{base}.{each}"


_closures: dict[tuple[object, str], frozenset[str]] = {}


class Reach:
    """The names that can be stored under by the watched code within reach."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def of(self, things: Iterable[Any], modules: Iterable[str] = ()) -> frozenset[str]:
        """What functions, classes and objects can reach, and modules by their names."""
        kinds, names = list[Any](), set[str]()
        for thing in things:
            kinds += [thing, type(thing)]
            if isinstance(thing, functools.partial):
                kinds += [each for value in (*thing.args, *thing.keywords.values()) for each in (value, type(value))]
        for kind in kinds:
            module = sys.modules.get(kind.__module__) if isinstance(kind, type) and isinstance(kind.__module__, str) else None
            if isinstance(module, ModuleType) and module.__name__ not in sys.builtin_module_names:
                names |= self.of_module(vars(module))
        for function in functions_in(kinds, self._watched):
            names |= _says(_walk(function.__code__)).stored | self.of_module(function.__globals__)
        for place in map(self._find, modules):
            if place is not None:
                names |= self._closure(place)
        return frozenset(names)

    def has_source(self, variables: dict[str, Any]) -> bool:
        """Whether the module that has these global variables can be found by its name, and is known by its source."""
        place = _loaded(variables)
        module = sys.modules.get(place.name) if place is not None else None
        return place is not None and module is not None and vars(module) is variables and _source_of(place) is not None

    def of_module(self, variables: dict[str, Any]) -> frozenset[str]:
        """What the module can reach that has these global variables."""
        names, seen, todo = set[str](), set[int](), [variables]
        while todo:
            variables = todo.pop()
            place = _loaded(variables)
            if place is not None and not self._watched.has_file(place.file):
                continue
            if place is not None and _source_of(place) is not None:
                names |= self._closure(place)
            elif id(variables) not in seen:
                # Text that was executed, or a session at a prompt: only what is there can be looked at.
                seen.add(id(variables))
                values = list(variables.values())
                functions = list(functions_in(values, self._watched))
                says = _says(code for function in functions for code in _walk(function.__code__))
                names |= says.stored
                todo += [function.__globals__ for function in functions]
                here = _Place(str(variables.get("__name__")), "", str(variables.get("__package__") or ""), None, None)
                for name in (*_named(here, says), *(value.__name__ for value in values if isinstance(value, ModuleType))):
                    found = self._find(name)
                    if found is not None:
                        names |= self._closure(found)
        return frozenset(names)

    def _closure(self, root: _Place) -> frozenset[str]:
        known = _closures.get((self._watched.key, root.file))
        if known is None:
            names, seen, todo = set[str](), set[str](), [root]
            while todo:
                place = todo.pop()
                source = _source_of(place) if place.file not in seen and self._watched.has_file(place.file) else None
                seen.add(place.file)
                if source is not None:
                    names |= source.stored
                    todo += [found for found in map(self._find, _named(place, source)) if found is not None]
            known = _closures[self._watched.key, root.file] = frozenset(names)
        return known

    def _find(self, name: str) -> _Place | None:
        """A module by its name, without importing anything."""
        module = sys.modules.get(name)
        if module is not None:
            return _loaded(vars(module)) if isinstance(module, ModuleType) else None
        parent, _, _ = name.rpartition(".")
        folders = None
        if parent:
            package = self._find(parent)
            if package is None or package.folders is None or (package.file and not self._watched.has_file(package.file)):
                return None
            folders = package.folders
        elif name in sys.stdlib_module_names:
            return None
        for finder in sys.meta_path:
            try:
                spec = finder.find_spec(name, folders)
            except Exception:
                continue  # it is somebody else's code, and this is but a question
            if spec is not None:
                inside = spec.submodule_search_locations
                return _Place(name, spec.origin or "" if spec.has_location else "", name if inside is not None else parent, inside, spec.loader)
        return None


__all__ = ["Reach"]
