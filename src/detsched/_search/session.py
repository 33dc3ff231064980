"""A session: everything that stays the same from run to run of one program, and the doing of one run."""

from __future__ import annotations

import contextvars
import inspect
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from _thread import get_ident

from .._core import explicit  # noqa: F401  (loaded before control begins: its own names must be the real ones)
from .._core.active import active
from .._core.execution import Execution, Observer, Step, exception_failure
from .._core.failure import Failure
from .._core.interrupts import Interrupts
from .._core.resource import preparing
from .._core.schedule import Schedule, program_digest
from .._core.thread import ControlledThread
from .._core.trace import Recorder
from .._core.trespass import warn_of_trespass
from .._core.watchdog import watchdog
from .._core.workers import Pinned
from .._memory.gil import Preemptions
from .._memory.races import Places, Race, races
from .._memory.races import failure as race_failure
from .._memory.watch import names_of
from .._memory.watching import Watching
from .._sync.thread import Excepthook, MainThread
from .._report.text import environment
from .._world import futures, outside, pools, randomness, signals
from .._world.debugger import Breakpoints
from .._world.patching import patched, reach
from ..errors import InvalidSettings, UncontrolledError
from ..settings import BOUNDS, Settings, settle
from ..strategies import DFS, DPOR, Auto, Bounded, Follow, RandomWalk, Replay, RoundRobin, Strategy, Turn
from ..strategies.guided import Guided
from .state import INTERLEAVED

_BY_NAME: dict[str, Callable[[], Strategy]] = {"auto": Auto, "random": RandomWalk, "roundrobin": RoundRobin, "dfs": DFS, "dpor": DPOR}
_OWN = (Auto, Bounded, DFS, DPOR, Follow, RandomWalk, RoundRobin, Replay)


running: Session | None = None
"""The session whose run is active."""
_entered: list[int] = []
"""The OS threads that are in sessions: there is no more than one thread at a time."""


