"""Why a run failed, in the terms of its verdict: what a report says between the verdict and the table."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from types import CodeType

from .._core.failure import Failure, Waiting
from .._core.operation import READ
from .story import LOCKS, Event, Pair, Story, clean, place_of, source_line
from .table import WIDTH, fit, short, with_source

_ENDS_WAITS = {
    "Condition": ("notify",),
    "Event": ("set", "clear"),
    "Lock": ("release",),
    "Semaphore": ("release",),
    "BoundedSemaphore": ("release",),
    "Barrier": ("arrive at", "open", "abort", "reset"),
}
"""By the kind of object that is waited at: the operations that decide whether the wait ends."""

_PRIMITIVES = ("Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier", "MainThread", "thread")
"""Kinds of objects that need no lock around them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a report says about the cause: the lines, and the positions of the rows of the table that they speak of."""

    lines: list[str]
    marked: frozenset[int] = frozenset()
    brief: tuple[str, ...] = ()
    """The same in a few sentences, for where there is no room for lines."""


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
        return Cause(told, brief=_goes_round(story, failure) if failure.kind == "livelock" else _waits(failure))
    lines, marked, brief = _order(story, pair, confirmed, failure)
    if failure.kind == "deadlock":
        return Cause([*told, "", *lines], marked, (*_waits(failure), *brief))
    return Cause([*lines, *(["", *told] if told else [])], marked, brief)


# ---------------------------------------------------------------- the order of two steps


def _order(story: Story, pair: Pair, confirmed: bool, failure: Failure) -> tuple[list[str], frozenset[int], tuple[str, ...]]:
    """The two steps side by side, what they have in common, what the reversal came to, and what would rule it out."""
    first = story.events[pair.first]
    common = story.common(pair)
    key = next((key for key, _ in first.touches if key in common), first.touches[0][0])
    what = story.name_of(key)
    data = story.kind_of(key) not in (*_PRIMITIVES, *LOCKS)
    other = story.threads.get(pair.label, pair.label)
    if pair.second is None:
        head, steps = f"cause: {first.thread} takes {what} before {other} does", [first]
        facts, advice = [], ""
    else:
        second = story.events[pair.second]
        back = _returns(story, pair, common)
        between = _between(story, first, back, common) if back is not None else []
        before = _began(story, first, second, common)
        resumed = _resumed(story, first, second)
        inside, span = second, (first, back or resumed)
        if back is not None and between:
            head = f"cause: {_pattern(what, data, first, between, back, common)}: {other} comes between two steps of {first.thread}"
            steps = [first, *between, back]
        elif before is not None:
            head = f"cause: {_pattern(what, data, before, [first], second, common)}: {first.thread} comes between two steps of {other}"
            steps = [before, first, second]
            inside, span = first, (before, second)
        elif resumed is not None:
            head = f"cause: {other} comes between two steps of {first.thread} that belong together, at {what}"
            steps = [first, second, resumed]
        else:
            head, steps = f"cause: the order of two steps at {what}: {first.thread} comes before {other}", [first, second]
            span = first, None
        facts = _facts(story, span, inside, common, key)
        advice = _by_kind(failure, story, first, second) or _advice(span, inside)
    if failure.kind == "deadlock" and failure.cycle:
        advice = "take these locks in one and the same order everywhere, or one lock in the place of both"
    lines, brief = [*_wrapped(head, ""), *_steps(steps), *facts], [head]
    if confirmed:
        where = f"step {pair.second + 1} before step {pair.first + 1}" if pair.second is not None else f"{other} first"
        brief.append(f"reversed, with {where}, the run passes (done, and replayed)")
    if advice:
        brief.append(f"what would rule it out: {advice}")
    for sentence in brief[1:]:
        lines += _wrapped(sentence, "  ")
    return lines, frozenset(event.step - 1 for event in steps), tuple(brief)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ", break_on_hyphens=False)


def _resumed(story: Story, first: Event, second: Event) -> Event | None:
    """The next step of the first thread after the second step, where a preemption lies between the two."""
    if not any(e.preempted and first.step < e.step <= second.step for e in story.events[first.step - 1 : second.step]):
        return None
    return next((e for e in story.events[second.step :] if e.label == first.label and e.kind != "release"), None)


def _returns(story: Story, pair: Pair, common: set[int]) -> Event | None:
    """The next step of the first thread at the same object, after the second step."""
    assert pair.second is not None
    label = story.events[pair.first].label
    later = (e for e in story.touching(common, label) if e.step - 1 > pair.second and e.kind not in ("release", "wait"))
    return next(later, None)


def _began(story: Story, first: Event, second: Event, common: set[int]) -> Event | None:
    """The step of the second one's thread at the same object before the first step, if it belongs to the same call."""
    earlier = [e for e in story.touching(common, second.label) if e.step < first.step and e.kind not in ("release", "wait")]
    return earlier[-1] if earlier and _common_call(earlier[-1], second) is not None else None


