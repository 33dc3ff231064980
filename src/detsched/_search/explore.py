"""Many runs: explore and check, a loop over seeds.

The search runs lean. A failure is believed only after its schedule has failed again *and* the schedule of a run that passed
has passed again; else the verdict is divergence: the program keeps state between runs, and every failure may be its echo.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Unpack

from .._core.failure import Failure
from .._core.orderings import ordering
from .._core.schedule import Schedule
from .._report import progress, text
from ..errors import DivergenceError
from ..settings import SettingsDict
from ..strategies import Follow, Strategy, Turn
from . import outcome as outcomes
from .estimate import Estimate, so_far
from .explain import explain, simplified
from .outcome import Witness
from .resume import Kept
from .run import Run, check_schedule, recorded, with_report
from .session import Done, Session, make_strategy
from .state import changes, snapshot
from .steady import Steady
from .summary import count, summary

T = TypeVar("T")
_clock = time.perf_counter
_FRESH_STARTS = 3
"""How often a systematic search begins anew where the program came out otherwise than in an earlier run that began alike: the first
runs may have filled caches. After that, the program keeps state between runs."""
__unittest = True  # its tracebacks begin at the test


@dataclass
class Pin:
    """A schedule from before, to be tried first; and what came of it."""

    schedule: Schedule
    source: str
    """Where it comes from, in words."""
    loud: bool = False
    """Whether to warn where it no longer fits."""
    tried: bool = False
    failed: bool = False


class Exploration(Generic[T]):
    """What many runs of one program found."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._program = session.program
        self._settings = session.settings
        self.runs = 0
        """How many runs were made."""
        self.complete = False
        """Whether every distinguishable ordering within the bounds was run (under strategy "dfs": every order of yield points), each to its end.

        At granularity "sync" that is every ordering of synchronisation operations, exact for programs whose threads share data
        only under them. `summary` says in words what it is complete for. Random choice never knows.
        """
        self.redundant = 0
        """Runs of a systematic strategy that were equivalent to an earlier one of its own."""
        self.cut = 0
        """Runs of a systematic strategy behind which something may lie that it does not cover: with any of these, no search is complete. They
        were stopped as too long or as going round in circles, or cut daemons off while other threads were ending in no order."""
        self._systematic_runs, self._redundant_exactly = 0, True
        self._timed = False
        self._estimate = Estimate()
        self._limits = self._covered = ""
        self._beyond: dict[str, None] = {}
        """What had a say in runs that no schedule decides."""
        self.elapsed = 0.0
        """Real seconds."""
        self.steps = 0
        """Events in all runs together."""
        self.imprecise = 0
        """Accesses of which the object could not be told, because the frames of this interpreter cannot be looked into: each conflicts with all
        that it could touch. No ordering is missed; more than necessary are told apart."""
        self.failed_runs = 0
        """How many runs failed, in whatever way."""
        self.orderings: set[int] = set()
        """The distinguishable orderings that the runs were, where these are counted."""
        self._failures: list[Failure] = []
        self._outcomes: dict[str, Witness] = {}
        self._runs_of: dict[tuple[str, ...], Run[T]] = {}
        self.interrupted = False
        self._explaining = 0.0
        """How many of these seconds went into making failures simple and finding their causes."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The failures, one for each cause, in the order in which they were found."""
        return tuple(self._failures)

    @property
    def failure(self) -> Failure | None:
        """The first failure; None if there is none."""
        return self._failures[0] if self._failures else None

    @property
    def estimate(self) -> float | None:
        """How many runs a complete search takes, where that can be estimated: those that were made, by the share of the tree of orderings
        that they are, as far as its branches are known by now. So under "dpor" it is too low rather than too high, and grows as branches
        come to light. The number itself, once the search is complete; None under random choice, which is never complete."""
        return self._estimate.value

    @property
    def estimate_range(self) -> tuple[float, float] | None:
        """The smallest and the largest estimate since an eighth of the runs were made. Far apart: it is not to be trusted yet."""
        return self._estimate.range

    @property
    def outcomes(self) -> Mapping[str, Witness]:
        """What runs came to: the outcome as text, how often it came, and a schedule that leads to it."""
        return dict(self._outcomes)

    def summary(self) -> str:
        """The exploration in one line."""
        return summary(self)

    def report(self) -> str:
        """The exploration in words, with the report of its first failure."""
        run = self._runs_of.get(self._failures[0].origin) if self._failures else None
        counts = {outcome: witness.count for outcome, witness in self._outcomes.items()}
        return text.exploration_report(self.summary(), self._failures, run, self._program, counts, self._session.environment())

    def run_of(self, failure: Failure) -> Run[T] | None:
        """The run that a failure is shown by: confirmed and, with `shrink`, simplified. None where there is none (divergence)."""
        return self._runs_of.get(failure.origin)

    def raise_failure(self) -> None:
        """Raise the first failure, with the report attached; do nothing if there is none."""
        __tracebackhide__ = True
        failure = self.failure
        if failure is not None:
            raise with_report(failure.exception, self.report())

    def __repr__(self) -> str:
        return f"<Exploration: {self.summary()}>"

    # ------------------------------------------------------------------ how it fills up

    def _note(self, done: Done) -> None:
        self.runs += 1
        self.steps += len(done.execution.log)
        self.imprecise += done.imprecise
        self._beyond |= done.execution.log.beyond
        key = outcomes.of_failures(done.failures) if done.failures else outcomes.of_value(done.value)
        known = self._outcomes.get(key)
        self._outcomes[key] = Witness(1, done.token()) if known is None else Witness(known.count + 1, known.token)
        if done.failures:
            self.failed_runs += 1
        if not self._timed:
            self._timed = any(operation.deadline is not None for operation in done.execution.log.operations)
        if done.session.count_orderings:
            self.orderings.add(ordering(done.execution.log))

    def _learn(self, strategy: Strategy) -> None:
        """What a strategy knows of how far it has come: see `Strategy.complete`."""
        self.complete = strategy.complete and not self._beyond
        self.redundant, self.cut, self._systematic_runs, self._limits = strategy.redundant, strategy.cut, strategy.runs, strategy.limits
        self._redundant_exactly, self._covered = strategy.exact, strategy.covered

    def _believe(self, failure: Failure, run: Run[T], index: int, by_seed: bool) -> None:
        self._failures.append(failure)
        self._runs_of[failure.origin] = run
        seed = f" (seed {run._session.settings.seed + index})" if by_seed else ""
        run._found = f"found in run {index + 1}{seed}, replayed: the same failure again"

    def _replace(self, failure: Failure, simpler: Failure, run: Run[T]) -> None:
        self._failures[self._failures.index(failure)] = simpler
        self._runs_of[failure.origin] = run


