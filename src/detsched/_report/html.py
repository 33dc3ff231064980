"""A run as a picture: one self-contained HTML file that needs no network, with the failing run beside the nearest passing one.

The page is `timeline.html`; what it shows is one JSON value in it. Nothing of the program gets into the page as markup: the
value has its angle brackets and ampersands escaped, and the page shows text as text.
"""

from __future__ import annotations

import html
import json
import linecache
from importlib import resources
from typing import Any

from .story import Story, clean

_AROUND = 3
"""Lines of source shown before and after the line of a step."""


class _Words:
    """Every text once; others refer to it by its number."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self._known.setdefault(text, len(self._known))

    def all(self) -> list[str]:
        return list(self._known)


def page(verdict: str, report: str, runs: list[tuple[str, Story, list[int]]]) -> str:
    """The page for one run, or for two side by side: for each a title, its story, and the positions to mark."""
    value = {"verdict": clean(verdict), "report": report, "runs": [_run(title, story, marks) for title, story, marks in runs]}
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    template = resources.files(__package__).joinpath("timeline.html").read_text(encoding="utf-8")
    return template.replace("@@TITLE@@", html.escape(clean(verdict))).replace("@@DATA@@", text)


def _run(title: str, story: Story, marks: list[int]) -> dict[str, Any]:
    words, places = _Words(), _Places()
    lanes = {label: lane for lane, label in enumerate(story.threads)}
    events = [
        [
            lanes[event.label], words(clean(event.done)), words(event.about), words(clean(event.shows)), words(event.reason),
            places(event.file, event.line), round(event.time, 6), int(event.preempted),
        ]
        for event in story.events
    ]  # fmt: skip
    return {
        "title": title,
        "events": events,
        "threads": _threads(story, words),
        "marks": sorted(marks),
        "arrows": [[before, index] for index, earlier in enumerate(story.arrows) for before in earlier],
        "locks": _locks(story, lanes, words),
        "places": places.all(),
        "words": words.all(),
    }


class _Places:
    """Each place once: file and line, the line alone, the source, and the lines around it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], int] = {}
        self._all: list[list[Any]] = []

    def __call__(self, file: str, line: int) -> int:
        number = self._known.get((file, line))
        if number is None:
            number = self._known[file, line] = len(self._all)
            name = clean(f"{file}:{line}") if file else ""
            self._all.append([name, line, clean(linecache.getline(file, line).strip()) if file else "", _around(file, line)])
        return number

    def all(self) -> list[list[Any]]:
        return self._all


def _around(file: str, line: int) -> list[list[Any]]:
    lines = linecache.getlines(file) if file else []
    first, last = max(1, line - _AROUND), min(len(lines), line + _AROUND)
    return [[number, clean(lines[number - 1].rstrip().expandtabs(4))] for number in range(first, last + 1)]


def _threads(story: Story, words: _Words) -> list[dict[str, Any]]:
    """For each thread: its name, from which event to which it was there, and when it was blocked, and on what."""
    count = len(story.events)
    born = {event.other: index + 1 for index, event in enumerate(story.events) if event.kind == "start"}
    mine: dict[str, list[int]] = {label: [] for label in story.threads}
    for index, event in enumerate(story.events):
        mine[event.label].append(index)
    left = story.left
    blocked: dict[str, list[list[int]]] = {label: [] for label in story.threads}
    before: tuple[str, ...] = ()
    for index, labels in (*story.blocked, (count, ())):
        for label in before:
            if label not in labels and label in blocked:
                blocked[label][-1][1] = index
        for label in labels:
            if label not in before and label in blocked:
                following = next((one for one in mine[label] if one >= index), None)
                wanted = left.get(label, ("", "")) if following is None else (story.events[following].kind, story.events[following].words)
                blocked[label].append([index, count, int(wanted[0] == "sleep"), words(wanted[1])])
        before = labels
    for label, (kind, wanted_words) in left.items():
        # Blocked by its own last step, and for ever: there was no event after it that would have shown it.
        if label in blocked and not any(to >= count for _, to, *_ in blocked[label]) and mine[label]:
            blocked[label].append([mine[label][-1] + 1, count, int(kind == "sleep"), words(wanted_words)])
    return [
        {"name": name, "from": born.get(label, 0), "to": count if label in left or not mine[label] else mine[label][-1] + 1, "blocked": blocked[label]}
        for label, name in story.threads.items()
    ]


def _locks(story: Story, lanes: dict[str, int], words: _Words) -> list[list[int]]:
    """For each time that a lock was held: by whom, from when until when, how deep in others, and which lock."""
    held: dict[tuple[str, int], tuple[int, int, str]] = {}
    found: list[list[int]] = []
    for index, event in enumerate((*story.events, None)):
        now = {} if event is None else dict(zip(event.held_keys, event.held))
        for (label, key), (since, depth, name) in list(held.items()):
            if event is None or label == event.label and key not in now:
                found.append([lanes[label], since, _released(story, label, since, index), depth, words(name)])
                del held[label, key]
        if event is not None:
            for depth, (key, name) in enumerate(now.items()):
                if (event.label, key) not in held:
                    held[event.label, key] = _taken(story, event.label, index), depth, name
    return sorted(found)


def _taken(story: Story, label: str, before: int) -> int:
    """The last event of the thread before one: the one that took what it holds there."""
    return next((index for index in range(before - 1, -1, -1) if story.events[index].label == label), 0)


def _released(story: Story, label: str, since: int, before: int) -> int:
    """The last event of the thread in a range: the one that gave back what it held since the beginning of it."""
    last = next((index for index in range(before - 1, since, -1) if story.events[index].label == label), since)
    return last if last > since else before
