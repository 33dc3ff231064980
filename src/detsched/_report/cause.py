"""Why a run failed, in the terms of its verdict: what a report says between the verdict and the table."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from .._core.failure import Failure, Waiting
from .._core.operation import READ
from .story import Event, Pair, Story, clean, source_line
from .table import WIDTH, fit

_ENDS_WAITS = {
    "wake": ("notify",),
    "woken": ("set",),
    "acquire": ("release",),
    "leave": ("arrive at", "open", "abort", "reset"),
    "arrive at": ("arrive at", "abort", "reset"),
}
"""By the operation that waits: those that could end the wait."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a report says about the cause: the lines, and the positions of the rows of the table that they speak of."""

    lines: list[str]
    marked: frozenset[int] = frozenset()


def cause(failure: Failure, story: Story, pair: Pair | None, confirmed: bool) -> Cause:
    """The cause of a failure. `pair` are the two steps whose order decides; `confirmed`: a run with them reversed passed."""
    if failure.kind == "deadlock":
        told = _deadlock(failure, story) if failure.cycle else _hang(failure, story)
    elif failure.kind == "livelock":
        told = _livelock(failure, story)
    elif failure.kind == "limit":
        told = _repeats(story, failure)
    elif failure.kind == "exception":
        told = _stood(failure)
    else:
        told = []
    if pair is None:
        return Cause(told)
    lines, marked = _order(story, pair, confirmed, failure)
    if failure.kind == "deadlock":
        return Cause([*told, "", *lines], marked)
    return Cause([*lines, *(["", *told] if told else [])], marked)


# ---------------------------------------------------------------- the order of two steps


def _order(story: Story, pair: Pair, confirmed: bool, failure: Failure) -> tuple[list[str], frozenset[int]]:
    """The two steps side by side, what they have in common, and what the reversal came to."""
    first = story.events[pair.first]
    common = story.common(pair)
    what = story.name_of(min(common)) if common else ""
    end = len(story.events) if pair.second is None else pair.second
    mine = [e for e in story.touching(common, first.label) if e.step - 1 > end and e.kind not in ("release", "wait")]
    theirs = [e for e in story.touching(common) if e.label != first.label and pair.first < e.step - 1]
    other = story.threads.get(pair.label, pair.label)
    marked = {pair.first}
    lines = []
    if pair.second is None:
        lines += [f"cause: {first.thread} takes {_bare(what)} before {other} does", *_steps([first])]
    else:
        second = story.events[pair.second]
        marked.add(pair.second)
        back = mine[0] if mine else None
        between = [e for e in theirs if back is not None and e.step < back.step and e.kind != "release"]
        if back is not None and between:
            marked.add(back.step - 1)
            marked.update(e.step - 1 for e in between)
            name = _pattern(first, between, back, common)
            lines.append(f"cause: {name} of {_bare(what)}: {other} comes between two steps of {first.thread}")
            lines += _steps([first, *between[:4], back])
        else:
            lines.append(f"cause: the order of two steps at {_bare(what)}: {first.thread} comes before {other}")
            lines += _steps([first, second])
        if not story.is_lock(min(common, default=0)):
            shared = [name for key, name in zip(first.held_keys, first.held) if key in second.held_keys]
            if not shared:
                lines.append(f"  no lock is held at both: {_holding(first)}, {_holding(second)}")
        elif back is not None and between:
            lines.append(f"  {_bare(what)} is free in between: {_sections(first, back)}")
    if confirmed:
        where = f"step {pair.second + 1} before step {pair.first + 1}" if pair.second is not None else f"{other} first"
        lines.append(f"  reversed, with {where}, the run passes (done, and replayed)")
    advice = _advice(failure, story, pair, first, mine)
    if advice:
        lines += textwrap.wrap(f"what would rule it out: {advice}", WIDTH - 2, initial_indent="  ", subsequent_indent="    ")
    return lines, frozenset(marked)


def _pattern(first: Event, between: list[Event], back: Event, common: set[int]) -> str:
    def writes(event: Event) -> bool:
        return any(key in common and mode is not READ for key, mode in event.touches)

    if first.done not in ("read", "write"):
        return "atomicity violation"
    if not writes(first) and writes(back):
        return "lost update" if any(map(writes, between)) else "atomicity violation"
    if not writes(first) and not writes(back):
        return "two reads that do not fit"
    return "atomicity violation"


def _steps(events: list[Event]) -> list[str]:
    names = max(len(event.thread) for event in events)
    words = min(44, max(len(event.words) for event in events))
    return [
        fit(f"  ► step {e.step:>3}  {e.thread:<{names}}  {fit(e.words, words):<{words}}  {e.place}  {e.source}".rstrip(), WIDTH)
        for e in sorted(events, key=lambda event: event.step)
    ]


def _bare(name: str) -> str:
    return name or "what both touch"


def _holding(event: Event) -> str:
    held = ", ".join(event.held) if event.held else "nothing"
    return f"{event.thread} holds {held}"


def _sections(first: Event, back: Event) -> str:
    return f"{first.thread} gives it back after {first.place}, and takes it again at {back.place}"


def _advice(failure: Failure, story: Story, pair: Pair, first: Event, mine: list[Event]) -> str:
    if failure.kind == "deadlock" and failure.cycle:
        return "take these locks in one and the same order everywhere, or one lock in the place of both"
    if pair.second is None:
        return ""
    second = story.events[pair.second]
    if mine and first.place and mine[0].place:
        lines = first.place if first.place == mine[0].place else f"{first.place} to {mine[0].place}"
        return f"one lock held from the first step to the last ({lines}), and taken at {second.place} as well"
    if second.place and first.place:
        return f"let {second.thread} wait for what {first.place} does, or the other way round: nothing orders the two"
    return ""


