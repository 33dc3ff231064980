"""Shrinking: a simpler schedule with the same failure.

Simpler is, in this order: fewer preemptions, fewer switches, fewer events, answers of `choose()` nearer to the first option.
What is shown is always a run that was done, and that failed with the same origin; a change of the plan is a proposal.

The proposals, again and again until none is taken:

1. the same events in an equivalent order with fewer switches (independent events commute; see `precedence.fewer_switches`);
2. without some of the preemptions: all, a half, a quarter … (delta debugging, Zeller and Hildebrandt 2002), then each one by
   letting the thread go on, as far as its next turn went, or by leaving out either turn beside it;
3. without some of the turns, likewise;
4. with smaller answers.

At the end a search by preemption bound (Musuvathi and Qadeer 2007) from none up to one less than the best: where it ends
within what is left of the budget, the number of preemptions is the smallest there is.

The effort is bounded by runs and by steps, so that the same failure shrinks to the same schedule on every machine. Only a program
that is so slow that nobody would wait for that many runs is bounded by time, and the report says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .._core.log import Log
from .._core.precedence import fewer_switches
from .._core.schedule import Schedule
from ..strategies import Turn
from ..strategies.guided import Alternatives, Guided, Plan, turns
from .session import Done, Session

RUNS = 200
"""The most runs that one failure may take."""
STEPS = 600_000
"""The most events in these runs together. A fifth of them for failures that are endless: most runs take all the steps there are."""
SECONDS = 20.0
"""Real seconds after which no further run begins."""
_SLACK = 1_000
"""A proposal may take twice as many events as the best so far, and so many more: a plan may lead into a loop."""

_clock = time.perf_counter
Score = tuple[int, int, int, tuple[int, ...]]


@dataclass(frozen=True)
class Shrunk:
    """What shrinking came to: the schedule, and what it took."""

    schedule: Schedule
    runs: int
    passed: int
    """How many of these runs did not fail at all."""
    before: Score
    after: Score
    hurried: bool = False
    """Whether it was cut short because the runs took too long."""

    def __str__(self) -> str:
        runs = f"{self.runs:,} run{'' if self.runs == 1 else 's'}"
        short = f", cut short after {SECONDS:.0f} s: there may be a simpler one" if self.hurried else ""
        if self.before == self.after:
            return f"nothing simpler was found in {runs.replace(' ', ' more ')}{short}"
        return f"shrunk from {_size(self.before)} to {_figures(self.after)}, in {runs}{short}"


def _figures(score: Score) -> str:
    preemptions, switches, steps, _ = score
    return f"{steps:,}, {switches:,} and {preemptions:,}"


def _size(score: Score) -> str:
    preemptions, switches, steps, _ = score
    words = ((steps, "step", "steps"), (switches, "switch", "switches"), (preemptions, "preemption", "preemptions"))
    return ", ".join(f"{number:,} {one if number == 1 else many}" for number, one, many in words)


@dataclass(frozen=True)
class _Attempt:
    """A run that failed as wanted."""

    done: Done
    plan: Plan
    score: Score
    preempted: tuple[int, ...]


class _Exhausted(Exception):
    """The budget is used up."""


class Shrinker:
    """Shrinks one failure of one program."""

    def __init__(self, session: Session, origin: tuple[str, ...]) -> None:
        self._session = session
        self._origin = origin
        self._endless = origin[0] in ("limit", "livelock")
        self._seen: set[Plan] = set()
        self._steps = 0
        self._left: set[str] = set()
        """Who could have gone on when the failure was judged a livelock, and was no part of it."""
        self._began = _clock()
        self._hurried = False
        self.runs = self.passed = 0
        self.best: _Attempt | None = None
        self._length = 0

    def shrink(self, done: Done) -> Shrunk | None:
        """The simplest failing schedule found; None if the failure does not come again even by its own plan."""
        self._schedule = done.schedule()
        self._length = len(done.execution.log)
        self._try(Plan.of(done.execution.log))
        if self.best is None:
            return None
        before = self.best.score
        try:
            self._improve()
            self._search_below()
        except _Exhausted:
            pass
        return Shrunk(self.best.done.schedule(), self.runs, self.passed, before, self.best.score, self._hurried)

    def _improve(self) -> None:
        while True:
            score = self._best.score
            self._reorder()
            self._without(self._preempted_turns, _go_on)
            self._one_by_one(self._preempted_turns)
            self._without(self._all_turns, _leave_out)
            self._one_by_one(self._all_turns)
            self._smaller_answers()
            if self._best.score == score:
                return

    # ------------------------------------------------------------------ runs

    def _try(self, plan: Plan, notes: Alternatives | None = None) -> Log:
        """Run a plan, and keep it if it fails in the same way and is simpler than what is known. What was done in the run."""
        if self.runs >= RUNS or self._steps >= (STEPS // 5 if self._endless else STEPS):
            raise _Exhausted
        if _clock() - self._began >= SECONDS:
            self._hurried = True
            raise _Exhausted
        most = self._session.settings.max_steps
        if not self._endless:
            longest = 2 * self._length + _SLACK
            most = longest if most is None else min(most, longest)
        strategy = Guided(plan, self._schedule, most, notes)
        done = self._session.run(strategy, Turn(0, self._session.settings.seed))
        log = done.execution.log
        self.runs += 1
        self._steps += len(log)
        self._seen.add(plan)
        self.passed += not done.failures
        origins = {failure.origin for failure in done.failures}
        if self._origin in origins and (self._endless or ("limit",) not in origins) and self._as_fair(done):
            score = score_of(done, strategy)
            if self.best is None or score < self.best.score:
                executed = Plan.of(log)
                self._seen.add(executed)
                self._length = len(log)
                self.best = _Attempt(done, executed, score, tuple(strategy.preempted))
        return log

    def _as_fair(self, done: Done) -> bool:
        """Whether a livelock leaves nobody waiting for a turn who was not left so from the beginning: a thread that waits for another
        one in a loop is none of the program's faults where only the plan keeps that one back."""
        left = {
            waiting.label for failure in done.failures if failure.kind == "livelock"
            for waiting in failure.positions if not waiting.blocked and waiting not in failure.cycle
        }  # fmt: skip
        if self.best is None:
            self._left = left
        return left <= self._left

    def _propose(self, plan: Plan) -> bool:
        """Try a plan that was not tried before; whether it is the best now."""
        if plan in self._seen:
            return False
        best = self.best
        self._try(plan)
        return self.best is not best

    # ------------------------------------------------------------------ proposals

    @property
    def _best(self) -> _Attempt:
        assert self.best is not None
        return self.best

    def _reorder(self) -> None:
        best = self._best
        labels = [thread.label for thread in fewer_switches(best.done.execution.log)]
        self._propose(Plan(turns(labels), best.plan.answers))

    def _preempted_turns(self) -> list[int]:
        """Which turns of the best run ended by a preemption."""
        cuts = set(self._best.preempted)
        found, events, done = [], 0, dict[str, int]()
        for index, (label, until) in enumerate(self._best.plan.turns):
            assert until is not None
            events += until - done.get(label, 0)
            done[label] = until
            if events in cuts:
                found.append(index)
        return found

    def _all_turns(self) -> Sequence[int]:
        return range(len(self._best.plan.turns))

    def _without(self, what: Callable[[], Sequence[int]], propose: Callable[[Plan, frozenset[int], Sequence[int]], Plan]) -> None:
        """Delta debugging over turns: leave away as many as possible at once, from the last one backwards."""
        chunk = len(what())
        while chunk > 1:
            end = len(what())
            while end > 0:
                indices = what()
                end = min(end, len(indices))
                start = max(0, end - chunk)
                if start < end:
                    self._propose(propose(self._best.plan, frozenset(indices[start:end]), indices))
                end = start
            chunk //= 2

    def _one_by_one(self, what: Callable[[], Sequence[int]]) -> None:
        """One turn after the other, from the last one backwards."""
        index = len(self._best.plan.turns)
        while earlier := [one for one in what() if one < index]:
            index = earlier[-1]
            for proposal in _at(self._best.plan, index):
                if self._propose(proposal):
                    break

    def _smaller_answers(self) -> None:
        answers = self._best.plan.answers
        if not any(any(given) for _, given in answers):
            return
        self._propose(Plan(self._best.plan.turns, tuple((label, (0,) * len(given)) for label, given in answers)))
        for number, (label, given) in enumerate(answers):
            for position in range(len(given)):
                for smaller in self._below(number, position):
                    if self._propose(smaller):
                        break

    def _below(self, number: int, position: int) -> Iterator[Plan]:
        answers = self._best.plan.answers
        if number >= len(answers) or position >= len(answers[number][1]):
            return
        label, given = answers[number]
        for value in range(given[position]):
            changed = (label, (*given[:position], value, *given[position + 1 :]))
            yield Plan(self._best.plan.turns, (*answers[:number], changed, *answers[number + 1 :]))

    # ------------------------------------------------------------------ the search by preemption bound

    def _search_below(self) -> None:
        """Every run with no preemption, then with one, … as long as that would be fewer than the best has."""
        level = [(Plan((), self._best.plan.answers), -1)]
        bound = 0
        while level and bound < self._best.score[0]:
            following: list[tuple[Plan, int]] = []
            for plan, forced in level:
                notes = Alternatives()
                executed = Plan.of(self._try(plan, notes=notes))
                for index, preempts, others in notes.points:
                    if index > forced:  # earlier points are the affair of the run that this one was made from
                        branches = [(_instead(executed, index, label), index) for label in others]
                        (following if preempts else level).extend(branches)
            level, bound = following, bound + 1


