"""What the program calls its objects: the variable or attribute that the line which made an object put it into.

Read from the source, not from the running program: nothing is looked up while a run goes on, and the answer is the same in
every process. `self.lock = Lock()` in class Account makes `Account.lock`, `jobs = Queue()` makes `jobs`.
"""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 40


class _Made(NamedTuple):
    """One assignment: its lines, and for each target the name and what is called to make it."""

    first: int
    last: int
    targets: tuple[tuple[str, str], ...]


class _Assignments(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[_Made] = []
        self._classes: list[str] = []
        self._in_function = False

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outer, self._in_function = self._in_function, False
        self._classes.append(node.name)
        self.generic_visit(node)
        self._classes.pop()
        self._in_function = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._in_function = self._in_function, True
        self.generic_visit(node)
        self._in_function = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Assign(self, node: ast.Assign) -> None:
        targets: list[tuple[str, str]] = []
        target = node.targets[0]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) and len(target.elts) == len(node.value.elts):
            targets = [(self._name(one), _maker(value)) for one, value in zip(target.elts, node.value.elts)]
        elif isinstance(target, ast.Tuple):
            targets = [(self._name(one), _maker(node.value)) for one in target.elts]
        else:
            targets = [(self._name(target), _maker(node.value))]
        self._note(node, targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._note(node, [(self._name(node.target), _maker(node.value))])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._note(node, [(node.target.id, _maker(node.value))])

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._note(node.context_expr, [(self._name(node.optional_vars), _maker(node.context_expr))])
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg is not None and isinstance(keyword.value, ast.Call):
                self._note(keyword.value, [(keyword.arg, _maker(keyword.value))])
        self.generic_visit(node)

    def _note(self, node: ast.AST, targets: list[tuple[str, str]]) -> None:
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 0
        kept = tuple((name, made) for name, made in targets if name)
        if kept:
            self.found.append(_Made(first, last, kept))
        self.generic_visit(node)

    def _name(self, target: ast.expr) -> str:
        if isinstance(target, ast.Name):
            return f"{self._classes[-1]}.{target.id}" if self._classes and not self._in_function else target.id
        if isinstance(target, ast.Attribute):
            if isinstance(target.value, ast.Name) and target.value.id in ("self", "cls") and self._classes:
                return f"{self._classes[-1]}.{target.attr}"
            return _short(target)
        if isinstance(target, ast.Subscript):
            return _short(target)
        return ""


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST else ""


def _maker(value: ast.expr) -> str:
    """What is called to make a value, by its last name; "*" where it is not one call that makes it."""
    if isinstance(value, ast.Call):
        function = value.func
        return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else "*"
    if isinstance(value, ast.Constant):
        return ""
    return "*"


@lru_cache(maxsize=64)
def _assignments(file: str) -> tuple[_Made, ...]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    visitor = _Assignments()
    try:
        visitor.visit(tree)
    except RecursionError:
        return ()
    return tuple(visitor.found)


@lru_cache(maxsize=4096)
def called(file: str, line: int, kind: str) -> tuple[str, ...]:
    """The names into which the objects of a kind go that a line makes: one for each, in order; empty if it is not said there."""
    if not file or file.startswith("<"):
        return ()
    around = [made for made in _assignments(file) if made.first <= line <= made.last]
    if not around:
        return ()
    innermost = min(around, key=lambda made: made.last - made.first)
    exact = tuple(name for name, maker in innermost.targets if maker == kind)
    if exact:
        return exact
    return tuple(name for name, maker in innermost.targets if maker)