# ---------------------------------------------------------------- deadlocks


def _deadlock(failure: Failure, story: Story) -> list[str]:
    lines = ["the cycle:"]
    for waiting in failure.cycle:
        lines += textwrap.wrap(
            f"{clean(waiting.thread)} {_holds_for(waiting, failure, story)}waits to {clean(waiting.operation)} at {_at(waiting)}"
            + (f", which {clean(waiting.holder)} {_has(waiting)}" if waiting.holder else ""),
            WIDTH - 2, initial_indent="  ", subsequent_indent="      ",
        )  # fmt: skip
    others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
    if others:
        lines += ["outside the cycle:", *map(_position, others)]
    return lines


def _has(waiting: Waiting) -> str:
    return "has to end for" if waiting.operation.startswith("join") else "holds"


def _holds_for(waiting: Waiting, failure: Failure, story: Story) -> str:
    """What this thread holds that the one behind it in the cycle waits for, and where it took it."""
    behind = [other for other in failure.cycle if other.holder_label == waiting.label]
    for other in behind:
        wanted = clean(other.operation).partition(" ")[2]
        for event in reversed(story.events):
            if event.label == waiting.label and event.kind in ("acquire", "try acquire", "wake") and event.about == wanted:
                return f"holds {wanted}, taken at {event.place}, and "
    return ""


def _at(waiting: Waiting) -> str:
    place = clean(str(waiting.location))
    source = source_line(waiting.location.file, waiting.location.line)
    return f"{place} [{fit(source, 40)}]" if source else place


def _position(waiting: Waiting) -> str:
    held = f" (held by {clean(waiting.holder)})" if waiting.holder is not None else ""
    verb = "waits to" if waiting.blocked else "is about to"
    daemon = " (daemon)" if waiting.daemon else ""
    return fit(f"  {clean(waiting.thread)} {verb} {clean(waiting.operation)} at {_at(waiting)}{held}{daemon}", WIDTH)


def _hang(failure: Failure, story: Story) -> list[str]:
    lines = []
    for waiting in failure.positions:
        if not waiting.blocked or waiting.daemon:
            lines += ["also there:", _position(waiting)] if not waiting.blocked else [_position(waiting)]
            continue
        lines.append(_position(waiting))
        lines += _who_could(waiting, story)
    return ["no cycle: each waits for what nobody will do any more", *lines]


def _who_could(waiting: Waiting, story: Story) -> list[str]:
    """Who did what would have ended the wait, and when; or that nobody ever did."""
    word, _, about = clean(waiting.operation).partition(" ")
    kind = "wake" if word == "wake" else word
    about = about.removeprefix("up from ") if word == "wake" else about
    if kind == "join":
        return []
    ends = _ENDS_WAITS.get(kind, ())
    began = max((e.step for e in story.events if e.label == waiting.label), default=0)
    did = [e for e in story.events if e.about == about and e.kind in ends and e.label != waiting.label]
    if waiting.holder is not None:
        who = clean(waiting.holder)
        return [f"      {who} holds it and does not give it back any more" if who.endswith("(ended)") else f"      {who} holds it"]
    if not did:
        return [f"      nobody ever did {' or '.join(ends)} there"] if ends else []
    early = [e for e in did if e.step < began]
    lines = []
    for event in did[-2:]:
        when = f"before {clean(waiting.thread)} began to wait (step {began})" if event in early else f"after step {began}"
        lines.append(fit(f"      {event.thread} did {event.kind} at step {event.step} ({event.place}), {when}", WIDTH))
    if early and len(early) == len(did):
        lines.append("      nobody does so again: what was done before the wait began is forgotten")
    return lines


# ---------------------------------------------------------------- livelocks and limits


def _livelock(failure: Failure, story: Story) -> list[str]:
    lines = _repeats(story, failure)
    others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
    blocked = [waiting for waiting in others if waiting.blocked]
    if blocked:
        lines += ["who could end it, and cannot go on:", *map(_position, blocked)]
    elif not others:
        lines.append("nobody else is there who could end it")
    else:
        lines += ["who else is there:", *map(_position, others)]
    return lines


def _repeats(story: Story, failure: Failure) -> list[str]:
    """The shortest cycle that the run ended in, and how often it went round."""
    keys = [(e.label, e.done, e.about, e.file, e.line) for e in story.events]
    length, times = _period(keys)
    if not length:
        return ["where the threads stood:", *map(_position, failure.positions)]
    last = story.events[-length:]
    lines = [f"the last {length:,} {'step repeats' if length == 1 else 'steps repeat'}, ×{times:,}:" if times > 1 else "the last steps:"]
    for event in last[:12]:
        lines.append(fit(f"  {event.thread}  {event.words}  {event.place}  {event.source}".rstrip(), WIDTH))
    if length > 12:
        lines.append(f"  … {length - 12:,} more")
    return lines


def _period(keys: list[tuple[str, str, str, str, int]]) -> tuple[int, int]:
    """The length of the shortest cycle at the end of a list, and how often it comes in a row; (0, 0): none."""
    count = len(keys)
    for length in range(1, min(200, count // 2) + 1):
        times = 1
        while (times + 1) * length <= count and keys[count - (times + 1) * length : count - times * length] == keys[count - length :]:
            times += 1
        if times >= 3:
            return length, times
    return 0, 0


# ---------------------------------------------------------------- exceptions


def _stood(failure: Failure) -> list[str]:
    if not failure.positions:
        return []
    return ["where the other threads stood:", *map(_position, failure.positions)]


def repeated(story: Story) -> tuple[int, int]:
    """The cycle that a run ended in: its length and how often it went round; (0, 0) where there is none."""
    return _period([(e.label, e.done, e.about, e.file, e.line) for e in story.events])
