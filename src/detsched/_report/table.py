"""The interleaving as a table: a column for each thread, time downwards, a row for each event, a reason at every switch."""

from __future__ import annotations

import textwrap
from collections.abc import Collection
from dataclasses import replace

from .story import Event, Story, brief, clean

WIDTH = 100
_UNSAID = 3
"""So few steps are left out without a word: the numbers of the steps show it."""
_SHORT = 40
"""Runs of so many steps are shown as a whole."""
_ROWS = 60
"""Rows that a table has at most: around what matters, or else the last ones."""
_NARROWEST = 18
"""Columns narrower than this are no use: then there is one column with the threads' names beside it."""


def short(event: Event) -> str:
    """What was done, without the place where its object was made: the first row that names it says that."""
    return event.words.replace(event.about, brief(event.about)) if event.about else event.words


def _cell(event: Event, width: int) -> str:
    """What was done, cut to a width; first goes the value."""
    words = short(event)
    return fit(words if len(words) <= width or not event.shows else short(replace(event, shows="")), width)


def fit(text: str, width: int) -> str:
    """Text cut to a width."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def wrapped(text: str, indent: str) -> list[str]:
    """A paragraph in lines, those after the first one set in further."""
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ", break_on_hyphens=False)


def with_source(line: str, event: Event) -> str:
    """A line with as much of the source beside it as there is room for."""
    room = WIDTH - len(line) - 2
    return f"{line}  {fit(event.source, room)}".rstrip() if room >= 12 else fit(line.rstrip(), WIDTH)


def table(
    story: Story, marked: Collection[int] = (), stuck: dict[str, str] | None = None, raised: tuple[int, str] | None = None
) -> list[str]:
    """The lines of the table. `marked` holds the positions of the rows to mark; `stuck` what threads wait for at the end, in words;
    `raised` after how many steps an exception came, and what it was."""
    if not story.events:
        return []
    length, times = story.cycle
    shown = chosen(story, set(marked))
    columns = _columns(story, shown, marked)
    if len(columns) * (_NARROWEST + 2) + 8 + 16 <= WIDTH:
        layout: _Layout = _Columns(columns, story, shown)
    else:
        layout = _List(story)
    lines = layout.head()
    before = -1
    index = 0
    while index < len(shown):
        position = shown[index]
        event = story.events[position]
        if raised is not None and position >= raised[0]:
            lines, raised = [*lines, _wrong(raised[1])], None
        if position > before + _UNSAID + 1:
            lines.append(_left_out(position - before - 1))
        reason = _why_it_goes_on(story, before, position)
        if reason:
            lines.append(_rule(f"switch: {brief(reason)}"))
        before = position
        if event.kind == "start" and layout.folds:
            while index + 1 < len(shown) and shown[index + 1] == before + 1 and _continues(event, story.events[before + 1]):
                index += 1
                before += 1
            started = ", ".join(story.events[one].about or "?" for one in range(position, before + 1))
            lines.append(_starts(event, started, position, before))
        elif event.within and (last := _folded(story, shown, index, set(marked))) > index + 1:
            index, before = last, shown[last]
            lines.append(layout.fold(event, before - position + 1))
        else:
            lines.append(layout.row(event, position in marked))
        index += 1
    left_out = len(story.events) - before - 1
    if left_out and times > 3:
        lines.append(f"        … and so on: {'this step' if length == 1 else f'the last {length:,} steps'} ×{times:,} …")
    elif left_out:
        lines.append(_left_out(left_out))
    if raised is not None:
        lines.append(_wrong(raised[1]))
    lines += [_wrong(f"{story.threads.get(label, label)} {what}") for label, what in (stuck or {}).items()]
    return lines


def _left_out(count: int) -> str:
    return f"        … {count:,} {'step' if count == 1 else 'steps'} left out …"


def _why_it_goes_on(story: Story, before: int, position: int) -> str:
    """Why a step follows that of another thread that is shown before it: the last switch may be among what is left out in between."""
    event = story.events[position]
    if event.reason or before < 0 or story.events[before].label == event.label:
        return event.reason
    return next((one.reason for one in reversed(story.events[before + 1 : position]) if one.reason), "")


def _continues(event: Event, following: Event) -> bool:
    return following.kind == "start" and following.label == event.label and not following.reason


def _folded(story: Story, shown: list[int], index: int, marked: set[int]) -> int:
    """The last of the rows from `index` on that are one call of a library: the same thread, the same line of the program."""
    event = story.events[shown[index]]
    last = index
    while last + 1 < len(shown) and shown[last + 1] == shown[last] + 1 and shown[last] not in marked:
        following = story.events[shown[last + 1]]
        same = following.label == event.label and (following.file, following.line) == (event.file, event.line)
        if not same or following.within != event.within or following.reason or shown[last + 1] in marked or following.kind == "start":
            break
        last += 1
    return last if shown[index] not in marked else index


def _starts(event: Event, started: str, first: int, last: int) -> str:
    steps = f"{first + 1}" if first == last else f"{first + 1}-{last + 1}"
    line = f"{steps:>6}  {event.thread} starts {started}"
    return fit(f"{line}   {event.place}", WIDTH)


def _wrong(text: str) -> str:
    return fit(f"      ✗ {text}", WIDTH)


def _rule(text: str) -> str:
    return fit(f"      ┄ {text}", WIDTH)


def chosen(story: Story, marked: set[int]) -> list[int]:
    """Which events to show: all of a short run; of a longer one those at objects that several threads touch and somebody changes;
    if that is still too much, those around the marked ones and the preemptions, and the last ones.

    Of a cycle that the run ended in, once is enough.
    """
    length, times = story.cycle
    count = len(story.events) - length * (times - 1) if times > 3 else len(story.events)
    if count <= _SHORT:
        return list(range(count))
    shared = story.contended
    wanted = [
        index for index in range(count)
        if index in marked or story.events[index].kind == "start" or any(key in shared for key, _ in story.events[index].touches)
    ]  # fmt: skip
    if len(wanted) <= _ROWS:
        return wanted
    centres = [place for place, index in enumerate(wanted) if index in marked]
    centres = centres or [place for place, index in enumerate(wanted) if story.events[index].preempted][-6:]
    near = set(range(len(wanted) - 8, len(wanted)))
    radius = 1
    while radius <= _ROWS:
        more = near | {place for centre in centres for place in range(centre - radius, centre + radius + 1) if 0 <= place < len(wanted)}
        if len(more) > _ROWS:
            break
        near = more
        radius += 1
    near |= set(centres[:_ROWS])
    return [wanted[place] for place in sorted(near)]


def _columns(story: Story, shown: list[int], marked: Collection[int]) -> list[str]:
    """The labels of the threads that get a column: those that do more than start threads and wait for their end.

    Where there is not room enough for all, the main thread does without if nothing of it is marked.
    """
    active = {story.events[position].label for position in shown if story.events[position].kind not in ("start", "join")}
    if not active:
        active = {story.events[position].label for position in shown}
    labels = [label for label in story.threads if label in active]
    main = next(iter(story.threads))
    longest = max(len(short(story.events[position])) for position in shown)
    narrow = len(labels) * (longest + 2) + 10 + max(len(story.events[position].place) for position in shown) > WIDTH
    if narrow and len(labels) > 2 and not any(story.events[position].label == main for position in marked):
        labels = [label for label in labels if label != main]
    return labels


class _Layout:
    folds = True

    def head(self) -> list[str]:
        raise NotImplementedError

    def row(self, event: Event, marked: bool) -> str:
        raise NotImplementedError

    def fold(self, event: Event, steps: int) -> str:
        """One row for the steps of one call into a library."""
        return self.row(replace(event, done=f"{steps} steps in {clean(event.within)}", about="", shows=""), False)


class _Columns(_Layout):
    """Side by side."""

    def __init__(self, labels: list[str], story: Story, shown: list[int]) -> None:
        self._labels = labels
        self._names = [story.threads[label] for label in labels]
        events = [story.events[position] for position in shown]
        longest = max([len(short(event)) for event in events if event.label in labels] + [len(name) for name in self._names])
        self._place = max([len(event.place) for event in events])
        room = (WIDTH - 10 - self._place) // len(labels) - 2
        self._width = max(_NARROWEST, min(longest, room, 44))

    def head(self) -> list[str]:
        names = "  ".join(f"{fit(name, self._width):<{self._width}}" for name in self._names)
        return [f"  step  {names}".rstrip(), f"  ────  {'  '.join('─' * self._width for _ in self._names)}"]

    def row(self, event: Event, marked: bool) -> str:
        mark = "►" if marked else " "
        if event.label not in self._labels:
            return fit(f"{mark}{event.step:>5}  {event.thread} {'joins' if event.kind == 'join' else event.done} {event.about}   {event.place}", WIDTH)
        cells = [_cell(event, self._width) if label == event.label else "" for label in self._labels]
        line = f"{mark}{event.step:>5}  " + "  ".join(f"{cell:<{self._width}}" for cell in cells)
        return with_source(f"{line}  {event.place:<{self._place}}", event)


class _List(_Layout):
    """For more threads than there is room for: the thread's name in a column of its own."""

    def __init__(self, story: Story) -> None:
        self._name = min(20, max(len(name) for name in story.threads.values()))

    def head(self) -> list[str]:
        return [f"  step  {'thread':<{self._name}}  {'what it did':<36}  where", f"  ────  {'─' * self._name}  {'─' * 36}  {'─' * 20}"]

    def row(self, event: Event, marked: bool) -> str:
        mark = "►" if marked else " "
        line = f"{mark}{event.step:>5}  {fit(event.thread, self._name):<{self._name}}  {_cell(event, 36):<36}  {event.place:<14}"
        return with_source(line, event)
