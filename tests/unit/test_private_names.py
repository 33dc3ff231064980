"""The table of private names of the standard library: all there, and no other one used."""

import ast
import importlib
import os
import re
import sys

import pytest

import detsched
from detsched._testing.pytest_state import PRIVATE as PRIVATE_NAMES_OF_PYTEST
from detsched._world.private_names import PRIVATE_NAMES

ROOT = os.path.dirname(os.path.abspath(detsched.__file__))
VERSION = sys.version_info[:2]
LISTED = {(entry.owner, entry.name) for entry in PRIVATE_NAMES}
NAMES = {entry.name for entry in PRIVATE_NAMES}
OF_PYTEST = ("pytest_plugin.py", os.path.join("_testing", "pytest_item.py"), os.path.join("_testing", "pytest_state.py"))
OF_OTHERS = {path: NAMES | set(PRIVATE_NAMES_OF_PYTEST) for path in OF_PYTEST}
PRIVATE = re.compile(r"_[a-zA-Z][a-zA-Z0-9_]*\Z")
MODULES_THAT_ARE_PRIVATE = {"_thread", "__future__", "_queue"}


def owner(path):
    """The module, class or instance that an entry's `owner` means."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if "(" in name:
            continue
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        rest = ".".join(parts[length:])
        return eval(f"module.{rest}" if rest else "module", {"module": module})
    raise AssertionError(f"no module in {path!r}")


@pytest.mark.parametrize("entry", [e for e in PRIVATE_NAMES if e.since <= VERSION <= e.until], ids=lambda e: f"{e.owner}.{e.name}")
def test_each_listed_name_exists(entry):
    """A name listed for this version is there on this version."""
    thing = owner(entry.owner)

    assert hasattr(thing, entry.name)
    if entry.owner.endswith("()"):
        getattr(thing, "terminate", getattr(thing, "close", lambda: None))()


@pytest.mark.parametrize("entry", [e for e in PRIVATE_NAMES if not e.since <= VERSION <= e.until], ids=lambda e: f"{e.owner}.{e.name}")
def test_each_name_of_other_versions_does_not(entry):
    """A name listed for other versions only is not there on this one: the versions are exact."""
    assert not hasattr(owner(entry.owner), entry.name)


def test_the_table():
    """No entry twice, each with a reason, versions in order."""
    assert len(LISTED) == len(PRIVATE_NAMES)
    assert all(entry.reason and entry.since <= entry.until and PRIVATE.match(entry.name) for entry in PRIVATE_NAMES)


def trees():
    """(path, syntax tree) of each source file but the table's own."""
    for folder, _, files in os.walk(ROOT):
        for file in sorted(files):
            if file.endswith(".py") and file != "private_names.py":
                path = os.path.join(folder, file)
                with open(path, encoding="utf-8") as opened:
                    yield os.path.relpath(path, ROOT), ast.parse(opened.read())


def our_own():
    """Every private name that detsched itself defines: functions, classes, globals, attributes of self, slots, parameters."""
    found = set()
    for path, tree in trees():
        found.add(os.path.basename(path).removesuffix(".py"))
        found.update(os.path.dirname(path).split(os.sep))
        for node in ast.walk(tree):
            if path in OF_PYTEST and isinstance(node, ast.Attribute) and node.attr in PRIVATE_NAMES_OF_PYTEST:
                continue
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.ImportFrom) or isinstance(node, ast.Import):
                found.update(alias.asname for alias in node.names if alias.asname)
            elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__slots__" for t in node.targets):
                found.update(c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant) and isinstance(c.value, str))
            elif isinstance(node, ast.Call) and dotted(node.func) == "object.__setattr__":
                found.update(c.value for c in node.args if isinstance(c, ast.Constant) and isinstance(c.value, str))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self":
                if (node.attr) not in NAMES:
                    found.add(node.attr)
    return found


def modules_of(tree):
    """Names bound to modules of the standard library in a file."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = alias.name
                else:
                    found[alias.name.split(".")[0]] = alias.name.split(".")[0]
    return {name: module for name, module in found.items() if not module.startswith("detsched")}


def dotted(node):
    """`a.b.c` of an attribute chain over a name, else None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return None if base is None else f"{base}.{node.attr}"
    return None


def test_private_names_of_modules_are_listed():
    """`module._name`, for a module of the standard library, is listed for that module."""
    unlisted = set()
    for path, tree in trees():
        modules = modules_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and PRIVATE.match(node.attr):
                base = dotted(node.value)
                if base is None or base.split(".")[0] not in modules:
                    continue
                full = ".".join([modules[base.split(".")[0]], *base.split(".")[1:]])
                if f"{full}.{node.attr}" in sys.modules or f"{full}.{node.attr}" in MODULES_THAT_ARE_PRIVATE:
                    continue
                if (full, node.attr) not in LISTED:
                    unlisted.add(f"{full}.{node.attr}  ({path}:{node.lineno})")
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module not in MODULES_THAT_ARE_PRIVATE:
                for alias in node.names:
                    if PRIVATE.match(alias.name) and (node.module, alias.name) not in LISTED:
                        unlisted.add(f"{node.module}.{alias.name}  ({path}:{node.lineno})")

    assert sorted(unlisted) == []


def test_private_attributes_of_objects_are_listed():
    """`thing._name`, where detsched defines no such name itself, is listed."""
    ours = our_own()
    unlisted = set()
    for path, tree in trees():
        modules = modules_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and PRIVATE.match(node.attr) and node.attr not in ours and node.attr not in OF_OTHERS.get(path, NAMES):
                base = dotted(node.value)
                if base is None or base.split(".")[0] not in modules:
                    unlisted.add(f"{node.attr}  ({path}:{node.lineno})")

    assert sorted(unlisted) == []


def test_private_names_in_strings_are_listed():
    """A private name looked up by its text (getattr, vars, tables of names) is listed or our own."""
    ours = our_own()
    unlisted = set()
    for path, tree in trees():
        docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                for word in node.value.split():
                    if PRIVATE.match(word) and word not in ours and word not in OF_OTHERS.get(path, NAMES) and word not in MODULES_THAT_ARE_PRIVATE and word not in sys.modules:
                        if not word.startswith("_detsched"):
                            unlisted.add(f"{word}  ({path}:{node.lineno})")

    assert sorted(unlisted) == []


def test_every_listed_name_is_used():
    """The table has no entry that the source no longer needs."""
    used = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
            elif isinstance(node, ast.alias):
                used.add(node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.update(node.value.split())
            elif isinstance(node, ast.FunctionDef):
                used.add(node.name)

    assert sorted(NAMES - used) == []


def test_every_listed_name_of_pytest_is_used():
    """The table of pytest's private names has no entry that the plugin no longer needs, and each has a reason."""
    text = ""
    for path in OF_PYTEST:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text += file.read()

    assert [name for name, reason in PRIVATE_NAMES_OF_PYTEST.items() if len(re.findall(rf"\b{name}\b", text)) < 2 or not reason] == []