def _between(story: Story, first: Event, back: Event, common: set[int]) -> list[Event]:
    """What the other threads did at the object in between: what they changed, and what each had read just before that."""
    theirs = [e for e in story.touching(common) if e.label != first.label and first.step < e.step < back.step and e.kind != "release"]
    kept = []
    for index, event in enumerate(theirs):
        following = theirs[index + 1] if index + 1 < len(theirs) else None
        if _writes(event, common) or following is not None and following.label == event.label and _writes(following, common):
            kept.append(event)
    return (kept or theirs)[:4]


def _writes(event: Event, common: set[int]) -> bool:
    return any(key in common and mode is not READ for key, mode in event.touches)


def _pattern(what: str, data: bool, first: Event, between: list[Event], back: Event, common: set[int]) -> str:
    if data and not _writes(first, common) and _writes(back, common) and any(_writes(event, common) for event in between):
        return f"lost update of {what}"
    if data and not _writes(first, common) and not _writes(back, common):
        return f"two reads of {what} that do not fit together"
    return f"atomicity violation at {what}"


def _steps(events: list[Event]) -> list[str]:
    events = sorted(events, key=lambda event: event.step)
    names = min(28, max(len(event.thread) for event in events))
    words = min(36, max(len(short(event)) for event in events))
    places = max(len(event.place) for event in events)
    return [
        with_source(f"  ► step {e.step:>3}  {fit(e.thread, names):<{names}}  {fit(short(e), words):<{words}}  {e.place:<{places}}", e)
        for e in events
    ]


def _facts(story: Story, span: tuple[Event, Event | None], inside: Event, common: set[int], key: int) -> list[str]:
    """What does not protect: no lock in common, or one that is given back in between; and the line that both steps belong to."""
    first, last = span
    lines = []
    at_object = last is not None and any(key in common for key, _ in last.touches)
    if story.kind_of(key) in LOCKS:
        if last is not None and at_object:
            free = f"{story.name_of(key)} is free in between: {first.thread} gives it back at {first.place} and takes it again at {last.place}"
            lines += _wrapped(free, "  ")
    elif story.kind_of(key) not in _PRIMITIVES and not set(inside.held_keys) & set(first.held_keys):
        lines += _wrapped(f"no lock is held at both: {_holding(first)}, {_holding(inside)}", "  ")
    call = _common_call(first, last) if last is not None and at_object else None
    if last is not None and call is not None and call[1] == call[2] and call[0] is not first.chain[0][0]:
        place = f"{place_of(call[0].co_filename, call[1])} in {clean(call[0].co_name)}"
        lines += _wrapped(f"steps {first.step} and {last.step} belong to one line, {place}: {source_line(call[0].co_filename, call[1])}", "  ")
    return lines


def _holding(event: Event) -> str:
    return f"{event.thread} holds {', '.join(event.held) if event.held else 'none'}"


def _by_kind(failure: Failure, story: Story, first: Event, second: Event) -> str:
    """What helps against the classic mistakes with conditions and events."""
    if second.kind == "wake":
        return f"after a wait, look again (while …: wait()), for others may come before the thread that was woken ({second.place})"
    if second.kind == "clear":
        return "clear an event before the work that it announces is looked at, not after: what is set in between is lost"
    if failure.kind == "deadlock" and any(waiting.operation.startswith("wake up from") for waiting in failure.positions):
        return "a notification is not kept: set a state before it, and look at the state before and after each wait (while not …: wait())"
    return ""


def _advice(span: tuple[Event, Event | None], inside: Event) -> str:
    first, last = span
    if last is not None:
        return f"one lock held {_range(first, last)}, and by {inside.thread} at {_there(inside, first, last)} as well"
    where = first.place or f"its step {first.step}"
    return (
        f"let {first.thread} wait for {inside.thread} before {where} (join, an Event, a Condition), "
        f"or make the program right in either order"
    )


def _common_call(first: Event, last: Event) -> tuple[CodeType, int, int] | None:
    """The innermost call that both steps are part of: its code, and the lines in it where they are.

    From the outside inwards, up to the first call in which they are on different lines: calls further in are different ones,
    even where the interpreter has used the same memory for them again.
    """
    outer, found = list(reversed(first.chain)), None
    inner = list(reversed(last.chain))
    begin = next((index for index, frame in enumerate(inner) if (frame[0], frame[2]) == (outer[0][0], outer[0][2])), None) if outer else None
    for (code, line, call), (other, last_line, other_call) in zip(outer, inner[begin:] if begin is not None else ()):
        if code is not other or call != other_call:
            break
        found = code, line, last_line
        if line != last_line:
            break
    return found


