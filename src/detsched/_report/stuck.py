"""Why a run did not end, or could not: cycles of waits, waits that nobody ends, steps that repeat; and where the threads stood."""

from __future__ import annotations

from collections.abc import Iterable

from .._core.failure import WAKES, Failure, Waiting, doing
from .story import Event, Story, brief, clean, queue_of, source_line, stands_in
from .table import fit, short, with_source, wrapped

_ENDS_WAITS = {
    "Condition": ("notify",),
    "Event": ("set", "clear"),
    "Lock": ("release",),
    "Semaphore": ("release",),
    "BoundedSemaphore": ("release",),
    "Barrier": ("arrive at", "open", "abort", "reset"),
}
"""By the kind of object that is waited at: the operations that decide whether the wait ends."""


def for_ever(failure: Failure) -> list[Waiting]:
    """The threads that a deadlock leaves waiting; of daemons only those that are part of it, or that somebody waits for."""
    if failure.kind != "deadlock":
        return []
    awaited = {waiting.operation for waiting in failure.positions}
    return [w for w in failure.positions if w.blocked and (not w.daemon or w in failure.cycle or f"join {w.thread}" in awaited)]


def deadlock(failure: Failure, story: Story) -> list[str]:
    """The cycle, thread by thread, and who waits outside of it."""
    lines: list[str] = []
    for waiting in failure.cycle:
        taken = _taken_for(waiting, failure, story)
        held_by = f", which {clean(waiting.holder)} {_has(waiting)}" if waiting.holder else ""
        waits = f"{doing(clean(waiting.operation), within=waiting.within)} at {_at(waiting)}{held_by}"
        if taken is not None:
            lines += [*wrapped(f"{clean(waiting.thread)} holds {taken.about}, taken at {taken.place}", "  "), *wrapped(waits, "      ")]
        else:
            lines += wrapped(f"{clean(waiting.thread)} {waits}", "  ")
        lines += _through(waiting)
    others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
    if others:
        lines += ["outside the cycle:", *_positions(others)]
    return lines


def taken_in(failure: Failure, story: Story) -> list[Event]:
    """For each lock of a cycle the step in which it was taken."""
    return [event for waiting in failure.cycle if (event := _taken_for(waiting, failure, story)) is not None]


def round_trip(failure: Failure, story: Story) -> str:
    """A cycle in one sentence: in which order each of its threads takes what it needs."""
    parts = []
    for waiting in failure.cycle:
        taken, wants = _taken_for(waiting, failure, story), brief(clean(waiting.operation))
        if taken is None:
            parts.append(f"{clean(waiting.thread)} {doing(wants, within=waiting.within)}")
        elif wants.startswith("acquire "):
            parts.append(f"{clean(waiting.thread)} takes {brief(taken.about)}, then {wants.removeprefix('acquire ')}")
        else:
            parts.append(f"{clean(waiting.thread)} holds {brief(taken.about)} and {doing(wants, within=waiting.within)}")
    return f"each waits for the next one: {'; '.join(parts)}"


def waits(failure: Failure) -> tuple[str, ...]:
    """The cycle of a deadlock in a sentence; a wait without a cycle in one for each thread, those that only wait for another one last."""
    if failure.kind != "deadlock":
        return ()
    if failure.cycle:
        held = (f", which {w.holder} {_has(w)}" if w.holder else "" for w in failure.cycle)
        return (clean("; ".join(f"{w.thread} {doing(w.operation, within=w.within)}{by}" for w, by in zip(failure.cycle, held))),)
    return tuple(clean(str(waiting)) for waiting in sorted(for_ever(failure), key=_follows))


def _follows(waiting: Waiting) -> bool:
    """Whether a thread only waits for the end of another one."""
    return waiting.operation.startswith("join ")


def _has(waiting: Waiting) -> str:
    return "has to end for" if waiting.operation.startswith("join") else "holds"


def _taken_for(waiting: Waiting, failure: Failure, story: Story) -> Event | None:
    """The step in which this thread took what the one behind it in the cycle waits for."""
    behind = [other for other in failure.cycle if other.holder_label == waiting.label]
    for other in behind:
        wanted = clean(other.operation).partition(" ")[2]
        for event in reversed(story.events):
            if event.label == waiting.label and event.kind in ("acquire", "try acquire", "wake") and event.about == wanted:
                return event
    return None


def holds_itself(failure: Failure, story: Story) -> tuple[Waiting, Event | None] | None:
    """A thread that waits for a lock that it holds itself, and the step in which it took it."""
    for waiting in for_ever(failure):
        if waiting.holder_label == waiting.label:
            about = clean(waiting.operation).partition(" ")[2]
            mine = [event for event in story.events if event.label == waiting.label]
            return waiting, next((e for e in reversed(mine) if e.kind in ("acquire", "try acquire") and e.about == about), None)
    return None


def _at(waiting: Waiting) -> str:
    place = clean(str(waiting.location))
    source = source_line(waiting.location.file, waiting.location.line)
    return f"{place} [{fit(source, 40)}]" if source else place


def _through(waiting: Waiting) -> list[str]:
    """Through which calls it came there, except where it only waits for the end of another thread."""
    path = "" if _follows(waiting) else stands_in(waiting)
    return wrapped(path, "      ") if path else []


def _positions(those: Iterable[Waiting]) -> list[str]:
    return [line for waiting in those for line in _position(waiting)]


