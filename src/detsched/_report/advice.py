"""What may help against the cause of a failure: it follows from the pattern alone, and is a proposal, for no run has tried it."""

from __future__ import annotations

from types import CodeType

from .._core.failure import WAKES, Failure
from . import stuck
from .story import Event, Story, block_end, brief, clean, place_of, source_line

_LOOKS = ("empty", "full", "qsize")
_AT_ONCE = {"get": ("get_nowait", "Empty"), "put": ("put_nowait", "Full")}
_BLOCKS = ("with ", "for ", "while ")


def proposed(text: str) -> str:
    """An advice as it stands in a report."""
    return f"possible fix, not tested: {text}"


def for_cycle(failure: Failure) -> str:
    """What helps against a cycle of waits."""
    joins = [waiting for waiting in failure.cycle if waiting.operation.startswith("join ")]
    if not joins:
        return "take these locks in one and the same order everywhere, or use one lock instead of them"
    behind = next((other for other in failure.cycle if other.holder_label == joins[0].label), None)
    held = "what the others wait for"
    if behind is not None and not behind.operation.startswith("join "):
        held = brief(clean(behind.operation)).partition(" ")[2]
    return f"{clean(joins[0].thread)} should release {held} before it waits to {brief(clean(joins[0].operation))}"


def by_kind(failure: Failure, story: Story, first: Event, second: Event, back: Event | None) -> str:
    """What helps against the classic mistakes with conditions, events and queues."""
    if second.kind == "wake":
        return (
            f"wait in a loop (`while not …: {_called(second.about)}.wait()`, {second.place}), "
            f"because another thread may have run before the one that was woken"
        )
    if first.within.rpartition(".")[2] in _LOOKS:
        return _without_looking(back)
    if second.kind == "clear":
        return "call clear() before looking at the work, not after it: a set() in between is lost"
    if failure.kind == "deadlock" and (early := next((w for w in failure.positions if stuck.came_too_early(w, story)), None)):
        about = _called(clean(early.operation).removeprefix(WAKES))
        return f"a notification is not kept: set a flag before notifying, and wait with `while not flag: {about}.wait()` (or wait_for)"
    return ""


def _called(about: str) -> str:
    """What the program may call an object: its name without the place where it was made."""
    name = brief(about)
    return name if name.replace(".", "").isidentifier() else "…"


def _without_looking(back: Event | None) -> str:
    call = back.within.rpartition(".")[2] if back is not None else ""
    name, error = next((pair for way, pair in _AT_ONCE.items() if call.startswith(way)), ("", ""))
    if not name:
        return "do not look first: do it, and handle Empty or Full, for others may run between the look and what follows"
    return f"do not look first: call {name}() and handle {error}, for others may run between the look and the call"


def in_order(first: Event, second: Event) -> str:
    """What helps where the order of two steps is all."""
    return (
        f"make sure that {_act(second)} happens before {_act(first)} (join, an Event, a Condition), "
        f"or let the program cope with either order"
    )


def _act(event: Event) -> str:
    return f"{event.thread}'s {event.place}" if event.place else f"{event.thread}'s step {event.step}"


def one_lock(story: Story, first: Event, last: Event, inside: Event, common: set[int]) -> str:
    """Over which lines a lock would have to be held."""
    first, last = whole(story, first, last, common)
    call = common_call(first, last)
    if call is not None and any(code is call[0] for code, _, _ in inside.chain):
        return f"one lock held {_range(first, last)}, by every thread that comes here"
    return f"one lock held {_range(first, last)}, and by {inside.thread} at {inside.place} as well"


def over(story: Story, first: Event, last: Event, common: set[int]) -> str:
    """The lines from the first to the last thing that a call does with something."""
    return _range(*whole(story, first, last, common))


def common_call(first: Event, last: Event) -> tuple[CodeType, int, int] | None:
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
    call = common_call(first, last)
    if call is None:
        return f"from {first.place} to {last.place}"
    code, line, last_line = call
    inside = f"({clean(code.co_name)})"
    if source_line(code.co_filename, last_line).startswith(_BLOCKS) and last.chain[0][0] is code:
        last_line = block_end(code.co_filename, last_line)  # what was taken or looked at there is used inside of the block
    if line == last_line:
        return f"over all of {place_of(code.co_filename, line)} {inside}"
    return f"from {place_of(code.co_filename, line)} to {place_of(code.co_filename, last_line)} {inside}"


def whole(story: Story, first: Event, last: Event, common: set[int]) -> tuple[Event, Event]:
    """From the first to the last step at the same object in the call that two steps belong to."""
    call = common_call(first, last)
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