def _doubt(session: Session, found: Failure, run: Run[Any] | None, passed: Schedule | None, at_first: dict[str, str]) -> Failure | None:
    """Why a failure is not to be believed; None if it is."""
    before = snapshot(session.program, session.args)
    if run is None or found.origin not in {failure.origin for failure in run.failures}:
        came = "it passed" if run is None or run.failure is None else f"it came to: {run.failure}"
        return _divergence(session, at_first, f"a failure ({found}) did not come again when its schedule was replayed: {came}", passed)
    if passed is None:
        return None
    again = recorded(session, passed)
    if again.failure is None:
        return None
    return _divergence(session, before, f"a schedule that passed fails when it is replayed later ({again.failure})", passed)


def _divergence(session: Session, before: dict[str, str], what: str, passed: Schedule | None) -> Failure:
    kept = changes(before, snapshot(session.program, session.args))
    cause = "; ".join(kept[:3]) or "what it keeps could not be told: look at caches, files, and objects made outside the program"
    message = f"the program keeps state between runs: {cause}. {what[0].upper()}{what[1:]}. Make the state inside the program, or in setup="
    return Failure("divergence", DivergenceError(message), None, ("divergence", *kept[:3]), schedule=passed)


def search(session: Session, pinned: Sequence[Pin] = ()) -> Exploration[Any]:
    """The loop. `pinned` schedules are tried first."""
    settings = session.settings
    exploration: Exploration[Any] = Exploration(session)
    strategy = make_strategy(settings)
    kept = Kept(session, strategy)
    known: set[tuple[str, ...]] = set()
    passed: Schedule | None = None
    last_pass: tuple[Done, int] | None = None
    interrupt: KeyboardInterrupt | None = None
    began = _clock()
    at_first = snapshot(session.program, session.args)
    fresh_starts = _FRESH_STARTS if settings.strategy is not strategy else 0
    steady = Steady(session)
    session.many = True
    speaking = progress.Progress(settings.progress, began)
    with session:
        known |= kept.restore(exploration)
        made_before, passed_before = exploration.runs, exploration.elapsed
        try:
            for pin in pinned:
                if not session.finished and (settings.keep_going or not exploration._failures):
                    _pinned(exploration, session, pin, known, at_first)
            while not kept.finished and not session.finished and (settings.keep_going or not exploration._failures):
                now, made = _clock(), exploration.runs - made_before
                if settings.runs is not None and made >= settings.runs:
                    break
                if settings.seconds is not None and made and now - began >= settings.seconds:
                    break
                if now >= speaking.due:
                    exploration._estimate.update(strategy, exploration.runs, exploration.complete)
                    speaking.say(now, so_far(exploration, made, now - began))
                index = kept.index
                turn = Turn(index, settings.seed if strategy.systematic else settings.seed + index)
                done = session.run(strategy, turn)
                if done.diverged and fresh_starts:
                    fresh_starts -= 1
                    session.learnt = True
                if session.learnt and index:
                    # There are more accesses than earlier runs knew of, or caches are filled now that were not then: what the strategy
                    # has learnt from those is void.
                    strategy = kept.strategy = make_strategy(settings)
                    steady = Steady(session)
                    done = session.run(strategy, turn)
                if not done.failures:
                    last_pass = done, index
                elif any(failure.origin not in known for failure in done.failures):
                    if last_pass is not None:
                        passed, last_pass = _witness(session, strategy, *last_pass), None
                    if _confirm(exploration, session, strategy, done, index, known, passed, at_first):
                        exploration._note(done)
                        break
                try:
                    _count_in(exploration, session, kept, done)
                    steady.check(strategy, done, not kept.finished)
                except DivergenceError as error:
                    if fresh_starts:
                        fresh_starts -= 1
                        strategy = kept.strategy = make_strategy(settings)
                        steady, kept.finished = Steady(session), False
                        exploration._learn(strategy)
                        continue
                    exploration._failures[:] = [_divergence(session, at_first, str(error), done.schedule())]
                    exploration._runs_of.clear()
                    exploration.complete = False
                    break
                exploration.elapsed = passed_before + _clock() - began
                kept.keep_if_due(exploration)
        except KeyboardInterrupt as error:
            exploration.interrupted = True
            interrupt = error
        finally:
            speaking.end()
        exploration.elapsed = passed_before + _clock() - began
        exploration._estimate.update(strategy, exploration.runs, exploration.complete)
        kept.keep(exploration)
    if interrupt is not None and not settings.keep_going:
        interrupt.add_note(f"detsched: {exploration.summary()}")
        raise interrupt
    if exploration.runs and not exploration.steps and not exploration._failures and not session.silent and not session.finished:
        session.warn(
            f"{session.digest.rpartition('-')[0]} reached no yield point in {count(exploration.runs, 'run')}: nothing of it was under control, "
            f"and that it passed says nothing. Does it start threads? Does it use locks that detsched does not reach?"
        )
    return exploration


