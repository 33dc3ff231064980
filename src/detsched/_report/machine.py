"""A run for machines: everything that reports say, as one JSON value. The format has a version; fields are only ever added."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from .._core.failure import Failure
from .story import Event, Story

VERSION = 1


def text(token: str, program: str, failures: Sequence[Failure], story: Story, marks: Collection[int], confirmed: bool) -> str:
    """The JSON text. Steps count from 1, threads go by their labels (0 is the main thread, 2.1 the first one that thread 2 started)."""
    blocked = dict(story.blocked)
    waiting: tuple[str, ...] = ()
    events = []
    for index, event in enumerate(story.events):
        waiting = blocked.get(index, waiting)
        events.append(_event(event, waiting, story.arrows[index]))
    value = {
        "format": "detsched-run",
        "version": VERSION,
        "program": program,
        "schedule": token,
        "failures": [_failure(failure) for failure in failures],
        "threads": story.threads,
        "cause": {"steps": sorted(index + 1 for index in marks), "confirmed": confirmed} if marks else None,
        "events": events,
    }
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _event(event: Event, blocked: tuple[str, ...], after: tuple[int, ...]) -> dict[str, Any]:
    return {
        "step": event.step,
        "thread": event.label,
        "operation": event.done,
        "object": event.about,
        "value": event.shows,
        "reason": event.reason,
        "preemption": event.preempted,
        "file": event.file,
        "line": event.line,
        "function": event.function,
        "time": event.time,
        "holds": list(event.held),
        "blocked": list(blocked),
        "after": [index + 1 for index in after],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "kind": failure.kind,
        "type": type(failure.exception).__qualname__,
        "message": str(failure.exception),
        "thread": failure.thread,
        "file": failure.location.file,
        "line": failure.location.line,
        "origin": list(failure.origin),
        "waiting": [
            {
                "thread": waiting.label, "operation": waiting.operation, "file": waiting.location.file, "line": waiting.location.line,
                "holder": waiting.holder_label, "blocked": waiting.blocked,
            }
            for waiting in failure.positions
        ],
        "cycle": [waiting.label for waiting in failure.cycle],
    }  # fmt: skip
