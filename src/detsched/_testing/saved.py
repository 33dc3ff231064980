"""Saved failures: the schedules that made a test fail are tried first when it runs again.

One folder, `.detsched`, with a text file for each test that has failed lately, and a `.gitignore` of its own. A line is a
token, how often it has passed since, and what it led to:

    ds1~sync~test_transfer-05d1~0:2,1,0,2:2,1~~Zy0… 0 AssertionError in MainThread at test_bank.py:36: money was made

Files are replaced as a whole, so that processes which test side by side never see half of one.
"""

from __future__ import annotations

import os
import re
import tempfile
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._core.failure import Failure
from .._core.schedule import INLINE, Schedule
from .._search.explore import Exploration, Pin, search
from .._search.run import check_schedule
from .._search.session import Session
from ..errors import DetschedError, InvalidSchedule
from ..settings import Settings

_HEAD = "# detsched: schedules that made a test fail. They are tried first when it runs again. Safe to delete.\n# test: "
_PASSES = 10
"""How many times in a row a saved schedule may pass before it is dropped."""
_MOST = 10
"""How many schedules are kept for one test."""
_counted: set[str] = set()
"""The tests whose passes were counted in this process: a test may explore many times, as under Hypothesis."""
_complained: set[str] = set()


@dataclass(frozen=True)
class _Entry:
    schedule: Schedule
    passes: int
    what: str

    def __str__(self) -> str:
        return f"{self.schedule} {self.passes} {self.what}"


class Saved:
    """The saved failures of one test. `test` is its name: equal for the same test in every process and checkout."""

    def __init__(self, settings: Settings, root: str, test: str) -> None:
        self._folder = None if settings.database is None else os.path.join(root, os.fspath(settings.database))
        self._write = settings.save
        self._test = test
        words = re.sub(r"\W+", "-", test).strip("-")[-60:].strip("-")
        self._name = f"{words}-{zlib.crc32(test.encode()):08x}"
        self._entries = self._load()

    def _load(self) -> list[_Entry]:
        if self._folder is None:
            return []
        path = os.path.join(self._folder, self._name + ".txt")
        try:
            with open(path, encoding="utf-8") as file:
                return [_entry(line) for line in file if line.strip() and not line.startswith("#")]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            warnings.warn(f"saved failures are ignored, for {path} cannot be read: {error}", stacklevel=2)
            return []

    def pins(self, session: Session) -> list[Pin]:
        """What is to be tried first, as far as it is of this program."""
        found = []
        for entry in self._entries:
            try:
                found.append(Pin(check_schedule(session, entry.schedule, {}), "a saved schedule"))
            except DetschedError:
                pass  # of a program that has another name by now
        return found

    def update(self, pins: Sequence[Pin], failures: Sequence[Failure]) -> None:
        """Take in what came of the saved schedules, and which failures were confirmed."""
        if any(failure.kind in ("divergence", "uncontrolled") for failure in failures):
            return  # nothing that this program does can be believed
        # A failure without a single event fails under any schedule.
        new = [failure for failure in failures if failure.schedule is not None and len(failure.schedule)]
        came = {pin.schedule: pin for pin in pins if pin.tried}
        kept = []
        for entry in self._entries:
            pin = came.get(entry.schedule)
            if pin is None:
                kept.append(entry)
            elif not pin.failed and entry.passes + 1 < _PASSES:
                kept.append(replace(entry, passes=entry.passes + (self._test not in _counted)))
        if came:
            _counted.add(self._test)
        found = [_Entry(failure.schedule, 0, _one_line(failure)) for failure in new if failure.schedule is not None]
        whats = {entry.what for entry in found}
        entries = [*found, *(entry for entry in kept if entry.what not in whats)][:_MOST]
        if entries != self._entries:
            self._entries = entries
            self._store()
            self._tidy()

    def _store(self) -> None:
        name = self._name + ".txt"
        if not self._entries:
            if self._write and self._folder is not None:
                try:
                    os.remove(os.path.join(self._folder, name))
                except OSError:
                    pass
            return
        self._put(name, "".join((_HEAD, self._test, "\n", *(f"{entry}\n" for entry in self._entries))))

    def keep(self, schedule: Schedule) -> str:
        """How to write the schedule on a command line: its token, or the "@path" of a file where that is long."""
        token = str(schedule)
        if len(token) <= INLINE:
            return token
        name = self._json_name(schedule)
        path = os.path.join(self._folder or "", name)
        return "@" + os.path.relpath(path) if os.path.exists(path) or self._put(name, schedule.to_json()) else token

    def _json_name(self, schedule: Schedule) -> str:
        return f"{self._name}-{zlib.crc32(str(schedule).encode()):08x}.json"

    def _tidy(self) -> None:
        """Remove the files of long schedules that are no longer among the saved ones."""
        kept = {self._json_name(entry.schedule) for entry in self._entries}
        try:
            for name in os.listdir(self._folder) if self._write else ():
                if name.startswith(f"{self._name}-") and name.endswith(".json") and name not in kept:
                    os.remove(os.path.join(self._folder or "", name))
        except OSError:
            pass

    def _put(self, name: str, text: str) -> bool:
        """Write a file of the folder as a whole. Whether it is there."""
        folder = self._folder
        if folder is None or not self._write:
            return False
        try:
            os.makedirs(folder, exist_ok=True)
            ignore = os.path.join(folder, ".gitignore")
            if not os.path.exists(ignore):
                _replace(ignore, "*\n")
            _replace(os.path.join(folder, name), text)
        except OSError as error:
            if folder not in _complained:
                _complained.add(folder)
                warnings.warn(f"failures are not saved, for {folder} cannot be written to: {error}. Say database=None, or name another folder", stacklevel=2)
            return False
        return True


def _replace(path: str, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".", suffix=".tmp")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _entry(line: str) -> _Entry:
    words = line.split(None, 2)
    if len(words) < 2 or not words[1].isdecimal() or words[0].startswith("@"):
        raise InvalidSchedule(f"the line {line.strip()[:60]!r} is no token with a number behind it")
    return _Entry(Schedule.parse(words[0]), int(words[1]), words[2].strip() if len(words) > 2 else "")


def _one_line(failure: Failure) -> str:
    return " ".join(str(failure).split())[:200]


def search_with_saved(session: Session, examples: Sequence[Schedule], saved: Saved) -> Exploration[Any]:
    """The search of a test: examples from its source first, then saved failures; and the failures found are saved."""
    pinned = [Pin(check_schedule(session, schedule, {}), "an example in the source", loud=True) for schedule in examples]
    pins = saved.pins(session)
    exploration = search(session, [*pinned, *pins])
    try:
        saved.update(pins, exploration.failures)
        for failure in exploration.failures:
            if failure.schedule is not None:
                saved.keep(failure.schedule)  # here it still knows each of its operations in words
    except Warning as warning:  # where warnings are errors, the failure of the test is still what matters
        if exploration.failure is None:
            raise
        exploration.failure.exception.add_note(f"detsched: {warning}")
    return exploration