def _count_in(exploration: Exploration[Any], session: Session, kept: Kept, done: Done) -> None:
    """Learn from a run that has been done. It counts wholly, or not at all."""
    session.interrupts.shield()
    try:
        exploration._note(done)
        kept.index += 1
        kept.finished = not kept.strategy.end(done.execution.log, done.failures)
        exploration._learn(kept.strategy)
        exploration._estimate.look(kept.strategy, exploration.runs, exploration.complete)
    finally:
        session.interrupts.unshield()


def _pinned(exploration: Exploration[Any], session: Session, pin: Pin, known: set[tuple[str, ...]], at_first: dict[str, str]) -> None:
    """Try a schedule from before, as far as it still fits."""
    follow = Follow(pin.schedule)
    turn = Turn(0, session.settings.seed)
    done = session.run(follow, turn)
    follow.end(done.execution.log, done.failures)
    exploration._note(done)
    pin.tried, pin.failed = True, bool(done.failures)
    fits = "" if follow.whole else f", which fits the program as it is now for {follow.fitted} of its {count(len(pin.schedule), 'step')}"
    if done.failures:
        before = len(exploration._failures)
        _confirm(exploration, session, follow, done, 0, known, None, at_first)
        for failure in exploration._failures[before:]:
            run = exploration._runs_of.get(failure.origin)
            if run is not None:
                run._found = f"found by {pin.source}{fits}; replayed: the same failure again"
    elif fits and pin.loud:
        session.warn(f"{pin.source}{fits}: it no longer fits, so make a new one, or take it out")


