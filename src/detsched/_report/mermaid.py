"""A run as a Mermaid sequence diagram, to paste into an issue or a page that shows such diagrams."""

from __future__ import annotations

from collections.abc import Collection

from .._core.failure import Failure, doing
from .story import Event, Story, brief, clean
from .stuck import for_ever
from .table import chosen, short

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._-()[]/=,:'?!→←…")


def escaped(text: str) -> str:
    """Text that Mermaid shows as it is: everything else than plain characters as a numbered entity."""
    return "".join(c if c in _PLAIN or ord(c) > 0xA0 else f"#{ord(c)};" for c in text)


def diagram(story: Story, marks: Collection[int], failure: Failure | None = None) -> str:
    """The diagram: a participant for each thread, a note for each step, a message along each arrow from thread to thread.

    Below the steps of a deadlock stands who waits for what, below those of other failures what it was.
    """
    ids = {label: f"t{number}" for number, label in enumerate(story.threads)}
    lines = ["sequenceDiagram", *(f"    participant {ids[label]} as {escaped(name)}" for label, name in story.threads.items())]
    shown = chosen(story, set(marks))
    before = -1
    for index in shown:
        event = story.events[index]
        if index != before + 1:
            lines.append(f"    Note over {ids[event.label]}: … {index - before - 1} steps left out …")
        before = index
        for earlier in story.arrows[index]:
            if earlier in shown and story.events[earlier].kind != "start":
                lines.append(f"    {ids[story.events[earlier].label]}-->>{ids[event.label]}: {escaped(_thing(event, story.events[earlier]))}")
        if event.kind == "start" and event.other in ids:
            lines.append(f"    {ids[event.label]}->>{ids[event.other]}: {event.step} start")
            continue
        note = f"    Note over {ids[event.label]}: {event.step} {escaped(short(event))}" + (f"<br/>{escaped(event.place)}" if event.place else "")
        if event.preempted:
            lines.append(f"    Note over {ids[story.events[index - 1].label]}: preempted")
        lines += ["    rect rgba(255, 190, 70, 0.35)", f"    {note}", "    end"] if index in marks else [note]
    return "\n".join([*lines, *_ends(story, ids, failure)]) + "\n"


def _ends(story: Story, ids: dict[str, str], failure: Failure | None) -> list[str]:
    if failure is None or not ids:
        return []
    waits = [waiting for waiting in for_ever(failure) if waiting.label in ids]
    if waits:
        said = {one.label: doing(brief(clean(one.operation)), for_ever=True, within=one.within) for one in waits}
        return [f"    Note over {ids[label]}: {escaped(words)}" for label, words in said.items()]
    everybody = ",".join(dict.fromkeys((next(iter(ids.values())), [*ids.values()][-1])))
    return [f"    Note over {everybody}: {escaped(clean(str(failure)))}"]


def _thing(event: Event, earlier: Event) -> str:
    """What an arrow is about."""
    return event.about if event.about == earlier.about else "join" if event.kind == "join" else event.about
