"""The body of a test as a program, where no plugin makes the runs: one call is one run."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

from .._core.schedule import Schedule
from .._core.unwind import Unwind
from .._search.state import INTERLEAVED
from .saved import Saved
from .trial import Trial, outcomes

__unittest = True  # its tracebacks begin at the test


class Body:
    """A function with its arguments. A test of unittest.TestCase gets a fresh instance for each run, with its setUp and tearDown."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._function = function
        cases = getattr(sys.modules.get("unittest"), "TestCase", ())
        self._case: Any = None
        if isinstance(kwargs.get("self"), cases):  # Hypothesis gives everything by name
            args, kwargs = (kwargs["self"], *args), {name: value for name, value in kwargs.items() if name != "self"}
        if args and isinstance(args[0], cases):
            self._case = args[0]
        self.args, self.kwargs = args, kwargs
        self.__detsched_name__ = getattr(function, "__qualname__", None) or type(function).__qualname__
        if isinstance(function, functools.partial):
            self.__detsched_name__ = getattr(function.func, "__qualname__", "partial")
        self.__name__ = self.__detsched_name__
        self._method = "" if self._case is None else self._case.id().rpartition(".")[2]
        setattr(self, INTERLEAVED, functools.partial(function, *args, **kwargs))
        self.trial: Trial | None = None
        self.saved: Saved | None = None

    def __call__(self) -> None:
        try:
            if self._case is None:
                self._function(*self.args, **self.kwargs)
            else:
                self._run_case()
        except outcomes() as error:
            if self.trial is None:
                raise
            self.trial.says(error)
        else:
            if self.trial is not None:
                self.trial.passed()

    def _run_case(self) -> None:
        from .case import Verdict

        name = self._method
        fresh = type(self._case)(name)
        # TestCase.run looks the method up on the instance: it finds the body there, with the arguments of this call.
        setattr(fresh, name, functools.partial(self._function, fresh, *self.args[1:], **self.kwargs))
        verdict = Verdict()
        try:
            fresh.run(verdict)
        finally:
            delattr(fresh, name)
        verdict.raise_error(Unwind)

    @property
    def test_id(self) -> str:
        """What saved failures know the test by: the node id that pytest would give it, run from here."""
        owner = self._function if self._case is None else type(self._case)
        try:
            file = os.path.relpath(inspect.getsourcefile(owner) or "?").replace(os.sep, "/")
        except (TypeError, ValueError, OSError):
            file = getattr(owner, "__module__", "?")
        name = self.__detsched_name__ if self._case is None else f"{type(self._case).__qualname__}.{self._method}"
        return f"{file}::{name.replace('.', '::')}"

    def __detsched_replay__(self, token: str) -> str:
        """The line that shows a failure again."""
        written = token if self.saved is None else self.saved.keep(Schedule.parse(token))
        environment = f"DETSCHED_SCHEDULE={written}"
        node = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        if node:
            return f"{environment} pytest {shlex.quote(node)}"
        if self._case is not None:
            cls = type(self._case)
            method = f"{cls.__qualname__}.{self._method}"
            if cls.__module__ == "__main__":
                return f"{environment} python3 {shlex.quote(sys.argv[0])} {method}"
            return f"{environment} python3 -m unittest {cls.__module__}.{method}"
        name = getattr(self._function, "__name__", "test")
        if self.kwargs:
            name = f"functools.partial({name}, {', '.join(f'{key}={_said(value)}' for key, value in self.kwargs.items())})"
        return f'detsched.replay({", ".join([name, *map(_said, self.args)])}, schedule="{written}")'


def _said(value: object) -> str:
    return repr(value) if type(value) in (int, float, str, bytes, bool, type(None)) else "…"
