"""Why a run failed, in the terms of its verdict: what a report says between the verdict and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .._core.failure import Failure
from .._core.operation import READ, WRITE
from . import stuck
from .advice import by_kind, common_call, for_cycle, in_order, one_lock, over, proposed, whole
from .story import LOCKS, Event, Pair, Story, came_through, clean, place_of, queue_of, source_line
from .story import brief as brief_of
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


def cause(
    failure: Failure, story: Story, pair: Pair | None, confirmed: bool, racing: tuple[int, int] | None = None, alone: bool = False
) -> Cause:
    """The cause of a failure. `pair` are the two steps whose order decides; `confirmed`: a run with them reversed passed.

    `racing` are the two steps of a data race that is the failure; `alone`: it is the only one of its run.
    """
    if failure.kind == "race" and racing is not None:
        return _race(story, *racing, alone)
    if failure.kind == "deadlock" and failure.cycle:
        return _cycle(failure, story, pair, confirmed)
    root = _root(failure, story)
    if failure.kind == "deadlock":
        told = stuck.hang(failure, story)
    elif failure.kind == "livelock":
        told = stuck.livelock(failure, story)
    elif failure.kind == "limit":
        told = stuck.repeats(story, failure)
    else:
        told = stuck.stood(failure) if failure.kind == "exception" else []
    if root is None and pair is None:
        return Cause(told, brief=stuck.goes_round(story) if failure.kind == "livelock" else stuck.waits(failure))
    nothing = Cause([])
    # Beside a cause that is plain, an order that nobody has tried says nothing.
    order = _order(story, pair, confirmed, failure, root is None) if pair is not None and (root is None or confirmed) else nothing
    deadlock = failure.kind == "deadlock"
    blocks = [(root or nothing).lines, *([told, order.lines] if deadlock else [order.lines, told])]
    waits = stuck.waits(failure) if deadlock and root is None else ()
    marked = (root or nothing).marked | order.marked
    return Cause(_apart(blocks), marked, (*waits, *(root or nothing).brief, *order.brief))


def _apart(blocks: list[list[str]]) -> list[str]:
    """Blocks of lines with an empty line between them."""
    return [line for number, block in enumerate(filter(None, blocks)) for line in ([""] if number else []) + block]


def _root(failure: Failure, story: Story) -> Cause | None:
    """A cause that the steps show by themselves, whatever the order of two of them: the order only brings it to light."""
    if failure.kind == "deadlock" and (itself := stuck.holds_itself(failure, story)) is not None:
        waiting, taken = itself
        about = clean(waiting.operation).partition(" ")[2]
        since = f" since {taken.place} (step {taken.step})" if taken is not None else ""
        head = (
            f"cause: {clean(waiting.thread)} waits for {about}, which it holds itself{since}: "
            f"one thread cannot take a Lock twice, unless another one releases it in between; an RLock would allow it"
        )
        steps = [taken] if taken is not None else []
        return Cause([*wrapped(head, ""), *_steps(steps)], frozenset(e.step - 1 for e in steps), (head,))
    found = [too_many for too_many in _given_back_too_often(story) if too_many.beyond] if failure.kind == "exception" else []
    if not found:
        return None
    event, name = found[0].event, story.name_of(found[0].key)
    head = f"likely cause, not tested: {event.thread} releases {name} more often than it took it, and so lets in more than it was made for"
    advice = proposed(f"release it once for each acquire; a BoundedSemaphore would raise at {event.place}")
    return Cause([*wrapped(head, ""), *_steps([event]), *wrapped(advice, "  ")], frozenset((event.step - 1,)), (head, advice))


def answers(story: Story) -> list[str]:
    """Answers of `choose()` that are not the first option. After shrinking, these are the ones that matter."""
    chosen = [event for event in story.events if event.kind == "choose" and not event.done.startswith("choose option 1 of")]
    return [f"an answer of choose() has a part in it: {e.thread} gets {e.done.removeprefix('choose ')} at {e.place} (step {e.step})" for e in chosen]


class _TooMany(NamedTuple):
    """A release of a semaphore by a thread that had released all that it took."""

    event: Event
    key: int
    beyond: bool
    """Whether the semaphore then had more than it began with."""


def _given_back_too_often(story: Story) -> list[_TooMany]:
    """The first release too many of each thread. One that never takes the semaphore may well be a producer."""
    taken: dict[tuple[str, int], int] = {}
    level: dict[int, int] = {}
    found: dict[tuple[str, int], _TooMany] = {}
    for event in story.events:
        for key, mode in event.touches:
            if story.kind_of(key) == "Semaphore":
                one = event.label, key
                more = 1 if event.kind in ("acquire", "try acquire") and mode is not READ else -1 if event.kind == "release" else 0
                taken[one] = taken.get(one, 0) + more
                level[key] = level.get(key, 0) - more
                if taken[one] == -1 and any(e.kind == "acquire" for e in story.touching({key}, event.label)):
                    found.setdefault(one, _TooMany(event, key, level[key] > 0))
    return list(found.values())


def given_back_too_often(story: Story, failure: Failure) -> list[str]:
    """Remarks about semaphores that a thread has released more often than it took them, where that is not told as the cause."""
    found = _given_back_too_often(story)
    if failure.kind == "exception":
        told = next((one for one in found if one.beyond), None)
        found = [one for one in found if one is not told]
    return [
        f"{event.thread} releases {story.name_of(key)} more often than it took it, at {event.place}"
        + (": a BoundedSemaphore would raise there" if beyond else "")
        for event, key, beyond in found
    ]


def _race(story: Story, first: int, second: int, alone: bool) -> Cause:
    """Two accesses that nothing orders."""
    events = [story.events[first - 1], story.events[second - 1]]
    head = "cause: nothing orders these two steps, neither a lock in common nor anything else: they could come the other way round"
    lines = [*wrapped(head, ""), *_steps(events)]
    if events[0].held or events[1].held:
        lines += wrapped(f"no lock is held at both: {_holding(events[0])}, {_holding(events[1])}", "  ")
    if alone:
        lines += wrapped("in this run nothing else went wrong: the race is the failure", "  ")
    mine, theirs = (over(story, event, event, {key for key, _ in event.touches}) for event in events)
    by = "by both threads" if mine == theirs else f"by {events[0].thread}, and {theirs} by {events[1].thread}"
    advice = proposed(f"one lock held {mine} {by}")
    return Cause([*lines, *wrapped(advice, "  ")], frozenset((first - 1, second - 1)), (head, advice))


def _cycle(failure: Failure, story: Story, pair: Pair | None, confirmed: bool) -> Cause:
    """Threads that wait for each other: that is the cause. What led into it is only the order in which they came."""
    marked = frozenset(event.step - 1 for event in stuck.taken_in(failure, story))
    head = f"cause: {stuck.round_trip(failure, story)}"
    brief = [head]
    if pair is not None and confirmed:
        first, other = story.events[pair.first], story.threads.get(pair.label, pair.label)
        if pair.second is None:
            key = next((key for key, _ in first.touches if key in story.common(pair)), first.touches[0][0])
            where = f"if {other} comes to {brief_of(story.name_of(key))} before {first.thread} (step {first.step})"
        else:
            where = f"with step {pair.second + 1} before step {first.step}"
        brief.append(f"not every order leads there: {where}, the run passes (done, and replayed)")
    brief.append(proposed(for_cycle(failure)))
    lines = [*wrapped(head, ""), *stuck.deadlock(failure, story)]
    return Cause([*lines, "", *(line for sentence in brief[1:] for line in wrapped(sentence, ""))], marked, tuple(brief))


# ---------------------------------------------------------------- the order of two steps


def _order(story: Story, pair: Pair, confirmed: bool, failure: Failure, is_cause: bool = True) -> Cause:
    """The two steps side by side, what they have in common, what the reversal came to, and what may help.

    Not `is_cause`: the cause is another, and this order brings it to light.
    """
    first = story.events[pair.first]
    common = story.common(pair)
    key = next((key for key, _ in first.touches if key in common), first.touches[0][0])
    point = first.kind == "line"
    what = _thing(story.name_of(key), first)
    at = "" if point else f" at {what}"
    data = not point and story.kind_of(key) not in (*_PRIMITIVES, *LOCKS)
    other = story.threads.get(pair.label, pair.label)
    if pair.second is None:
        head, steps = f"cause: {first.thread} comes to {what} before {other}", [first]
        facts, advice = [], ""
    else:
        second = story.events[pair.second]
        back = _returns(story, pair, common)
        between = _between(story, first, back, common) if back is not None else []
        before = _began(story, first, second, common)
        resumed = _resumed(story, first, second)
        inside, span = second, (first, back or resumed)
        if point and back is not None:
            head, steps = f"cause: {other} runs between two steps of {first.thread} that belong together", [first, second, back]
        elif back is not None and between:
            last = _delivers(story, first, back, common) if data else back
            head = f"cause: {_pattern(what, data, first, between, back, common)}: {other} runs between two steps of {first.thread}"
            steps = [first, *between, back, *([last] if last is not back else [])]
        elif before is not None:
            head = f"cause: {_pattern(what, data, before, [first], second, common)}: {first.thread} runs between two steps of {other}"
            last = _delivers(story, before, second, common) if data else second
            steps = [before, first, second, *([last] if last is not second else [])]
            inside, span = first, (before, second)
        elif resumed is not None:
            head = f"cause: {other} runs between two steps of {first.thread} that belong together{at and ',' + at}"
            steps = [first, second, resumed]
        else:
            head, steps = f"cause: the order of two steps{at}: {first.thread} comes before {other}", [first, second]
            span = first, None
        facts = _facts(story, span, inside, common, key)
        undone = _undone(story, span) if story.kind_of(key) in LOCKS else None
        if undone is not None:
            mine, theirs, whose = undone
            head = head.replace(at, f" of {brief_of(whose)}, under {what}" if back is not None else f" at {brief_of(whose)}", 1)
            if back is None:
                steps = sorted({*steps, theirs}, key=lambda event: event.step)
                facts += _different_locks(mine, theirs)
        advice = by_kind(failure, story, first, second, back)
        if not advice:
            start, end = span
            advice = one_lock(story, start, end, inside, common) if end is not None else in_order(first, inside)
    if not is_cause:
        head, facts, advice = f"it shows in this order of steps: {head.rpartition(': ')[2].partition(' that belong')[0]}", [], ""
    if not confirmed:
        head = head.replace("cause:", "suspected, not tested:", 1)
    lines, brief = [*wrapped(head, ""), *_steps(steps), *facts], [head]
    if confirmed:
        where = f"step {pair.second + 1} before step {pair.first + 1}" if pair.second is not None else f"{other} first"
        brief.append(f"the other way round, with {where}, the run passes (done, and replayed)")
    else:
        brief.append("check() and `detsched show` test such a thing: they do the run again with steps the other way round")
    if advice:
        brief.append(proposed(advice))
    for sentence in brief[1:]:
        lines += wrapped(sentence, "  ")
    return Cause(lines, frozenset(event.step - 1 for event in steps), tuple(brief))


def _thing(name: str, event: Event) -> str:
    """What two steps meet at: of a queue the queue itself, not the lock inside of it."""
    queue = queue_of(event)
    return queue if queue else name


def _delivers(story: Story, first: Event, back: Event, common: set[int]) -> Event:
    """The last reading of the call that two steps belong to: by that the value of another thread gets out."""
    if _writes(back, common) or not _writes(first, common):
        return back
    last = whole(story, first, back, common)[1]
    return last if not _writes(last, common) else back


def _undone(story: Story, span: tuple[Event, Event | None]) -> tuple[Event, Event, str] | None:
    """What a thread did with data that it comes back to, what another one did with the same data in between, and the name of the data."""
    first, last = span
    if last is None:
        return None
    comes_back = {key for e in story.events[last.step - 1 :] if e.label == first.label for key, _ in e.touches}
    events = story.events[first.step - 1 : last.step]
    for number, mine in enumerate(events, 1):
        for key, mode in mine.touches if mine.label == first.label else ():
            if key in comes_back and story.kind_of(key) not in (*_PRIMITIVES, *LOCKS):
                for theirs in events[number:]:
                    if theirs.label != mine.label and any(one == key and (mode is not how or mode is WRITE) for one, how in theirs.touches):
                        return mine, theirs, story.name_of(key)
    return None


def _different_locks(mine: Event, theirs: Event) -> list[str]:
    if set(mine.held_keys) & set(theirs.held_keys):
        return []
    steps = " and ".join(f"step {event.step} ({short(event)})" for event in (mine, theirs))
    text = f"{steps} have no lock in common: {_holding(mine)}, {_holding(theirs)}"
    return wrapped(text + (": not the same lock" if mine.held and theirs.held else ""), "  ")


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
    return earlier[-1] if earlier and common_call(earlier[-1], second) is not None else None


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


def _said(event: Event) -> str:
    """What was done, in the terms of the program: of what goes on inside of a queue, which method it called."""
    queue = queue_of(event)
    return f"{brief_of(queue)}.{event.within.rpartition('.')[2]}()" if queue else short(event)


def _steps(events: list[Event]) -> list[str]:
    if not events:
        return []
    events = sorted(events, key=lambda event: event.step)
    names = min(28, max(len(event.thread) for event in events))
    words = min(36, max(len(_said(event)) for event in events))
    places = max(len(event.place) for event in events)
    lines: list[str] = []
    told = set()
    for e in events:
        line = f"  ► step {e.step:>3}  {fit(e.thread, names):<{names}}  {fit(_said(e), words):<{words}}  {e.place:<{places}}"
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
            if queue_of(first) and queue_of(last):
                free = f"{_said(first)} and {_said(last)} are two calls: other threads may run between them"
            elif last.kind == "wake":
                free = f"{story.name_of(key)} is free while {first.thread} waits in {brief_of(last.about)}.wait() at {last.place}"
            else:
                again = f"{first.thread} releases it at {given.place} and takes it again at {last.place}"
                free = f"{story.name_of(key)} is free in between: {again}"
            lines += wrapped(free, "  ")
    elif story.kind_of(key) not in _PRIMITIVES and not set(inside.held_keys) & set(first.held_keys):
        none = not (first.held or inside.held or last is not None and last.held)
        held = "at any of these steps" if none else f"at both: {_holding(first)}, {_holding(inside)}"
        lines += wrapped(f"no lock is held {held}", "  ")
    call = common_call(first, last) if last is not None and at_object else None
    if last is not None and call is not None and call[1] == call[2] and call[0] is not first.chain[0][0]:
        place = f"{place_of(call[0].co_filename, call[1])} in {clean(call[0].co_name)}"
        lines += wrapped(f"steps {first.step} and {last.step} belong to one line, {place}: {source_line(call[0].co_filename, call[1])}", "  ")
    return lines


def _holding(event: Event) -> str:
    return f"{event.thread} holds {', '.join(event.held) if event.held else 'none'}"
