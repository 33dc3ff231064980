"""Reports as text: verdict, how to see it again, where the threads stood, and the last events of each thread."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from .._core.failure import Failure, Waiting
from .._core.schedule import INLINE
from .._core.trace import TraceEvent

WIDTH = 100
_LAST = 8
"""Events per thread that a report shows."""


class ReportedRun(Protocol):
    """What a report wants to know of a run."""

    @property
    def failures(self) -> tuple[Failure, ...]: ...
    @property
    def trace(self) -> tuple[TraceEvent, ...]: ...
    @property
    def steps(self) -> int: ...
    @property
    def switches(self) -> int: ...
    @property
    def preemptions(self) -> int: ...
    @property
    def remarks(self) -> tuple[str, ...]: ...


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def verdict(failure: Failure) -> str:
    """The first line of a report: the kind, and the one fact that matters."""
    kind = "" if failure.kind == "exception" else f"{failure.kind}: "
    return f"detsched: {kind}{failure}"


def replay_lines(failure: Failure, program: Any) -> list[str]:
    """How to see a failure again."""
    if failure.schedule is None:
        return []
    token = str(failure.schedule)
    line = getattr(program, "__detsched_replay__", None)
    if line is not None:
        return [f"replay:  {line(token)}"]
    name = getattr(program, "__name__", None) or type(program).__name__
    if len(token) > INLINE:
        return [f"replay:  detsched.replay({name}, schedule=…), the schedule is", token]
    return [f'replay:  detsched.replay({name}, schedule="{token}")']


def run_report(run: ReportedRun, program: Any, confirmed: str | None) -> str:
    """What is to be said about one run."""
    failure = run.failures[0] if run.failures else None
    head = ", ".join((_count(run.steps, "step"), _count(run.switches, "switch", "es"), _count(run.preemptions, "preemption")))
    if failure is None:
        lines = [f"detsched: passed, {head}"]
    else:
        lines = [verdict(failure), *replay_lines(failure, program)]
        if confirmed:
            lines.append(confirmed)
        lines += ["", *_positions(failure), head]
    lines += run.remarks
    lines += ["", *_events(run.trace)]
    for other in run.failures[1:]:
        lines += ["", f"also: {other}"]
    return "\n".join(lines).rstrip()


def exploration_report(
    summary: str, failures: Sequence[Failure], first: str | None, program: Any, outcomes: Mapping[str, int]
) -> str:
    """What is to be said about many runs. `first` is the report of the run that the first failure was confirmed in."""
    lines = [f"detsched: {summary}"]
    for index, failure in enumerate(failures):
        if index == 0 and first is not None:
            lines += ["", first]
        else:
            lines += ["", verdict(failure), *replay_lines(failure, program)]
    if len(outcomes) > 1:
        lines += ["", "outcomes:"]
        for outcome, count in sorted(outcomes.items(), key=lambda item: (-item[1], item[0])):
            lines.append(f"  {count:>7,} × {textwrap.shorten(outcome, WIDTH - 14, placeholder='…')}")
    return "\n".join(lines)


def _positions(failure: Failure) -> list[str]:
    if not failure.positions:
        return []
    lines = []
    if failure.cycle and failure.kind == "deadlock":
        lines += ["the cycle:", *(f"  {waiting}" for waiting in failure.cycle)]
        others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
        lines += ["outside the cycle:", *map(_position, others)] if others else []
    else:
        lines += ["where the threads stood:", *map(_position, failure.positions)]
    return [*lines, ""]


def _position(waiting: Waiting) -> str:
    return f"  {waiting}{' (daemon)' if waiting.daemon else ''}"


def _events(trace: tuple[TraceEvent, ...]) -> list[str]:
    if not trace:
        return ["no yield point was reached: nothing of this program was under control"]
    by_thread: dict[str, list[TraceEvent]] = {}
    for event in trace:
        by_thread.setdefault(event.thread, []).append(event)
    shown = sorted((event for events in by_thread.values() for event in events[-_LAST:]), key=lambda event: event.step)
    left_out = len(trace) - len(shown)
    lines = [f"the last events of each thread ({left_out:,} earlier ones left out):" if left_out else "the events:"]
    names = max(len(event.thread) for event in shown)
    for event in shown:
        place = f"{os.path.basename(event.location.file)}:{event.location.line}" if event.location.file else ""
        said = f"{event.step:>6}  {event.thread:<{names}}  {event.operation} {event.object}".rstrip()
        why = f"   ← {event.reason}" if event.reason else ""
        lines.append(f"{said:<60}  {place}{why}".rstrip())
    return lines
