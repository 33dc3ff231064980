"""Schedules that are too long for a line go into a file, which also holds each step in words."""

from __future__ import annotations

import os
import re
import zlib

from .._core.schedule import Schedule

FOLDER = ".detsched"
"""Where such files go, below the current folder."""


def saved(schedule: Schedule) -> str | None:
    """The path of a file that holds the schedule; None where none can be written. Equal schedules have one file."""
    token = str(schedule)
    name = re.sub(r"[^\w.-]", "_", schedule.program)
    path = os.path.join(FOLDER, f"{name}-{zlib.crc32(token.encode()):08x}.json")
    try:
        os.makedirs(FOLDER, exist_ok=True)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(schedule.to_json())
    except OSError:
        return None
    return path
