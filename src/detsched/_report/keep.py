"""Schedules that are too long for a line go into a file, which also holds each step in words."""

from __future__ import annotations

import os
import re
import zlib

from .._core.schedule import INLINE, Schedule

FOLDER = ".detsched"
"""Where such files go, below the current folder."""


def short(schedule: Schedule) -> str:
    """How to write a schedule in a line: its token, or the "@path" of a file where that is long and a file can be written."""
    token = str(schedule)
    path = saved(schedule) if len(token) > INLINE else None
    return token if path is None else f"@{path}"


def saved(schedule: Schedule) -> str | None:
    """The path of a file that holds the schedule; None where none can be written. Equal schedules have one file."""
    token = str(schedule)
    name = re.sub(r"[^\w.-]", "_", schedule.program)
    path = os.path.join(FOLDER, f"{name}-{zlib.crc32(token.encode()):08x}.json")
    try:
        if not os.path.isdir(FOLDER):
            os.makedirs(FOLDER)
            with open(os.path.join(FOLDER, ".gitignore"), "w", encoding="utf-8") as file:
                file.write("*\n")
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(schedule.to_json())
    except OSError:
        return None
    return path
