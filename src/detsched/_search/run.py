"""One run: run, record, replay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, Unpack

from _thread import get_ident

from .._core.active import active
from .._core.execution import Execution, Observer
from .._core.failure import Failure
from .._core.schedule import Schedule
from .._core.frames import program_traceback
from .._core.trace import Recorder, TraceEvent
from .._memory.races import Race
from .._memory.watch import names_of
from .._report import html, machine, mermaid, text
from .._report.story import Pair, Story
from ..errors import DetschedError, InvalidSchedule, InvalidSettings
from ..settings import SettingsDict
from ..strategies import Replay, Turn
from . import reversal
from . import session as sessions
from .session import Done, Session, make_strategy, record_in
from .shrink import Shrunk

T = TypeVar("T")
__unittest = True  # its tracebacks begin at the test
ONE_RUN = {"strategy": "random", "max_steps": 1_000_000}
"""What the defaults of one run are where they differ from those of many."""


class Run(Generic[T]):
    """One controlled execution of a program under one schedule.

    While the run goes on (`detsched.current_run()`), `steps`, `switches`, `clock` and `schedule` say what it has done so far.
    """

    def __init__(self, session: Session, execution: Execution) -> None:
        self._session = session
        self._execution = execution
        self._recorder: Recorder | None = None
        self._done: Done | None = None
        self._failures: tuple[Failure, ...] = ()
        self._trace: tuple[TraceEvent, ...] | None = None
        self._schedule: Schedule | None = None
        self._found: str | None = None
        self._story: Story | None = None
        self._reversal: tuple[Pair, Run[Any]] | None = None
        self._others = 0, 0
        self._suspected: tuple[Pair | None] | None = None
        self.shrunk: Shrunk | None = None
        """What shrinking did to get to this run; None if it was not tried."""

    def _finish(self, done: Done, recorder: Recorder | None) -> Run[T]:
        self._done, self._recorder = done, recorder
        self._failures = done.blame() if done.failures else ()
        return self

    @property
    def value(self) -> T | None:
        """What the program returned; None if it raised, or was stopped."""
        return None if self._done is None else self._done.value

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that was wrong with the run."""
        return self._failures

    @property
    def failure(self) -> Failure | None:
        """One of the failures, whichever order they came in; None for a run that passed."""
        return self._failures[0] if self._failures else None

    @property
    def schedule(self) -> Schedule:
        """The choices of the run."""
        if self._schedule is not None:
            return self._schedule
        schedule = sessions.schedule_of(self._session, self._execution)
        if self._done is not None:
            self._schedule = schedule
        return schedule

    @property
    def trace(self) -> tuple[TraceEvent, ...]:
        """Every event, in order."""
        if self._trace is None:
            if self._recorder is None:
                return ()
            self._trace = self._recorder.events(self._execution)
        return self._trace

    @property
    def story(self) -> Story:
        """The events with all that reports say about them."""
        if self._story is None:
            assert self._recorder is not None
            self._story = Story(self._execution.log, self._recorder, self.trace)
        return self._story

    @property
    def pair(self) -> Pair | None:
        """The two steps whose reversal makes the run pass, where that was found out."""
        return None if self._reversal is None else self._reversal[0]

    @property
    def suspected(self) -> Pair | None:
        """The two steps whose order is most likely to blame, where no run was done to find that out."""
        if self.failure is None or self.failure.kind not in ("exception", "deadlock") or self._others[0] or self.pair is not None:
            return None
        if self._suspected is None:
            self._suspected = (reversal.suspect(self),)
        return self._suspected[0]

    @property
    def others(self) -> tuple[int, int]:
        """How many other schedules were tried to make the failure simple and to find its cause, and how many of them passed."""
        return self._others

    @property
    def passing(self) -> Run[Any] | None:
        """The run that differs from this one by that reversal, and passed."""
        return None if self._reversal is None else self._reversal[1]

    @property
    def found(self) -> tuple[str, ...]:
        """How the failure was found, confirmed and shrunk, line by line."""
        return tuple(filter(None, (self._found, None if self.shrunk is None else str(self.shrunk))))

    @property
    def races(self) -> tuple[Race, ...]:
        """The data races of the run: accesses that conflict and that nothing orders. At granularity "access" and finer."""
        return () if self._done is None else self._done.races

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else a report says: whether this can happen under a GIL, how exact its accesses are, data races that are no failures."""
        if self._done is None:
            return ()
        gil = (self._done.under_gil,) if self._failures and self._done.under_gil else ()
        imprecise = (text.imprecise(self._done.imprecise),) if self._done.imprecise else ()
        return (*gil, *imprecise, *self._races_besides())

    def _races_besides(self) -> Iterator[str]:
        """The data races of the run where they are no failures: each location, and where it is accessed."""
        assert self._done is not None
        found: dict[str, list[str]] = {}
        for race in () if self._session.settings.races else self._done.races:
            first, second = sorted((str(race.first.location), str(race.second.location)))
            found.setdefault(race.location, []).append(f"{first} with {second}" if first != second else f"{first} in both threads")
        by_places: dict[str, list[str]] = {}
        for location, places in found.items():
            by_places.setdefault(", ".join(dict.fromkeys(places)), []).append(location)
        for where, locations in by_places.items():
            yield f"data race on {' and '.join(locations)}: {where}"

    @property
    def steps(self) -> int:
        """How many events there were."""
        return len(self._execution.log)

    @property
    def switches(self) -> int:
        """How often the next event belonged to another thread."""
        return self._execution.log.switches

    @property
    def preemptions(self) -> int:
        """How many of the switches left a thread that could have gone on."""
        return 0 if self._recorder is None else self._recorder.preemptions

    @property
    def clock(self) -> float:
        """Virtual seconds that passed."""
        return self._execution.clock.base

    def result(self) -> T:
        """The program's value, or raise its failure, with the report attached."""
        __tracebackhide__ = True
        if self._done is None:
            raise DetschedError("the run has not ended: it has no result yet")
        failure = self.failure
        if failure is not None:
            raise with_report(failure.exception, self.report())
        if self._done.exit is not None:
            raise self._done.exit
        value: T = self._done.value
        return value

    def report(self) -> str:
        """The run in words: what was wrong, how to see it again, and what happened."""
        return text.run_report(self, self._session.program, self._session.environment())

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """The run as a picture: one HTML file that needs no network. Writes it to `path`, if given, and returns the text.

        Beside a failure whose cause was found out stands the run that passed with the two steps reversed.
        Raises OSError where the file cannot be written.

            exploration.run_of(exploration.failure).to_html("race.html")
        """
        why = None if self.failure is None else text.told(self, self.failure)
        marks = sorted(why.marked) if why is not None else []
        shown = [html.Shown("failing" if self.failure else "the run", self.story, marks, self.failure)]
        passing = self.passing
        if passing is not None:
            shown.append(html.Shown("passing, with two steps reversed", passing.story, self._same_steps(passing, marks)))
        verdict = text.verdict(self.failure) if self.failure else "detsched: passed"
        page = html.page(verdict, why.brief if why is not None else (), self.report(), shown)
        return _written(page, path)

    def to_mermaid(self, path: str | os.PathLike[str] | None = None) -> str:
        """The run as a Mermaid sequence diagram, to paste into an issue. Writes it to `path`, if given, and returns the text."""
        return _written(mermaid.diagram(self.story, self._marks(), self.failure), path)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The run for machines, as JSON of format "detsched-run", version 1. Writes it to `path`, if given, and returns the text."""
        program = self._session.digest.rpartition("-")[0]
        value = machine.text(str(self.schedule), program, self.failures, self.story, self._marks(), self.pair is not None)
        return _written(value, path)

    def _marks(self) -> list[int]:
        return sorted(text.told(self, self.failure).marked) if self.failure is not None else []

    def _same_steps(self, other: Run[Any], marks: list[int]) -> list[int]:
        """Where the steps of this run are in another one: the same number of the same thread."""
        mine, theirs = self._execution.log.threads, other._execution.log.threads
        found = []
        for mark in marks:
            label = mine[mark].label
            number = sum(thread.label == label for thread in mine[:mark])
            places = [index for index, thread in enumerate(theirs) if thread.label == label]
            found += places[number : number + 1]
        return found

    def __repr__(self) -> str:
        if self._done is None:
            return f"<Run, {self.steps} steps so far>"
        return f"<Run: {self.failure or 'passed'}, {self.steps} steps>"


def current_run() -> Run[Any] | None:
    """The run that the calling code is in, as far as it has come; None outside."""
    if active.ident != get_ident() or active.execution is None or sessions.running is None:
        return None
    return Run(sessions.running, active.execution)


def recorded(session: Session, schedule: Schedule | None, *more: Observer) -> Run[Any]:
    """One run in an entered session, under its strategy or a schedule."""
    strategy = make_strategy(session.settings) if schedule is None else Replay(schedule)
    done, recorder = record_in(session, strategy, Turn(0, session.settings.seed), *more)
    run: Run[Any] = Run(session, done.execution)
    return run._finish(done, recorder)


def check_schedule(session: Session, schedule: Any, given: Any) -> Schedule:
    """The schedule that a call means, if it belongs to the program and nothing in the call contradicts it."""
    parsed = Schedule.parse(schedule)
    if parsed.program != session.digest:
        raise InvalidSchedule(
            f"the schedule was recorded for another program: {parsed.program.rpartition('-')[0]!r}, and this is "
            f"{session.digest.rpartition('-')[0]!r}; replay it with the program that it was recorded with"
        )
    if "granularity" in given and given["granularity"] != parsed.granularity:
        raise InvalidSettings(f"granularity={given['granularity']!r} contradicts the schedule, which was recorded at {parsed.granularity!r}: leave it out")
    for name, own in (("watch", parsed.watch), ("ignore", parsed.ignore)):
        if name in given and names_of(given[name]) != own:
            raise InvalidSettings(f"{name}={given[name]!r} contradicts the schedule, which was recorded with {name}={list(own)}: leave it out")
    return parsed


def record(program: Callable[..., T], /, *args: Any, schedule: str | Schedule | None = None, **settings: Unpack[SettingsDict]) -> Run[T]:
    """Run `program(*args)` once under control and return the Run; never raises the program's failure.

    Raises InvalidSettings, InvalidSchedule, UncontrolledError (inside another run).

        run = detsched.record(transfer, seed=3)
        print(run.failure, run.schedule)
    """
    __tracebackhide__ = True
    session = Session.of(program, args, settings, ONE_RUN)
    parsed = None if schedule is None else check_schedule(session, schedule, settings)
    with session:
        return recorded(session, parsed)


def run(program: Callable[..., T], /, *args: Any, **settings: Unpack[SettingsDict]) -> T:
    """Run `program(*args)` once under control: same seed, same execution. Returns its value, raises its failure.

    A failing program's own exception keeps its type and traceback, and gets the report as a note; a deadlock is
    DeadlockError, and so on.

        detsched.run(transfer, seed=3)
    """
    __tracebackhide__ = True
    return record(program, *args, **settings).result()


def replay(program: Callable[..., T], /, *args: Any, schedule: str | Schedule | None = None, **settings: Unpack[SettingsDict]) -> T:
    """The same run again: `schedule` is a token, an "@path" of a schedule file, or a Schedule. Returns or raises as `run`.

    Each step is checked against the recording: DivergenceError at the first one that differs. InvalidSchedule for a token
    that is damaged or belongs to another program.

        detsched.replay(transfer, schedule="ds1~sync~transfer-05d1~0:2,1,0,2:2,1~~Zy0…")
    """
    __tracebackhide__ = True
    if schedule is None:
        slip = args and isinstance(args[-1], (str, Schedule))
        right = f"replay({getattr(program, '__name__', 'program')}, schedule={'token' if not slip else _quoted(args[-1])})"
        raise InvalidSchedule(f"replay() wants the schedule by name: write detsched.{right}")
    for name in ("seed", "strategy"):
        if name in settings:
            raise InvalidSettings(f"{name}=… contradicts the schedule, which holds all choices of the run: leave it out")
    return record(program, *args, schedule=schedule, **settings).result()


def _quoted(token: Any) -> str:
    words = str(token)
    return repr(words if len(words) <= 40 else words[:39] + "…")


def _written(content: str, path: str | os.PathLike[str] | None) -> str:
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    return content


def in_program(error: BaseException) -> BaseException:
    """The exception, with a traceback that begins in the program."""
    return error.with_traceback(program_traceback(error.__traceback__))


def with_report(error: BaseException, report: str) -> BaseException:
    """The exception, with the report as a note: once, however often it is raised."""
    note = "\n" + report
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
    return in_program(error)
