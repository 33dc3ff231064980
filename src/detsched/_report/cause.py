"""Why a run failed, in the terms of its verdict: what a report says between the verdict and the table."""

from __future__ import annotations

from dataclasses import dataclass
from types import CodeType

from .._core.failure import Failure
from .._core.operation import READ
from . import stuck
from .story import LOCKS, Event, Pair, Story, came_through, clean, place_of, source_line
from .table import WIDTH, fit, short, with_source, wrapped

_PRIMITIVES = ("Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier", "MainThread", "thread")
"""Kinds of objects that need no lock around them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What a report says about the cause: the lines, and the positions of the rows of the table that they speak of."""

    lines: list[str]
    marked: frozenset[int] = frozenset()
    brief: tuple[str, ...] = ()
    """The same in a few sentences, for where there is no room for lines."""


def cause(failure: Failure, story: Story, pair: Pair | None, confirmed: bool, racing: tuple[int, int] | None = None) -> Cause:
    """The cause of a failure. `pair` are the two steps whose order decides; `confirmed`: a run with them reversed passed.

    `racing` are the two steps of a data race that is the failure.
    """
    if failure.kind == "deadlock":
        told = stuck.deadlock(failure, story) if failure.cycle else stuck.hang(failure, story)
    elif failure.kind == "livelock":
        told = stuck.livelock(failure, story)
    elif failure.kind == "limit":
        told = stuck.repeats(story, failure)
    elif failure.kind == "exception":
        told = stuck.stood(failure)
    else:
        told = []
    if failure.kind == "race" and racing is not None:
        return _race(story, *racing)
    if pair is None:
        return Cause(told, brief=stuck.goes_round(story) if failure.kind == "livelock" else stuck.waits(failure))
    lines, marked, brief = _order(story, pair, confirmed, failure)
    if failure.kind == "deadlock":
        return Cause([*told, "", *lines], marked, (*stuck.waits(failure), *brief))
    return Cause([*lines, *(["", *told] if told else [])], marked, brief)


def answers(story: Story) -> list[str]:
    """Answers of `choose()` that are not the first option. After shrinking, these are the ones that matter."""
    chosen = [event for event in story.events if event.kind == "choose" and not event.done.startswith("choose option 1 of")]
    return [f"an answer of choose() has a part in it: {e.thread} gets {e.done.removeprefix('choose ')} at {e.place} (step {e.step})" for e in chosen]


def given_back_too_often(story: Story) -> list[str]:
    """Semaphores that a thread has given back more often than it took them. One that never takes them may well be a producer."""
    taken: dict[tuple[str, int], int] = {}
    found: dict[tuple[str, int], str] = {}
    for event in story.events:
        for key, mode in event.touches:
            if story.kind_of(key) == "Semaphore":
                one = event.label, key
                taken[one] = taken.get(one, 0) + (1 if event.kind in ("acquire", "try acquire") and mode is not READ else -1 if event.kind == "release" else 0)
                if taken[one] == -1 and any(e.kind == "acquire" for e in story.touching({key}, event.label)):
                    said = f"{event.thread} gives {story.name_of(key)} back more often than it took it, at {event.place}"
                    found.setdefault(one, f"{said}: a BoundedSemaphore would raise there")
    return list(found.values())


def _race(story: Story, first: int, second: int) -> Cause:
    """Two accesses that nothing orders."""
    events = [story.events[first - 1], story.events[second - 1]]
    head = "cause: nothing orders these two steps, neither a lock in common nor anything else: they could come the other way round"
    lines = [*wrapped(head, ""), *_steps(events)]
    held = f": {_holding(events[0])}, {_holding(events[1])}" if events[0].held or events[1].held else ""
    advice = f"what would rule it out: one lock held at both{held}"
    return Cause([*lines, *wrapped(advice, "  ")], frozenset((first - 1, second - 1)), (head, advice))


# ---------------------------------------------------------------- the order of two steps


