"""Reports as text: verdict, how to see it again, whether it was confirmed, the cause, the interleaving, the scope, the rest.

The order is that of use: what is read most comes first. Lines are at most 100 columns wide, except those to be copied.
"""

from __future__ import annotations

import platform
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, get_args

from .._core.failure import Failure, Kind, doing
from . import keep
from .cause import Cause, answers, cause, given_back_too_often
from .story import Event, Pair, Story, block_end, brief, clean
from .stuck import for_ever
from .table import WIDTH, table, wrapped

_GROUNDS = ("deadlock", "livelock")

_REMARKS = 5
"""How many data races and the like a report mentions besides."""
_NO_PAIR = (
    "cause: not among the steps below, for no two of them make the run pass when they change places: look at what the threads share "
    "between the steps where one takes over from another, and makes no step (see granularity)"
)


class ReportedRun(Protocol):
    """What a report wants to know of a run."""

    @property
    def failures(self) -> tuple[Failure, ...]: ...
    @property
    def story(self) -> Story: ...
    @property
    def steps(self) -> int: ...
    @property
    def switches(self) -> int: ...
    @property
    def preemptions(self) -> int: ...
    @property
    def pair(self) -> Pair | None: ...
    @property
    def suspected(self) -> Pair | None: ...
    @property
    def others(self) -> tuple[int, int]: ...
    @property
    def found(self) -> Sequence[str]: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...
    @property
    def races(self) -> Sequence[Any]: ...


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def verdict(failure: Failure, alone: bool = False) -> str:
    """The first line of a report: the kind, and the one fact that matters. `alone`: no grounds follow it."""
    said = clean(str(failure))
    if failure.kind in _GROUNDS or failure.kind == "race" and not alone:
        said = said.partition(": ")[0]  # the rest of it follows below, line by line
    kind = "" if failure.kind == "exception" else f"{failure.kind}: "
    return "\n".join(textwrap.wrap(f"detsched: {kind}{said}", WIDTH, subsequent_indent="    ", break_on_hyphens=False))


def replay_lines(failure: Failure, program: Any) -> list[str]:
    """How to see a failure again: one line to copy."""
    if failure.schedule is None:
        return []
    line = getattr(program, "__detsched_replay__", None)
    if line is not None:
        return [f"replay:  {line(str(failure.schedule))}"]
    name = getattr(program, "__name__", None) or type(program).__name__
    return [f'replay:  detsched.replay({name if name.isidentifier() else "program"}, schedule="{keep.short(failure.schedule)}")']


def run_report(run: ReportedRun, program: Any, environment: str = "") -> str:
    """What is to be said about one run."""
    if not run.failures:
        head = ", ".join((_count(run.steps, "step"), _count(run.switches, "switch", "es"), _count(run.preemptions, "preemption")))
        lines = [f"detsched: passed, {head}", *_remarks(run), "", *_interleaving(run, frozenset(), {}, None)]
    else:
        lines = failure_lines(run, program, run.failures[0])
    if environment:
        lines += ["", environment]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def failure_lines(run: ReportedRun, program: Any, failure: Failure) -> list[str]:
    """A run that failed: verdict, how to see it again, the cause, what happened, what else went wrong in it."""
    failure = _in_names(failure, run.story)
    why = told(run, failure)
    left = {waiting.label: doing(brief(clean(waiting.operation)), for_ever=True, within=waiting.within) for waiting in for_ever(failure)}
    lines = [verdict(failure), *replay_lines(failure, program), *(line for found in run.found for line in wrapped(found, ""))]
    if why.lines:
        lines += ["", *why.lines]
    tried, passed = run.others
    if tried and run.pair is None and failure.kind in ("exception", "deadlock"):
        if not passed:
            lines += ["", f"it failed in all of {tried} other schedules, too: the order of its steps may have no part in it"]
        elif run.switches > 2 and failure.kind == "exception":
            lines += ["", *textwrap.wrap(_NO_PAIR, WIDTH, subsequent_indent="    ")]
    lines += [*_remarks(run), "", *_interleaving(run, why.marked, left, raised(failure, run.story))]
    for other in run.failures:
        if other.origin == failure.origin:
            continue
        lines += ["", *textwrap.wrap(f"also in this run: {clean(str(other))}", WIDTH, subsequent_indent="    ")]
    return lines


def _leaves_block(release: Event, places: list[tuple[str, int]]) -> bool:
    """Whether one of the places is within the block that begins at the line of a release."""
    return any(release.file == file and release.line < line <= block_end(file, release.line) for file, line in places)


