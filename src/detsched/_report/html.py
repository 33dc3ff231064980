"""A run as a picture: one self-contained HTML file that needs no network, with the failing run beside the nearest passing one.

The page is `timeline.html` with the style and the scripts beside it put into it; what it shows is one JSON value. Nothing of the program
gets into the page as markup: the value has its angle brackets and ampersands escaped, and the page shows text as text.
"""

from __future__ import annotations

import html
import json
import linecache
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from .._core.failure import Failure, doing
from .story import Story, brief, clean, place_of, with_block
from .stuck import for_ever

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


@dataclass(frozen=True)
class Shown:
    """One run of a page: its title, its events, the positions to mark, and the failure that it ended in."""

    title: str
    story: Story
    marks: Sequence[int]
    failure: Failure | None = None


def page(verdict: str, why: Sequence[str], report: str, runs: Sequence[Shown]) -> str:
    """The page for one run, or for two side by side. `why` are the sentences below the verdict."""
    value = {"verdict": clean(verdict.replace("\n    ", " ")), "why": list(why), "report": report, "runs": [_run(one) for one in runs]}
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    parts = {"TITLE": html.escape(value["verdict"]), "STYLE": _part(".css"), "SCRIPT": _part("_view.js") + _part(".js"), "DATA": text}  # type: ignore[arg-type]
    return re.sub("@@([A-Z]+)@@", lambda match: parts[match[1]], _part(".html"))


def _part(suffix: str) -> str:
    return resources.files(__package__).joinpath(f"timeline{suffix}").read_text(encoding="utf-8")


def _run(shown: Shown) -> dict[str, Any]:
    story, words, places = shown.story, _Words(), _Places()
    lanes = {label: lane for lane, label in enumerate(story.threads)}
    events, longest = [], 0
    for event in story.events:
        value = clean(event.shows)
        value = f"{event.arrow} {value}" if value else ""
        longest = max(longest, len(" ".join(filter(None, (event.done, brief(event.about), value)))))
        events.append(
            [
                lanes[event.label], words(clean(event.done)), words(brief(event.about)), words(value), words(event.reason),
                places(event.file, event.line), round(event.time, 6), int(event.preempted),
            ]
        )  # fmt: skip
    locks = _Words()
    held = [[lanes[one.label], one.since, one.until, one.depth, locks(one.lock) - 1] for one in story.holdings]
    return {
        "title": shown.title,
        "events": events,
        "longest": longest,
        "threads": _threads(story, words),
        "marks": sorted(shown.marks),
        "arrows": [[before, index] for index, earlier in enumerate(story.arrows) for before in earlier],
        "locks": held,
        "names": _told_apart(locks.all()[1:]),
        "ends": _ends(shown, lanes, words),
        "places": places.all(),
        "words": words.all(),
    }


def _told_apart(names: list[str]) -> list[str]:
    """Names without the places where the objects were made, where that is enough to tell them apart."""
    short = [brief(name) for name in names]
    return [one if short.count(one) == 1 else name for one, name in zip(short, names)]


def _ends(shown: Shown, lanes: dict[str, int], words: _Words) -> list[list[int]]:
    """What a run ended in, line by line: the lane, -1 for none; the last step of that thread before it, -1 for none; the words."""
    failure, story = shown.failure, shown.story
    if failure is None:
        return []
    found = []
    if failure.kind == "deadlock":
        for waiting in for_ever(failure):
            if waiting.label in lanes:
                held = f", held by {clean(waiting.holder)}" if waiting.holder is not None else ""
                does = doing(brief(clean(waiting.operation)), for_ever=True, within=waiting.within)
                said = f"{clean(waiting.thread)} {does}{held} ({clean(str(waiting.location))})"
                found.append([lanes[waiting.label], -1, words(said)])
    elif failure.kind == "livelock":
        length, times = story.cycle
        steps = "the last step" if length == 1 else f"the last {length} steps"
        for waiting in failure.cycle:
            if waiting.label in lanes:
                found.append([lanes[waiting.label], -1, words(f"{clean(waiting.thread)} goes round for ever: {steps}, ×{times:,} so far")])
    if not found:
        label = next((label for label, name in story.threads.items() if failure.thread is not None and name == clean(failure.thread)), None)
        last = max((event.step - 1 for event in story.events if event.label == label), default=-1)
        found.append([-1 if label is None else lanes[label], last, words(clean(str(failure)))])
    return found


class _Places:
    """Each place once: file and line, the line alone, the source, the lines around it, and the place without folders."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], int] = {}
        self._all: list[list[Any]] = []

    def __call__(self, file: str, line: int) -> int:
        number = self._known.get((file, line))
        if number is None:
            number = self._known[file, line] = len(self._all)
            name = clean(f"{file}:{line}") if file else ""
            self._all.append([name, line, with_block(file, line), _around(file, line), place_of(file, line)])
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
                blocked[label].append([index, count, int(wanted[0] == "sleep"), words(brief(wanted[1]))])
        before = labels
    for label, (kind, wanted_words) in left.items():
        # Blocked by its own last step, and for ever: there was no event after it that would have shown it.
        if label in blocked and not any(to >= count for _, to, *_ in blocked[label]) and mine[label]:
            blocked[label].append([mine[label][-1] + 1, count, int(kind == "sleep"), words(brief(wanted_words))])
    return [
        {"name": name, "label": label, "from": born.get(label, 0), "to": count if label in left or not mine[label] else mine[label][-1] + 1, "blocked": blocked[label]}
        for label, name in story.threads.items()
    ]