def _position(waiting: Waiting) -> list[str]:
    held = f" (held by {clean(waiting.holder)})" if waiting.holder is not None else ""
    operation = clean(waiting.operation)
    does = doing(operation, within=waiting.within) if waiting.blocked else f"is about to {operation}"
    daemon = " (daemon)" if waiting.daemon else ""
    return wrapped(f"{clean(waiting.thread)} {does} at {_at(waiting)}{held}{daemon}", "  ")


def hang(failure: Failure, story: Story) -> list[str]:
    lines = []
    left = for_ever(failure)
    for waiting in sorted(failure.positions, key=_follows):
        if waiting not in left:
            lines += ["also there:", *_position(waiting)] if not waiting.blocked else _position(waiting)
            continue
        lines += [*_position(waiting), *_through(waiting), *_who_could(waiting, story)]
    return ["who waits, and what for:" if holds_itself(failure, story) else "nobody is left who could end these waits:", *lines]


def _who_could(waiting: Waiting, story: Story) -> list[str]:
    """Who did what would have ended the wait, and when; or that nobody ever did."""
    about = clean(waiting.operation).partition(" ")[2].removeprefix("up from ")
    if waiting.holder_label == waiting.label:
        return []  # that is the cause, and stands above
    if waiting.holder is not None:
        name, ended, _ = clean(waiting.holder).rpartition(" (ended)")
        return wrapped(f"{name} ended, and did not release it" if ended else f"{clean(waiting.holder)} has it and does not release it", "      ")
    kinds = story.kinds_called(about)
    ends = next((ends for kind, ends in _ENDS_WAITS.items() if kind in kinds), ())
    did = [e for e in story.events if e.about == about and e.kind in ends]
    if not ends:
        return []
    if "Barrier" in kinds:
        there = [story.threads[label] for label, (_, words) in story.left.items() if words == clean(waiting.operation)]
        return wrapped(f"{', '.join(there)} came to it, and nobody is left who would come as well", "      ")
    began = max((e.step for e in story.events if e.label == waiting.label), default=0)
    helped = [e for e in did if e.kind != "clear"]
    if not helped:
        return wrapped(_never(ends[0], about, story, waiting.label), "      ")
    lines = []
    for event in did[-3:]:
        when = f"before {clean(waiting.thread)} began to wait (step {began})" if event.step < began else f"after step {began}"
        lines += wrapped(f"{event.thread} called {_call(event)}() at step {event.step} ({event.place}), {when}", "      ")
    cleared = next((e for e in reversed(did) if e.kind == "clear" and e.step > helped[-1].step), None)
    if cleared is not None:
        said = f"so it was set, but {cleared.thread} cleared it again at step {cleared.step}, and nobody is left who would set it"
        lines += wrapped(said, "      ")
    elif all(event.step < began for event in helped) and "Condition" in kinds:
        lines += wrapped("a notification reaches only those who wait already, and nobody is left who would notify again", "      ")
    return lines


def _call(event: Event) -> str:
    """The method that an operation is from."""
    if event.kind == "notify" and "notify_all(" in event.source:
        return "notify_all"
    return event.kind


def _never(ends: str, about: str, story: Story, label: str) -> str:
    """That nothing was ever done that would have ended a wait; for the conditions of a queue, in terms of the queue."""
    name, _, rest = about.partition(" (")
    queue, _, condition = name.partition(".not_")
    last = next((event for event in reversed(story.events) if event.label == label), None)
    if last is None or not queue_of(last):
        condition = ""
    where = f"{queue}{condition.removeprefix('empty').removeprefix('full')}" + (f" ({rest}" if rest else "")
    if condition.startswith("empty"):
        return f"nothing was ever put into {where}"
    if condition.startswith("full"):
        return f"nothing was ever taken out of {where}"
    return f"nobody ever called {ends}() on {about}"


def livelock(failure: Failure, story: Story) -> list[str]:
    lines = repeats(story, failure)
    others = [waiting for waiting in failure.positions if waiting not in failure.cycle]
    blocked = [waiting for waiting in others if waiting.blocked]
    if blocked:
        lines += ["who could end it, and cannot go on:", *_positions(blocked)]
    elif not others:
        lines.append("nobody else is there who could end it")
    else:
        lines += ["who else is there:", *_positions(others)]
    return lines


def goes_round(story: Story) -> tuple[str, ...]:
    """A livelock in a sentence."""
    length, times = story.cycle
    if not length:
        return ()
    steps = "; ".join(f"{event.thread} {short(event)} at {event.place}" for event in story.events[-length:][:4])
    return (f"again and again, ×{times:,}: {steps}{'; …' if length > 4 else ''}",)


def repeats(story: Story, failure: Failure) -> list[str]:
    """The shortest cycle that the run ended in, and how often it went round."""
    length, times = story.cycle
    if not length:
        return ["where the threads stood:", *_positions(failure.positions)]
    last = story.events[-length:]
    lines = [f"this step repeats, ×{times:,}:" if length == 1 else f"these {length:,} steps repeat, ×{times:,}:"]
    for event in last[:12]:
        lines.append(with_source(f"  {event.thread}  {short(event)}  {event.place}", event))
    if length > 12:
        lines.append(f"  … {length - 12:,} more")
    return lines


def stood(failure: Failure) -> list[str]:
    if not failure.positions:
        return []
    return ["where the other threads stood:", *_positions(failure.positions)]


def came_too_early(waiting: Waiting, story: Story) -> bool:
    """Whether a thread waits for a notification that came before it began to wait."""
    if not waiting.operation.startswith(WAKES):
        return False
    about = clean(waiting.operation).removeprefix(WAKES)
    began = max((event.step for event in story.events if event.label == waiting.label), default=0)
    return any(event.kind == "notify" and event.about == about and event.step < began for event in story.events)
