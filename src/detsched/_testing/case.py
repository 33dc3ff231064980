"""A test result of unittest that keeps the exceptions themselves."""

from __future__ import annotations

import unittest
from typing import Any


class Verdict(unittest.TestResult):
    """What came of one TestCase.run: its first exception, if there was one."""

    def __init__(self) -> None:
        super().__init__()
        self._raised: list[BaseException] = []

    def addError(self, test: Any, err: Any) -> None:
        self._raised.append(err[1])

    def addFailure(self, test: Any, err: Any) -> None:
        self._raised.append(err[1])

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._raised.append(err[1])

    def addSkip(self, test: Any, reason: str) -> None:
        self._raised.append(unittest.SkipTest(reason))

    def raise_error(self, above_all: type[BaseException]) -> None:
        """Raise the first exception; one of `above_all` before any other."""
        for error in sorted(self._raised, key=lambda error: not isinstance(error, above_all)):
            raise error