class _Checked(Strategy):
    """A strategy that somebody else wrote: its answers are checked."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def begin(self, run: Turn) -> None:
        self._inner.begin(run)

    def choose(self, step: Step) -> ControlledThread:
        holder, active.ident = active.ident, 0  # what somebody's strategy does is no operation of the run
        try:
            chosen: ControlledThread = self._inner.choose(step)
        finally:
            active.ident = holder
        if chosen not in step.enabled:
            raise InvalidSettings(
                f"the strategy {type(self._inner).__name__} chose {chosen!r}: choose() must return one of step.enabled ({step.enabled})"
            )
        return chosen

    def choose_value(self, count: int) -> int:
        index: int = self._inner.choose_value(count) if hasattr(self._inner, "choose_value") else 0
        if type(index) is not int or not 0 <= index < count:
            raise InvalidSettings(f"the strategy {type(self._inner).__name__} answered {index!r}: choose_value({count}) must return an index below {count}")
        return index

    def _told(name: str, default: Any) -> Any:  # type: ignore[misc]
        return property(lambda self: getattr(self._inner, name, default))

    complete, systematic = _told("complete", False), _told("systematic", False)
    redundant, cut, runs = _told("redundant", 0), _told("cut", 0), _told("runs", 0)
    limits, estimate = _told("limits", ""), _told("estimate", None)
    exact, covered = _told("exact", True), _told("covered", "")

    def __getattr__(self, name: str) -> Any:
        if name in ("state", "restore"):
            return getattr(self._inner, name)
        raise AttributeError(name)

    def end(self, log: Any, failures: Any) -> bool:
        return bool(self._inner.end(log, failures)) if hasattr(self._inner, "end") else True


def make_strategy(settings: Settings) -> Strategy:
    """The strategy that the settings mean: by name, class, factory, or as it is; within a bound."""
    setting = settings.strategy
    for kind in BOUNDS:
        bound = getattr(settings, kind)
        if bound is not None:
            return Bounded(kind, bound, reduced=setting != "dfs")
    if isinstance(setting, str):
        return _BY_NAME[setting]()
    made = setting() if isinstance(setting, type) or not hasattr(setting, "choose") else setting
    if not hasattr(made, "choose") or not hasattr(made, "begin"):
        raise InvalidSettings(f"strategy={setting!r} made {made!r}, which is no Strategy: it wants begin(run) and choose(step)")
    return made if isinstance(made, _OWN) else _Checked(made)


class Session:
    """One program with its arguments and settings. Enter it around the runs: patching and pinning are paid once."""

    def __init__(self, program: Callable[..., Any], args: Sequence[Any], settings: Settings) -> None:
        self.program = program
        self.args = tuple(args)
        self.settings = settings
        self.digest = program_digest(program)
        self._defaults: Mapping[str, Any] = {}
        self._stack = ExitStack()
        self.interrupts = Interrupts()
        self._excepthook = Excepthook(settings.thread_exceptions == "print")
        self.watching: Watching | None = None
        """What makes yield points inside plain code; None where there are none."""
        self._watched: tuple[str, Any, Any] = ("sync", (), ())
        self.exit_fails = False
        """Whether a SystemExit that escapes the program is a failure, as it is for tests."""
        self.finished = False
        """The program itself says that there is nothing more to try."""
        self.nested = False
        """Whether the program tried to begin a run of its own."""
        self.count_orderings = False
        """Whether to count the distinguishable orderings, which takes some microseconds for each event."""
        self.many = False
        """Whether this is one of many runs, of which one more is no harm."""
        self.learnt = False
        """Whether the last run brought up names that no code was known to store under, and was done twice."""
        self.silent = False
        """Whether a program without yield points is nothing to warn of."""

    @classmethod
    def of(cls, program: Callable[..., Any], args: Sequence[Any], given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Session:
        """A session for a call of the public interface, with all that can be wrong with it checked first."""
        __tracebackhide__ = True
        if not callable(program):
            raise InvalidSettings(f"the program must be callable, and this is {program!r}: hand over the function itself, not its result")
        if inspect.iscoroutinefunction(program):
            raise InvalidSettings(f"{program!r} is a coroutine function, which does nothing when called: hand over lambda: asyncio.run(…)")
        program = getattr(program, INTERLEAVED, program)
        session = cls(program, args, settle(given, defaults, _parameters(program)))
        session._defaults = defaults
        session.refuse_inside_a_run()
        return session

    def refuse_inside_a_run(self) -> None:
        """Raise UncontrolledError where a run is under way in this process."""
        __tracebackhide__ = True
        if active.execution is not None:
            if running is not None and active.ident == get_ident():
                running.nested = True
            where = "inside a run" if active.ident == get_ident() else "while another thread of this process is in a run"
            raise UncontrolledError(f"a run cannot begin {where}: call the program itself there, or use another process")

    def within_reach(self) -> tuple[object, ...]:
        """Where to look for locks from before the run."""
        return (getattr(self.program, INTERLEAVED, self.program), *self.args, self.settings.setup)

    def environment(self) -> str:
        """The last line of reports: versions, and the settings that are not at their defaults."""
        usual = self._defaults
        changed = {name: value for name, value in self.settings.given().items() if value != usual.get(name, getattr(Settings, name))}
        for name in ("strategy", "seed", "setup", "shrink", "keep_going"):
            changed.pop(name, None)
        return environment(sys.modules[__name__.partition(".")[0]].__version__, changed)

    def __enter__(self) -> Session:
        if _entered and _entered[0] != get_ident():
            raise UncontrolledError(
                "a run cannot begin while another thread of this process is in one: call it from one thread, or use several processes"
            )
        self.interrupts.__enter__()
        try:
            _entered.append(get_ident())
            if self.settings.patch:
                self._stack.enter_context(patched())
                reach(*self.within_reach())
            self._stack.callback(self._stop_watching)
            self._watch(self.settings)
            warn = _warn if self.settings.uncontrolled == "warn" else None
            watchdog.begin(self.settings.watchdog, warn)
            self._stack.callback(watchdog.end)
            self._stack.enter_context(warn_of_trespass(warn))
            self._stack.enter_context(Pinned())
            self._stack.enter_context(Breakpoints())
            self.interrupts.unshield()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.interrupts.shield()
        self._stack.close()
        if _entered:
            _entered.pop()
        self.interrupts.__exit__()

    def _watch(self, settings: Settings) -> None:
        """Watch what the settings say, if it is not watched already."""
        wanted = (settings.granularity, settings.watch, settings.ignore)
        if wanted == self._watched:
            return
        self._stop_watching()
        self._watched = wanted
        if settings.granularity != "sync":
            watching = Watching(*wanted, self.within_reach())
            self.watching = watching.__enter__()

    def _stop_watching(self) -> None:
        watching, self.watching, self._watched = self.watching, None, ("sync", (), ())
        if watching is not None:
            watching.__exit__()
            if watching.blind and not self.silent:
                self.warn(
                    f"no code of {self.digest.rpartition('-')[0]} is watched, so there were no yield points at accesses to shared state: "
                    f"name the modules to watch in watch=[…]"
                )

    def _at_main_end(self) -> None:
        if self.watching is not None:
            self.watching.at_main_end()
        futures.end_idle_workers()

    def warn(self, message: str) -> None:
        """Warn of something about the program, where its search was called."""
        warnings.warn(message, stacklevel=5)

    def _under(self, strategy: Strategy) -> Settings:
        """The settings of a run: a schedule's own, where one is replayed."""
        if not isinstance(strategy, (Replay, Guided, Follow)):
            return self.settings
        schedule = strategy.schedule
        own: dict[str, Any] = {"timeouts": schedule.timeouts, "granularity": schedule.granularity}
        for name, names in (("watch", schedule.watch), ("ignore", schedule.ignore)):
            if names_of(getattr(self.settings, name)) != names:
                own[name] = names
        if schedule.seed is not None:
            own.update(seed=schedule.seed, randomness="seeded")
        if strategy.steps is not None:
            own["max_steps"] = strategy.steps
        return self.settings.replace(**own)

    def run(self, strategy: Strategy, turn: Turn, observers: Sequence[Observer] = ()) -> Done:
        """One run. Raises only what is no doing of the program: an interrupt, a strategy that failed, a fault of ours."""
        done = self._run(strategy, turn, observers)
        self.learnt = False
        while self.watching is not None and self.watching.grew and (self.many or done.diverged):
            # Code that came up in the middle of it makes accesses of what was none before. Now that it is known, the same once more.
            # (A schedule may stem from a run that knew.)
            self.learnt, self.watching.grew = True, False
            done = self._run(strategy, turn, observers)
        return done

    def _run(self, strategy: Strategy, turn: Turn, observers: Sequence[Observer]) -> Done:
        args = self.args
        if self.settings.setup is not None:
            with preparing:
                args = (self.settings.setup(), *args)
        global running
        strategy.begin(turn)
        settings = self._under(strategy)
        self._watch(settings)
        if self.watching is not None and isinstance(strategy, (Replay, Guided, Follow)):
            self.watching.reach_also(strategy.schedule.also)
        places, preemptions = None, None
        if self.watching is not None and (observers or self.settings.races):
            places = Places()
            observers = (*observers, places)
            if len(observers) > 1:
                preemptions = Preemptions()
                observers = (*observers, preemptions)
        execution = Execution(
            strategy.choose,
            choose_value=strategy.choose_value,
            max_steps=settings.max_steps,
            interrupts=self.interrupts,
            real_clock=settings.clock == "real",
            timeouts_any=settings.timeouts == "any",
            awaited=strategy.awaited if isinstance(strategy, Replay) else None,
            observers=observers,
            on_exception=self._excepthook,
            at_main_end=self._at_main_end,
        )
        if execution.clock.real:
            execution.log.beyond["it runs on the real clock"] = None
        execution.terms.update(granularity=settings.granularity, timeouts=settings.timeouts)
        if self.watching is not None:
            execution.terms.update(watch=names_of(settings.watch), ignore=names_of(settings.ignore), also=self.watching.also)
        self.interrupts.shield()  # but for the program itself: see Execution.run
        futures.restart_names()
        outside.begin()
        if settings.randomness == "seeded":
            # Where a seed alone brings a run back, its random numbers come back with it; a search over orderings keeps them.
            seed = turn.seed if strategy.repeatable else settings.seed
            randomness.begin(execution, seed)
        watching = self.watching
        self._excepthook.begin()
        running = self
        if watching is not None:
            watching.begin(execution, preemptions)
        try:
            with MainThread(execution):
                value = contextvars.copy_context().run(execution.run, partial(self.program, *args))
        finally:
            running = None
            self._excepthook.end()
            randomness.end()
            signals.end()
            pools.end()
            if watching is not None:
                watching.end(execution)
            self.interrupts.unshield()
        if execution.abandoned:
            warnings.warn(
                f"{', '.join(execution.abandoned)} could not be made to end with the run, for the thread catches everything and goes on: "
                f"its OS thread is lost. Let BaseException pass, or end the loop on an event",
                stacklevel=6,
            )
        if execution.error is not None:
            raise execution.error
        if isinstance(value, SystemExit) and self.exit_fails:
            execution.raised.append((execution.main, value))
            value = None
        if isinstance(value, SystemExit) and not any(thread is execution.main for thread, _ in execution.raised):
            done = Done(self, execution, None, value)
        else:
            done = Done(self, execution, value, None)
        if places is not None:
            done.races = races(execution, places)
            if self.settings.races and not done.diverged:
                done.failures = (*done.failures, *map(race_failure, done.races))
        if preemptions is not None:
            done.under_gil = preemptions.verdict()
        if watching is not None:
            done.imprecise = watching.imprecise
        if isinstance(strategy, Replay) and not done.failures:
            try:
                strategy.finish()
            except Exception as error:
                done.failures = (Failure("divergence", error, None, ("divergence", str(error))),)
        return done


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=2)