def _witness(session: Session, strategy: Strategy, done: Done, index: int) -> Schedule:
    """The schedule of a run that passed. The first run of a program may have more events than later ones, which find caches
    filled and modules loaded; so if it was the first, the same once more."""
    if index == 0 and strategy.repeatable:
        again = session.run(strategy, Turn(0, session.settings.seed))
        if not again.failures:
            return again.schedule()
    return done.schedule()


def _confirm(
    exploration: Exploration[Any],
    session: Session,
    strategy: Strategy,
    done: Done,
    index: int,
    known: set[tuple[str, ...]],
    passed: Schedule | None,
    at_first: dict[str, str],
) -> bool:
    """Replay a run that failed in a new way, and note what is to be believed. Whether the search is to stop."""
    run: Run[Any] = recorded(session, done.schedule())
    if run.failure is not None and run.failure.kind == "divergence" and strategy.repeatable:
        # The run may have been the first to fill some cache. The same once more, now that it is filled.
        again = session.run(strategy, Turn(index, session.settings.seed + index))
        if again.failures:
            done, run = again, recorded(session, again.schedule())
    for found in done.failures:
        if found.origin in known:
            continue
        known.add(found.origin)
        doubt = found if found.kind == "divergence" else _doubt(session, found, run, passed, at_first)
        if doubt is not None:
            # Nothing that this program does can be believed: earlier failures neither.
            exploration._failures[:] = [doubt]
            exploration._runs_of.clear()
            return True
        confirmed = next(failure for failure in run.failures if failure.origin == found.origin)
        exploration._believe(confirmed, run, index, strategy.repeatable)
        if session.settings.shrink and confirmed.kind not in ("divergence", "uncontrolled"):
            _make_simple(exploration, session, confirmed, run)
        if found.kind == "uncontrolled":
            return True  # every further run would be held up as long
    return False


def _make_simple(exploration: Exploration[Any], session: Session, failure: Failure, run: Run[Any]) -> None:
    """Show a failure by a simpler run, and with its cause, where they can be found."""
    began = _clock()
    simpler, shown = simplified(session, failure, run)
    exploration._replace(failure, simpler, shown)
    explain(session, shown)
    exploration._explaining += _clock() - began


_EXPLORE = {"strategy": "auto", "keep_going": True}
_CHECK = {"strategy": "auto", "keep_going": False, "shrink": True}


def explore(program: Callable[..., T], /, *args: Any, **settings: Unpack[SettingsDict]) -> Exploration[T]:
    """Run `program(*args)` many times, go on after failures, and return what was found; never raises a failure.

    A KeyboardInterrupt ends it: the exploration so far is returned, with `interrupted` set.

        print(detsched.explore(transfer, runs=1000).report())
    """
    return search(Session.of(program, args, settings, _EXPLORE))


def check(program: Callable[..., T], /, *args: Any, **settings: Unpack[SettingsDict]) -> Exploration[T]:
    """Run `program(*args)` many times and raise the first failure, confirmed and with the report attached.

    Returns the exploration if there is none.

        def test_transfer():
            detsched.check(transfer, runs=200)
    """
    __tracebackhide__ = True
    exploration: Exploration[T] = search(Session.of(program, args, settings, _CHECK))
    exploration.raise_failure()
    return exploration


__all__ = ["Exploration", "check", "check_schedule", "explore", "search"]
