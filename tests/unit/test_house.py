"""The house: imports between the packages point down only, and to the standard library."""

import ast
import os
import sys

import pytest

import detsched

ROOT = os.path.dirname(os.path.abspath(detsched.__file__))
FLOORS = [("__init__", "__main__", "_cli", "pytest_plugin"), ("threading",), ("_testing",), ("_search",), ("_report",), ("strategies",), ("_world",), ("_memory",), ("_sync",), ("_core",), ("settings",), ("errors",)]
FLOOR = {name: len(FLOORS) - index for index, names in enumerate(FLOORS) for name in names}


def sources():
    """Every source file, relative to the package."""
    found = [os.path.relpath(os.path.join(folder, file), ROOT) for folder, _, files in os.walk(ROOT) for file in files if file.endswith(".py")]
    return sorted(found)


def place(path):
    """The top-level name within the package that a file belongs to."""
    first = path.split(os.sep)[0]
    return first.removesuffix(".py")


def imports(path):
    """(line, module or None, top-level name of ours or None) for each import in a file."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    package = ["detsched", *path.split(os.sep)[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                base = [*base, *(node.module.split(".") if node.module else [])]
                if base == ["detsched"]:
                    for alias in node.names:
                        yield node.lineno, f"detsched.{alias.name}"
                else:
                    yield node.lineno, ".".join(base)
            else:
                yield node.lineno, node.module


@pytest.mark.parametrize("path", sources())
def test_every_file_has_its_floor(path):
    """Every file belongs to a part of the house."""
    assert place(path) in FLOOR


@pytest.mark.parametrize("path", [path for path in sources() if path != "__init__.py"])
def test_imports_point_down(path):
    """A part imports only from parts below it, for type checkers too; `__init__` may import anything."""
    mine = place(path)
    wrong = []
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] != "detsched":
            continue
        theirs = parts[1] if len(parts) > 1 else "__init__"
        if theirs not in FLOOR:
            theirs = "__init__"  # a name that the package itself exports
        if theirs != mine and FLOOR[theirs] >= FLOOR[mine] and not (FLOOR[theirs] == FLOOR[mine] == len(FLOORS)):
            wrong.append(f"{path}:{line} imports {module}")

    assert wrong == []


def test_the_ground_floor():
    """`errors` imports nothing of ours, `settings` only `errors`."""
    assert [module for _, module in imports("errors.py") if module.startswith("detsched")] == []
    assert {module for _, module in imports("settings.py") if module.startswith("detsched")} <= {"detsched.errors"}


@pytest.mark.parametrize("path", sources())
def test_nothing_but_the_standard_library(path):
    """No other package is imported (pytest by its plugin, which only pytest loads)."""
    of_plugin = path in ("pytest_plugin.py", os.path.join("_testing", "pytest_item.py"), os.path.join("_testing", "pytest_state.py"))
    allowed = {"detsched", *(("pytest",) if of_plugin else ())}

    assert [f"{path}:{line} imports {module}" for line, module in imports(path) if module.split(".")[0] not in sys.stdlib_module_names | allowed] == []


@pytest.mark.parametrize("path", sources())
def test_every_file_says_its_idea(path):
    """Each file opens with a docstring, and is no longer than can be read at a sitting."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()

    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= 800


@pytest.mark.parametrize("path", sources())
def test_future_annotations(path):
    """Annotations are not evaluated, so that imports for type checkers cost nothing."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    annotated = any(isinstance(node, (ast.AnnAssign, ast.FunctionDef)) for node in ast.walk(tree))

    assert not annotated or any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)


def test_no_pickle_no_eval():
    """Nothing of detsched unpickles or evaluates."""
    found = []
    for path in sources():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "eval":
                found.append(f"{path}:{node.lineno}")
        found += [f"{path}:{line} {module}" for line, module in imports(path) if module in ("pickle", "marshal", "shelve")]

    assert found == []