def score_of(done: Done, strategy: Guided) -> Score:
    """How simple a run is: less is simpler."""
    log = done.execution.log
    return len(strategy.preempted), log.switches, len(log), tuple(done.execution.values)


def _go_on(plan: Plan, indices: frozenset[int], cuts: Iterable[int]) -> Plan:
    """Without these preemptions: each of these turns lasts until its thread comes to the next one that is kept, or cannot go on."""
    kept = frozenset(cuts) - indices
    following: dict[str, int | None] = {}
    found: list[tuple[str, int | None]] = []
    for index in range(len(plan.turns) - 1, -1, -1):
        label, until = plan.turns[index]
        if index in kept:
            following[label] = until
        found.append((label, following.get(label) if index in indices else until))
    return Plan(tuple(reversed(found)), plan.answers)


def _leave_out(plan: Plan, indices: frozenset[int], among: Iterable[int] = ()) -> Plan:
    """Without these turns: what was done in them is done in the next turn of the same thread."""
    return Plan(tuple(turn for index, turn in enumerate(plan.turns) if index not in indices), plan.answers)


def _at(plan: Plan, index: int) -> Iterator[Plan]:
    """What could be simpler about one turn: left out, as long as possible, or as long as its thread's next one lasts."""
    yield _leave_out(plan, frozenset((index,)))
    yield _go_on(plan, frozenset((index,)), ())
    given = plan.turns
    label = given[index][0]
    for later in range(index + 1, len(given)):
        if given[later][0] == label:
            merged = (*given[:index], (label, given[later][1]), *given[index + 1 : later], *given[later + 1 :])
            yield Plan(merged, plan.answers)
            break
    if index + 1 < len(given):
        yield Plan((*given[:index], given[index + 1], given[index], *given[index + 2 :]), plan.answers)


def _instead(plan: Plan, index: int, label: str) -> Plan:
    """The first events of a run, and then the turn of another thread."""
    prefix: list[tuple[str, int | None]] = []
    done: dict[str, int] = {}
    left = index
    for turn, until in plan.turns:
        assert until is not None
        count = min(left, until - done.get(turn, 0))
        if count:
            done[turn] = done.get(turn, 0) + count
            prefix.append((turn, done[turn]))
            left -= count
        if not left:
            break
    return Plan((*prefix, (label, None)), plan.answers)


__all__ = ["Shrinker", "Shrunk"]
