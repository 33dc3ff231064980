"""What a test runner measures for itself, between the parts of a test, is no part of a run.

From 3.12 on `TestCase.run` takes the time of each test. As readings of the run's clock these would be events of the program, and a
schedule of 3.11 would not fit a later version.
"""

from __future__ import annotations

from time import perf_counter
from types import ModuleType
from typing import Any


class _OwnTime:
    """The part of `time` that unittest uses."""

    perf_counter = staticmethod(perf_counter)


def replaced_in_unittest(module: Any) -> list[tuple[Any, str, Any]]:
    """What stands in `unittest.case`."""
    return [(module, "time", _OwnTime)] if isinstance(vars(module).get("time"), ModuleType) else []
