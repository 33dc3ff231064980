"""A trial: the session of a test, where a skip is no failure and a SystemExit is one."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
from collections.abc import Callable
from typing import Any

from .._search.session import Session
from .._search.state import INTERLEAVED
from ..settings import Settings

__unittest = True  # its tracebacks begin at the test


def outcomes() -> tuple[type[BaseException], ...]:
    """The exceptions by which a test says something else than that it failed: skip, expected failure, the end of the session."""
    unittest, pytest = sys.modules.get("unittest"), sys.modules.get("pytest")
    found = [] if unittest is None else [unittest.SkipTest]
    if pytest is not None:
        found += [pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception]
    return tuple(found)


class Trial(Session):
    """The session of a test. Its program tells `says` of what is no failure."""

    def __init__(self, program: Callable[..., Any], settings: Settings) -> None:
        super().__init__(program, (), settings)
        self.exit_fails = True
        self.outcome: BaseException | None = None
        """What the test has said instead of passing or failing."""
        self.skipped = 0
        """How many runs skipped the test, of which others had passed."""
        self._passed = 0

    def says(self, error: BaseException) -> None:
        """The test has raised one of `outcomes()`. A skip that comes late is the end of that run alone."""
        if self._passed and "skip" in type(error).__name__.lower():
            self.skipped += 1
        else:
            self.outcome, self.finished = error, True

    def passed(self) -> None:
        """A run of the test has come to its end."""
        self._passed += 1

    def warn(self, message: str) -> None:
        """Warn of something about the test, where it is defined."""
        body: Any = getattr(self.program, INTERLEAVED, self.program)
        body = inspect.unwrap(body.func if isinstance(body, functools.partial) else body)
        code = getattr(body, "__code__", None)
        if code is None:
            warnings.warn(message, stacklevel=2)
        else:
            warnings.warn_explicit(message, UserWarning, code.co_filename, code.co_firstlineno)

    def raise_outcome(self) -> None:
        """Raise what the test has said instead of passing, if it has."""
        __tracebackhide__ = True
        if self.outcome is not None:
            raise self.outcome