def _range(first: Event, last: Event) -> str:
    """From where to where."""
    call = _common_call(first, last)
    if call is None:
        return f"from {first.place} to {last.place}"
    code, line, last_line = call
    inside = f"({clean(code.co_name)})"
    if line == last_line:
        return f"over all of {place_of(code.co_filename, line)} {inside}"
    return f"from {place_of(code.co_filename, line)} to {place_of(code.co_filename, last_line)} {inside}"


def _there(second: Event, first: Event, last: Event) -> str:
    """Where the other thread does its part: seen in the same function, if it is in it too."""
    call = _common_call(first, last)
    for code, line, _ in second.chain:
        if call is not None and code is call[0]:
            return place_of(code.co_filename, line)
    return second.place


# ---------------------------------------------------------------- deadlocks


def _deadlock(failure: Failure, story: Story) -> list[str]:
    lines = ["the cycle:"]
    for waiting in failure.cycle:
        holds = _holds_for(waiting, failure, story)
        held_by = f", which {clean(waiting.holder)} {_has(waiting)}" if waiting.holder else ""
        waits = f"waits to {clean(waiting.operation)} at {_at(waiting)}{held_by}"
        if holds:
            lines += [*_wrapped(f"{clean(waiting.thread)} {holds}", "  "), *_wrapped(waits, "      ")]
        else:
            lines += _wrapped(f"{clean(waiting.thread)} {waits}", "  ")
    others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
    if others:
        lines += ["outside the cycle:", *map(_position, others)]
    return lines


def _waits(failure: Failure) -> tuple[str, ...]:
    """The cycle of a deadlock in a sentence; a wait without a cycle in one for each thread, those that only wait for another one last."""
    if failure.kind != "deadlock":
        return ()
    if failure.cycle:
        waits = (f"{w.thread} waits to {w.operation}" + (f", which {w.holder} {_has(w)}" if w.holder else "") for w in failure.cycle)
        return (clean("; ".join(waits)),)
    blocked = sorted((w for w in failure.positions if w.blocked and not w.daemon), key=lambda waiting: waiting.operation.startswith("join "))
    return tuple(clean(str(waiting)) for waiting in blocked)


def _has(waiting: Waiting) -> str:
    return "has to end for" if waiting.operation.startswith("join") else "holds"


def _holds_for(waiting: Waiting, failure: Failure, story: Story) -> str:
    """What this thread holds that the one behind it in the cycle waits for, and where it took it."""
    behind = [other for other in failure.cycle if other.holder_label == waiting.label]
    for other in behind:
        wanted = clean(other.operation).partition(" ")[2]
        for event in reversed(story.events):
            if event.label == waiting.label and event.kind in ("acquire", "try acquire", "wake") and event.about == wanted:
                return f"holds {wanted}, taken at {event.place}"
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
    about = clean(waiting.operation).partition(" ")[2]
    about = about.removeprefix("up from ")
    if waiting.holder is not None:
        return _wrapped(f"{clean(waiting.holder)} has it and does not give it back", "      ")
    kinds = story.kinds_called(about)
    ends = next((ends for kind, ends in _ENDS_WAITS.items() if kind in kinds), ())
    did = [e for e in story.events if e.about == about and e.kind in ends]
    if not ends:
        return []
    began = max((e.step for e in story.events if e.label == waiting.label), default=0)
    helped = [e for e in did if e.kind != "clear"]
    if not helped:
        return _wrapped(f"nobody ever did what could end this wait: {ends[0]}", "      ")
    lines = []
    for event in did[-3:]:
        when = f"before {clean(waiting.thread)} began to wait (step {began})" if event.step < began else f"after step {began}"
        lines += _wrapped(f"{event.thread} did {event.kind} at step {event.step} ({event.place}), {when}", "      ")
    if all(event.step < began for event in helped):
        lines.append("      nobody will do so again, and what was done before the wait began does not count")
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


def _goes_round(story: Story, failure: Failure) -> tuple[str, ...]:
    """A livelock in a sentence."""
    length, times = story.cycle
    if not length:
        return ()
    steps = "; ".join(f"{event.thread} {short(event)} at {event.place}" for event in story.events[-length:][:4])
    return (f"again and again, ×{times:,}: {steps}{'; …' if length > 4 else ''}",)


def _repeats(story: Story, failure: Failure) -> list[str]:
    """The shortest cycle that the run ended in, and how often it went round."""
    length, times = story.cycle
    if not length:
        return ["where the threads stood:", *map(_position, failure.positions)]
    last = story.events[-length:]
    lines = [f"this step repeats, ×{times:,}:" if length == 1 else f"these {length:,} steps repeat, ×{times:,}:"]
    for event in last[:12]:
        lines.append(with_source(f"  {event.thread}  {short(event)}  {event.place}", event))
    if length > 12:
        lines.append(f"  … {length - 12:,} more")
    return lines


# ---------------------------------------------------------------- exceptions


def _stood(failure: Failure) -> list[str]:
    if not failure.positions:
        return []
    return ["where the other threads stood:", *map(_position, failure.positions)]