def raised(failure: Failure, story: Story) -> tuple[int, str] | None:
    """After how many steps an exception was raised, and which it was; None where its thread cannot be told.

    What its thread released on the way out of a `with` block came later.
    """
    labels = [label for label, name in story.threads.items() if name == clean(failure.thread or "")]
    if failure.kind != "exception" or len(labels) != 1:
        return None
    mine = [event for event in story.events if event.label == labels[0]]
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(failure.exception.__traceback__)]
    while mine and mine[-1].kind == "release" and _leaves_block(mine[-1], places):
        mine.pop()
    what = f"{type(failure.exception).__name__} in {clean(failure.thread or '')} at {clean(str(failure.location))}"
    return (mine[-1].step, what) if mine else None


def _remarks(run: ReportedRun) -> list[str]:
    remarks = [*run.remarks[:_REMARKS], *(given_back_too_often(run.story, run.failures[0]) if run.failures else ())]
    if run.others[0]:
        remarks[:0] = answers(run.story)[:_REMARKS]
    found = [line for remark in remarks for line in wrapped(run.story.said(remark), "")]
    return ["", *found] if found else []


def imprecise(count: int) -> str:
    """What is said of accesses whose object could not be told."""
    return (
        f"{_count(count, 'access', 'es')} told by the instruction alone, for values cannot be looked at on this interpreter: "
        f"no ordering is missed, more than necessary are told apart"
    )


def _in_names(failure: Failure, story: Story) -> Failure:
    """The same failure, with what threads wait for called as in the story."""
    stands, cycle = (tuple(replace(w, operation=story.said(w.operation)) for w in those) for those in (failure.positions, failure.cycle))
    return replace(failure, positions=stands, cycle=cycle)


def told(run: ReportedRun, failure: Failure) -> Cause:
    """The cause of a failure of a run, as far as it is known."""
    racing = next(((race.first.step, race.second.step) for race in run.races if str(failure.exception) == f"data race on {race}"), None)
    failure = _in_names(failure, run.story)
    pair = run.suspected if run.pair is None else run.pair
    return cause(failure, run.story, pair, confirmed=run.pair is not None, racing=racing, alone=len(run.failures) == 1)


def _interleaving(run: ReportedRun, marked: frozenset[int], stuck: dict[str, str], wrong: tuple[int, str] | None) -> list[str]:
    if not run.steps:
        return ["no yield point was reached: nothing of this program was under control"]
    story = run.story
    sizes = (
        _count(len(story.threads), "thread"), _count(run.steps, "step"), _count(run.switches, "switch", "es"),
        _count(run.preemptions, "preemption"),
    )  # fmt: skip
    lines = [f"what happened: {', '.join(sizes)}", "", *table(story, marked, stuck, wrong)]
    return lines


def exploration_report(
    summary: str, failures: Sequence[Failure], first: ReportedRun | None, program: Any, outcomes: Mapping[str, int], environment: str
) -> str:
    """What is to be said about many runs. `first` is the run that the first failure is shown by."""
    lines = []
    for index, failure in enumerate(failures):
        if index == 0 and first is not None:
            lines += [*failure_lines(first, program, failure), "", *_searched(summary)]
        elif index == 0:
            lines += [verdict(failure, alone=True), *replay_lines(failure, program), "", *_searched(summary)]
        else:
            lines += ["", "another failure:", verdict(failure, alone=True).removeprefix("detsched: "), *replay_lines(failure, program)]
    if not failures:
        lines.append(f"detsched: {summary}")
    if len(outcomes) > 1:
        lines += ["", "outcomes:"]
        stuck = [failure for failure in failures if failure.kind in _GROUNDS]
        parts = {" ".join(failure.origin): f"{failure.kind}: {', '.join(failure.origin[1:])}" for failure in stuck}
        for outcome, count in sorted(outcomes.items(), key=lambda item: (-item[1], item[0])):
            said = _came_to(outcome, parts)
            lines.append(f"  {count:>7,} × {textwrap.shorten(clean(said), WIDTH - 14, placeholder='…')}")
    lines += ["", environment]
    return "\n".join(line.rstrip() for line in lines)


def _came_to(outcome: str, failures: Mapping[str, str]) -> str:
    """An outcome in words: what a run returned, or its failures."""
    if outcome.partition(" ")[0] not in get_args(Kind):
        return f"returned {outcome}"
    return "; ".join(failures.get(part, part) for part in outcome.split("; "))


def _searched(summary: str) -> list[str]:
    return textwrap.wrap(f"searched: {summary}", WIDTH, subsequent_indent="    ")


def environment(version: str, changed: Mapping[str, object]) -> str:
    """The last line of a report: versions, and the settings that are not at their defaults."""
    said = "".join(f", {name}={value!r}" for name, value in sorted(changed.items()))
    return "\n".join(textwrap.wrap(clean(f"detsched {version}, Python {platform.python_version()}{said}"), WIDTH, subsequent_indent="    "))