def _order(story: Story, pair: Pair, confirmed: bool, failure: Failure) -> tuple[list[str], frozenset[int], tuple[str, ...]]:
    """The two steps side by side, what they have in common, what the reversal came to, and what would rule it out."""
    first = story.events[pair.first]
    common = story.common(pair)
    key = next((key for key, _ in first.touches if key in common), first.touches[0][0])
    point = first.kind == "line"
    what = story.name_of(key)
    at = "" if point else f" at {what}"
    data = not point and story.kind_of(key) not in (*_PRIMITIVES, *LOCKS)
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
        if point and back is not None:
            head, steps = f"cause: {other} comes between two steps of {first.thread} that belong together", [first, second, back]
        elif back is not None and between:
            head = f"cause: {_pattern(what, data, first, between, back, common)}: {other} comes between two steps of {first.thread}"
            steps = [first, *between, back]
        elif before is not None:
            head = f"cause: {_pattern(what, data, before, [first], second, common)}: {first.thread} comes between two steps of {other}"
            steps = [before, first, second]
            inside, span = first, (before, second)
        elif resumed is not None:
            head = f"cause: {other} comes between two steps of {first.thread} that belong together{at and ',' + at}"
            steps = [first, second, resumed]
        else:
            head, steps = f"cause: the order of two steps{at}: {first.thread} comes before {other}", [first, second]
            span = first, None
        facts = _facts(story, span, inside, common, key)
        advice = _by_kind(failure, story, first, second) or _advice(story, span, inside, common)
    if failure.kind == "deadlock" and failure.cycle:
        advice = "take these locks in one and the same order everywhere, or one lock in the place of both"
    if not confirmed:
        head = head.replace("cause:", "suspected, not tested:", 1)
    lines, brief = [*wrapped(head, ""), *_steps(steps), *facts], [head]
    if confirmed:
        where = f"step {pair.second + 1} before step {pair.first + 1}" if pair.second is not None else f"{other} first"
        brief.append(f"the other way round, with {where}, the run passes (done, and replayed)")
    else:
        brief.append("check() and `detsched show` test such a thing: they do the run again with steps the other way round")
    if advice:
        brief.append(f"what would rule it out: {advice}")
    for sentence in brief[1:]:
        lines += wrapped(sentence, "  ")
    return lines, frozenset(event.step - 1 for event in steps), tuple(brief)


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
    lines: list[str] = []
    told = set()
    for e in events:
        line = f"  ► step {e.step:>3}  {fit(e.thread, names):<{names}}  {fit(short(e), words):<{words}}  {e.place:<{places}}"
        lines.append(with_source(line, e))
        path = came_through(e)
        if path and path not in told:
            whole = f"{'':>14}{path}"
            while len(whole) > WIDTH and ", from " in whole:
                whole = whole.rpartition(", from ")[0]
            lines.append(fit(whole, WIDTH))
        told.add(path)
    return lines


def _facts(story: Story, span: tuple[Event, Event | None], inside: Event, common: set[int], key: int) -> list[str]:
    """What does not protect: no lock in common, or one that is given back in between; and the line that both steps belong to."""
    first, last = span
    lines = []
    at_object = last is not None and any(key in common for key, _ in last.touches)
    if first.kind == "line":
        pass
    elif story.kind_of(key) in LOCKS:
        if last is not None and at_object:
            given = next((e for e in story.touching({key}, first.label) if e.step > first.step and e.kind in ("release", "wait")), first)
            free = f"{story.name_of(key)} is free in between: {first.thread} gives it back at {given.place} and takes it again at {last.place}"
            lines += wrapped(free, "  ")
    elif story.kind_of(key) not in _PRIMITIVES and not set(inside.held_keys) & set(first.held_keys):
        none = not (first.held or inside.held or last is not None and last.held)
        held = "at any of these steps" if none else f"at both: {_holding(first)}, {_holding(inside)}"
        lines += wrapped(f"no lock is held {held}", "  ")
    call = _common_call(first, last) if last is not None and at_object else None
    if last is not None and call is not None and call[1] == call[2] and call[0] is not first.chain[0][0]:
        place = f"{place_of(call[0].co_filename, call[1])} in {clean(call[0].co_name)}"
        lines += wrapped(f"steps {first.step} and {last.step} belong to one line, {place}: {source_line(call[0].co_filename, call[1])}", "  ")
    return lines


def _holding(event: Event) -> str:
    return f"{event.thread} holds {', '.join(event.held) if event.held else 'none'}"


def _by_kind(failure: Failure, story: Story, first: Event, second: Event) -> str:
    """What helps against the classic mistakes with conditions and events."""
    if second.kind == "wake":
        return f"after a wait, look again (while …: wait()), for others may come before the thread that was woken ({second.place})"
    if first.within.rpartition(".")[2] in ("empty", "full", "qsize"):
        return "do not look first: get_nowait() (or put_nowait()), and handle Empty (or Full), for others come between the look and what follows"
    if second.kind == "clear":
        return "clear an event before the work that it announces is looked at, not after: what is set in between is lost"
    if failure.kind == "deadlock" and any(stuck.came_too_early(waiting, story) for waiting in failure.positions):
        return "a notification is not kept: set a state before it, and look at the state before and after each wait (while not …: wait())"
    return ""


def _advice(story: Story, span: tuple[Event, Event | None], inside: Event, common: set[int]) -> str:
    first, last = span
    if last is not None:
        first, last = _whole(story, first, last, common)
        call = _common_call(first, last)
        if call is not None and any(code is call[0] for code, _, _ in inside.chain):
            return f"one lock held {_range(first, last)}, whichever thread is there"
        return f"one lock held {_range(first, last)}, and by {inside.thread} at {inside.place} as well"
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


def _whole(story: Story, first: Event, last: Event, common: set[int]) -> tuple[Event, Event]:
    """From the first to the last step at the same object in the call that two steps belong to."""
    call = _common_call(first, last)
    if call is None:
        return first, last
    frame = next((code, number) for code, _, number in first.chain if code is call[0])
    mine = [event for event in story.events if event.label == first.label]
    inside = [any((code, number) == frame for code, _, number in event.chain) for event in mine]
    begin, end = mine.index(first), mine.index(last)
    while begin and inside[begin - 1]:
        begin -= 1
    while end + 1 < len(mine) and inside[end + 1]:
        end += 1
    touching = [event for event in mine[begin : end + 1] if event.kind != "release" and any(key in common for key, _ in event.touches)]
    return min(touching, key=lambda e: e.step, default=first), max((*touching, last), key=lambda e: e.step)