class Done:
    """A run that has been done: its value, its failures in an order that does not depend on the run's order."""

    __slots__ = ("session", "execution", "value", "exit", "failures", "races", "under_gil", "imprecise")

    def __init__(self, session: Session, execution: Execution, value: Any, exit: SystemExit | None) -> None:
        self.session = session
        self.execution = execution
        self.value = value
        self.exit = exit
        self.races: tuple[Race, ...] = ()
        self.under_gil = ""
        self.imprecise = 0
        raised = sorted(execution.raised, key=lambda item: item[0].path)
        # Exceptions first: a deadlock is often what an exception leaves behind.
        self.failures = (*(exception_failure(*item, execution.stood.get(item[0], ())) for item in raised), *execution.failures)
        if self.diverged:
            self.failures = tuple(failure for failure in self.failures if failure.kind == "divergence")

    @property
    def diverged(self) -> bool:
        """Whether the run was a replay that departed from its recording."""
        return any(failure.kind == "divergence" for failure in self.failures)

    def schedule(self) -> Schedule:
        """The schedule of the run."""
        return schedule_of(self.session, self.execution)

    def token(self) -> str:
        """The schedule of the run as a token, which takes less time to make."""
        return str(schedule_of(self.session, self.execution, words=False))

    def blame(self) -> tuple[Failure, ...]:
        """The failures, each with the schedule."""
        schedule = self.schedule()
        return tuple(replace(failure, schedule=schedule) for failure in self.failures)


def schedule_of(session: Session, execution: Execution, words: bool = True) -> Schedule:
    """The choices of a run, as far as it has come; with or without each event in words."""
    stopped = any(failure.kind in ("limit", "livelock") for failure in execution.failures)
    return Schedule.of(execution.log, session.digest, execution.values, words, stopped=stopped, **execution.terms)


def record_in(session: Session, strategy: Strategy, turn: Turn, *more: Observer) -> tuple[Done, Recorder]:
    """One run, observed in full detail."""
    recorder = Recorder()
    observers: tuple[Observer, ...] = (strategy, recorder, *more) if isinstance(strategy, Replay) else (recorder, *more)
    return session.run(strategy, turn, observers), recorder


def _parameters(program: Callable[..., Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(program).parameters)
    except (TypeError, ValueError):
        return ()
