"""detsched: a deterministic scheduler for Python threads.

Run a program under a seed, replay it to the letter, or search its schedules for failures:

    import detsched

    detsched.run(program, seed=3)
    detsched.check(program, runs=200)
    detsched.replay(program, schedule="ds1~…")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import threading as threading
    from ._core.explicit import access, choose, name, yield_point
    from ._core.failure import Failure
    from ._core.operation import Operation
    from ._core.schedule import Schedule
    from ._core.trace import TraceEvent
    from ._search.explore import Exploration, check, explore
    from ._search.outcome import Witness
    from ._search.run import Run, current_run, record, replay, run
    from ._testing.interleave import example, interleave
    from ._world.patching import patched
    from .errors import (
        DataRaceError,
        DeadlockError,
        DetschedError,
        DivergenceError,
        InternalError,
        InvalidSchedule,
        InvalidSettings,
        LimitError,
        LivelockError,
        UncontrolledError,
    )
    from .settings import Settings
    from .strategies.strategy import Strategy

__version__ = "0.1.0"

_WHERE = {
    "DataRaceError": "errors",
    "DeadlockError": "errors",
    "DetschedError": "errors",
    "DivergenceError": "errors",
    "Exploration": "_search.explore",
    "Failure": "_core.failure",
    "InternalError": "errors",
    "InvalidSchedule": "errors",
    "InvalidSettings": "errors",
    "LimitError": "errors",
    "LivelockError": "errors",
    "Operation": "_core.operation",
    "Run": "_search.run",
    "Schedule": "_core.schedule",
    "Settings": "settings",
    "Strategy": "strategies.strategy",
    "TraceEvent": "_core.trace",
    "UncontrolledError": "errors",
    "Witness": "_search.outcome",
    "access": "_core.explicit",
    "check": "_search.explore",
    "choose": "_core.explicit",
    "current_run": "_search.run",
    "example": "_testing.interleave",
    "explore": "_search.explore",
    "interleave": "_testing.interleave",
    "name": "_core.explicit",
    "patched": "_world.patching",
    "record": "_search.run",
    "replay": "_search.run",
    "run": "_search.run",
    "yield_point": "_core.explicit",
}

__all__ = [
    "DataRaceError",
    "DeadlockError",
    "DetschedError",
    "DivergenceError",
    "Exploration",
    "Failure",
    "InternalError",
    "InvalidSchedule",
    "InvalidSettings",
    "LimitError",
    "LivelockError",
    "Operation",
    "Run",
    "Schedule",
    "Settings",
    "Strategy",
    "TraceEvent",
    "UncontrolledError",
    "Witness",
    "access",
    "check",
    "choose",
    "current_run",
    "example",
    "explore",
    "interleave",
    "name",
    "patched",
    "record",
    "replay",
    "run",
    "yield_point",
]


def __getattr__(name: str) -> Any:
    # Lazy: a test runner that only loads the plugin, or a program that only imports the drop-in, pays for nothing else.
    where = _WHERE.get(name)
    if name == "patched":
        # All of ours that binds names of the standard library has to have bound them before they are patched.
        importlib.import_module("._search.explore", __name__)
        importlib.import_module("._testing.interleave", __name__)
    if where is not None:
        value = getattr(importlib.import_module(f".{where}", __name__), name)
    elif name == "threading":
        value = importlib.import_module(".threading", __name__)
    else:
        raise AttributeError(f"module 'detsched' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
