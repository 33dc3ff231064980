"""An exploration in a file: where it had come to when it was stopped, so that it can go on from there.

The file is JSON: what was found, each outcome and failure with its schedule, and what the strategy knows. The failures that it holds are
believed again only when their schedules fail again.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import zlib
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

from .._core.schedule import Schedule
from .._memory.watch import names_of
from ..errors import InvalidSchedule, InvalidSettings
from ..strategies import RoundRobin, Strategy, Turn
from .outcome import Witness
from .run import recorded
from .session import Session
from .state import INTERLEAVED

if TYPE_CHECKING:
    from .explore import Exploration

FORMAT, VERSION = "detsched-search", 1
_SOON, _EVERY = 1.0, 30.0
"""Seconds until it is first written, and between two times."""
_clock = time.perf_counter
_SETTINGS = (
    "strategy", "seed", "preemptions", "delays", "granularity", "races", "timeouts", "clock", "randomness", "max_steps", "thread_exceptions",
)  # fmt: skip
"""What runs depend on, besides the program."""


class Kept:
    """Where a search has come to, and the file in which that is kept, if there is one."""

    def __init__(self, session: Session, strategy: Strategy) -> None:
        self.index = 0
        """The number of the run that comes next."""
        self.finished = False
        """Whether there is nothing left to be run."""
        self.strategy = strategy
        path = session.settings.resume
        self._path = None if path is None else os.fspath(path)
        self._session = session
        self._due = _clock() + _SOON
        if path is not None and not (hasattr(strategy, "state") and hasattr(strategy, "restore")):
            raise InvalidSettings(f"resume={path!r}: the strategy {type(strategy).__name__} cannot go on from a file, for it has no state() and restore()")
        self._data = None if self._path is None else self._read(self._path)

    def _read(self, path: str) -> dict[str, Any] | None:
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise self._refuse(f"it cannot be read: {error}") from None
        try:
            data = json.loads(text)
        except ValueError:
            raise self._refuse("it is no JSON, or was cut off") from None
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise self._refuse("it is no search of detsched")
        if data.get("version") != VERSION:
            raise self._refuse(f"it has version {data.get('version')} of the format, and this detsched knows version {VERSION}")
        for what, now in self._terms().items():
            then = data.get("terms", {}).get(what)
            if then != now:
                raise self._refuse(f"it was made with {what} {then}, and now it is {now}")
        return data

    def _refuse(self, why: str) -> InvalidSettings:
        return InvalidSettings(f"resume={self._path!r}: the search in this file cannot go on: {why}. Name another file, or remove it to begin anew")

    def _terms(self) -> dict[str, Any]:
        """Everything that has to be as it was."""
        settings = self._session.settings
        strategy = settings.strategy if isinstance(settings.strategy, str) else getattr(settings.strategy, "__name__", type(settings.strategy).__name__)
        return {
            "detsched": sys.modules[__name__.partition(".")[0]].__version__,
            "Python": platform.python_version(),
            "program": self._session.digest,
            "code": f"{_digest(self._session.program):08x}",
            **{name: strategy if name == "strategy" else getattr(settings, name) for name in _SETTINGS},
            "watch": list(names_of(settings.watch)),
            "ignore": list(names_of(settings.ignore)),
        }

    def restore(self, exploration: Exploration[Any]) -> set[tuple[str, ...]]:
        """Have the exploration and the strategy know what they knew; the origins of the failures. In an entered session."""
        data, session = self._data, self._session
        if data is None:
            return set()
        # The first run of a process loads modules and fills caches, so it may be like none that the search knows of.
        session.run(RoundRobin(), Turn(0, session.settings.seed))
        try:
            if session.watching is not None:
                session.watching.reach_also(map(str, data["also"]))
            self.strategy.restore(data["search"])  # type: ignore[attr-defined]
            self.index, self.finished = int(data["index"]), bool(data["finished"])
            exploration.runs, exploration.steps, exploration.failed_runs = int(data["runs"]), int(data["steps"]), int(data["failed_runs"])
            exploration.imprecise, exploration.elapsed, exploration._timed = int(data["imprecise"]), float(data["elapsed"]), bool(data["timed"])
            exploration._beyond = dict.fromkeys(map(str, data["beyond"]))
            for outcome, (count, token) in data["outcomes"].items():
                exploration._outcomes[outcome] = Witness(int(count), str(Schedule.parse(token)))
            failures = [(tuple(origin), str(found), Schedule.parse(token)) for origin, found, token in data["failures"]]
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, InvalidSchedule) as error:
            raise self._refuse(f"it is damaged ({type(error).__name__}: {error})") from None
        exploration._learn(self.strategy)
        for origin, found, schedule in failures:
            run = recorded(session, schedule)
            again = [failure for failure in run.failures if failure.origin == origin]
            if not again:
                came = f"it came to: {run.failure}" if run.failure else "it passed"
                raise self._refuse(f"a failure that it holds ({': '.join(origin)}) did not come again: {came}")
            exploration._failures.append(again[0])
            exploration._runs_of[origin] = run
            run._found = found
        return {origin for origin, _, _ in failures}

    def keep_if_due(self, exploration: Exploration[Any]) -> None:
        """Write it now and then, so that a process that is killed loses little; and early on, to see that it can be done."""
        if self._path is not None and _clock() >= self._due:
            self.keep(exploration)

    def keep(self, exploration: Exploration[Any]) -> None:
        """Write where the search has come to."""
        if self._path is None:
            return
        shown = [(failure, exploration.run_of(failure)) for failure in exploration.failures]
        failures = [[list(failure.origin), run._found, str(failure.schedule)] for failure, run in shown if run is not None]
        if len(failures) < len(shown):
            return  # the program keeps state between runs, so nothing that was found holds
        watching = self._session.watching
        data = {
            "format": FORMAT,
            "version": VERSION,
            "terms": self._terms(),
            "also": [] if watching is None else list(watching.also),
            "index": self.index,
            "finished": self.finished,
            "runs": exploration.runs,
            "steps": exploration.steps,
            "failed_runs": exploration.failed_runs,
            "imprecise": exploration.imprecise,
            "elapsed": exploration.elapsed,
            "timed": exploration._timed,
            "beyond": list(exploration._beyond),
            "outcomes": {outcome: [witness.count, witness.token] for outcome, witness in exploration.outcomes.items()},
            "failures": failures,
            "search": self.strategy.state(),  # type: ignore[attr-defined]
        }
        began, part = _clock(), f"{self._path}.part"
        try:
            with open(part, "w", encoding="utf-8") as file:
                json.dump(data, file)
            os.replace(part, self._path)
        except OSError as error:
            raise InvalidSettings(f"resume={self._path!r}: the search cannot be kept there: {error}") from None
        self._due = _clock() + max(_EVERY, 20 * (_clock() - began))


def _digest(program: Callable[..., Any]) -> int:
    program = getattr(program, INTERLEAVED, program)
    while hasattr(program, "func"):  # functools.partial
        program = program.func
    code = getattr(program, "__code__", None) or getattr(program, "_code", None)
    return _digest_of(code) if isinstance(code, CodeType) else 0


def _digest_of(code: CodeType) -> int:
    value = zlib.crc32(repr((code.co_name, code.co_code, code.co_names)).encode())
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            value ^= zlib.crc32(str(_digest_of(constant)).encode(), value)
        elif not isinstance(constant, frozenset):
            value = zlib.crc32(repr(constant).encode(), value)
    return value


__all__ = ["Kept"]
