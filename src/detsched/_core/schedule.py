"""A schedule: the choices of a run, as a short printable token.

A token has six parts, joined by `~`, of letters, digits and `. , : - _` only, so that it needs no quoting in a shell:

    ds1~sync~bank.py-3f9a~0:4,1:2,0~1.0~kQ3d…

- the format version;
- the settings that its meaning depends on: the granularity; `.any` where timeouts may fire at any time, `.seed7` where random
  numbers flowed from that seed, `.watch-queue,kafka:future` and `.ignore-…` for what was watched and ignored by name (a colon
  stands for a dot), `.also-…` for modules that the program reached though no import says so, and behind a hyphen names that it
  computed and stored under, and `.stopped` where the run was stopped at its end because it was too long or went round in circles;
- the program: its name, and a digest of that name. A program may be edited and its tokens still read;
- the choices, as deviations from going on with the current thread: whose turn it is, and for how many events.
  Threads are named by their spawn path, so 2.1 is the first thread that the second thread of main started;
- the answers given to `choose()`, in order;
- check marks: at up to 64 places one character of a rolling checksum over the operations, so that a replay that departs from
  the recording says where. How many events lie between two of them follows from the number of events.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import InvalidSchedule
from .log import Log
from .operation import Operation
from .thread import ControlledThread

VERSION = "ds1"
GRANULARITIES = ("sync", "access", "gil", "line", "opcode")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MARKS = 64
_PART = re.compile(r"[\w.,:-]*\Z", re.ASCII)
_SEED = re.compile(r"seed(-?\d+)\Z")
_SEGMENT = re.compile(r"(\d+(?:\.\d+)*)(?::(\d+))?\Z")
_LONGEST = 100_000_000
INLINE = 300
"""Tokens longer than this go into a file in reports."""


def program_digest(program: Callable[..., Any]) -> str:
    """What a token says about its program: its name and a digest of its qualified name. Survives edits of its body."""
    while hasattr(program, "func"):  # functools.partial
        program = program.func
    name = getattr(program, "__detsched_name__", None) or getattr(program, "__qualname__", None) or type(program).__qualname__
    base, bracket, parameters = name.partition("[")  # a parametrised test
    short = re.sub(r"[^\w.]", "", (base.rsplit(".", 1)[-1] if not base.endswith(".py") else base) + bracket + parameters)
    return f"{short[:24]}-{zlib.crc32(name.encode()) & 0xFFFF:04x}"


def program_name(digest: str) -> str:
    """The name in a digest."""
    return digest.rpartition("-")[0]


class Checksum:
    """A rolling checksum over operations: what each is, on which object, by which thread. No file, no line, no address."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def add(self, thread: ControlledThread, operation: Operation) -> None:
        """Take one more event in."""
        self.value = zlib.crc32(f"{thread.label} {operation.key}".encode(), self.value)

    @property
    def mark(self) -> str:
        """One character of it."""
        return _ALPHABET[(self.value ^ (self.value >> 13)) & 63]


def stride(events: int) -> int:
    """How many events lie between two check marks."""
    width = 1
    while events > width * _MARKS:
        width *= 2
    return width


@dataclass(frozen=True)
class Schedule:
    """The choices of one run. Equal schedules make the same choices; `str` of it is the token.

    >>> s = Schedule(program="demo-0000", segments=(("0", 2), ("1", 3)))
    >>> len(s), Schedule.parse(str(s)) == s
    (5, True)
    """

    program: str
    segments: tuple[tuple[str, int], ...]
    values: tuple[int, ...] = ()
    marks: str = ""
    granularity: str = "sync"
    stopped: bool = False
    """Whether the run was stopped at its end because it was too long or went round in circles."""
    timeouts: str = "idle"
    """When timeouts may fire."""
    watch: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    """The names of modules and functions that were watched and ignored."""
    also: tuple[str, ...] = ()
    """The names of modules that the program was known to reach, though nothing that it imports says so."""
    seed: int | None = None
    """What the random numbers of the run flowed from; None where it drew none."""
    operations: tuple[str, ...] | None = field(default=None, compare=False, repr=False)
    """Each event in words, where it is known (in the process that recorded it, or from a file)."""
    sums: tuple[int, ...] | None = field(default=None, compare=False, repr=False)
    """The checksum after each event, in the process that recorded it."""

    @classmethod
    def of(cls, log: Log, program: str, values: Iterable[int], words: bool = True, **settings: Any) -> Schedule:
        """The schedule of a run that has been done; `settings` are the fields that say under which. `words`: with what only this process
        can know of it."""
        segments: list[tuple[str, int]] = []
        checksum = Checksum()
        marks = []
        width = stride(len(log))
        operations, sums = [], []
        for index, (thread, operation) in enumerate(zip(log.threads, log.operations), 1):
            label = thread.label
            if segments and segments[-1][0] == label:
                segments[-1] = (label, segments[-1][1] + 1)
            else:
                segments.append((label, 1))
            checksum.add(thread, operation)
            if words:
                operations.append(f"{label} {operation.describe()}")
                sums.append(checksum.value)
            if index % width == 0:
                marks.append(checksum.mark)
        if words:
            settings.update(operations=tuple(operations), sums=tuple(sums))
        return cls(program, tuple(segments), tuple(values), "".join(marks), **settings)

    def __len__(self) -> int:
        return sum(count for _, count in self.segments)

    def threads(self) -> list[str]:
        """Whose event it is, for each event."""
        return [label for label, count in self.segments for _ in range(count)]

    @property
    def stride(self) -> int:
        """How many events lie between two check marks."""
        return stride(len(self))

    def __str__(self) -> str:
        choices = ",".join(label if count == 1 else f"{label}:{count}" for label, count in self.segments)
        values = ".".join(map(str, self.values))
        settings = ".".join((self.granularity, *self._options()))
        return "~".join((VERSION, settings, self.program, choices, values, self.marks + _digest(self)))

    def _options(self) -> list[str]:
        options = [self.timeouts] * (self.timeouts != "idle")
        if self.seed is not None:
            options.append(f"seed{self.seed}")
        for option, names in (("watch", self.watch), ("ignore", self.ignore), ("also", self.also)):
            if names:
                options.append(f"{option}-{','.join(names).replace('.', ':')}")
        return options + ["stopped"] * self.stopped

    @classmethod
    def parse(cls, token: str | Schedule) -> Schedule:
        """Read a token, or `@path` of a file that holds one. Raises InvalidSchedule, which says what is wrong."""
        if isinstance(token, Schedule):
            return token
        if not isinstance(token, str):
            raise InvalidSchedule(f"a schedule is a token (a str), an '@path' or a detsched.Schedule, not {type(token).__name__}")
        token = token.strip()
        if token.startswith("@"):
            return cls._load(token[1:])
        parts = token.split("~")
        if not re.fullmatch(r"ds\d+", parts[0]):
            raise InvalidSchedule(f"{_short(token)!r} is no schedule token: one begins with '{VERSION}~'")
        if parts[0] != VERSION:
            raise InvalidSchedule(
                f"the token has format {parts[0]!r}, and this version of detsched reads {VERSION!r}: record it again, or use the version that wrote it"
            )
        if len(parts) != 6 or not all(_PART.match(part) for part in parts[1:]):
            raise InvalidSchedule(f"the token {_short(token)!r} is truncated or damaged: it has {len(parts)} parts of 6")
        _, granularity, program, choices, values, marks = parts
        segments = []
        for piece in choices.split(",") if choices else []:
            match = _SEGMENT.match(piece)
            if match is None or match[2] == "0":
                raise InvalidSchedule(f"the token is damaged: {piece!r} is no turn of a thread")
            segments.append((match[1], int(match[2] or 1)))
        try:
            answers = tuple(int(value) for value in values.split(".")) if values else ()
        except ValueError:
            raise InvalidSchedule(f"the token is damaged: {values!r} are no answers") from None
        granularity, *options = granularity.split(".")
        if granularity not in GRANULARITIES:
            raise InvalidSchedule(f"the token was recorded at granularity {granularity!r}, which this version of detsched does not know")
        seeds = [int(match[1]) for match in map(_SEED.match, options) if match]
        schedule = cls(
            program,
            tuple(segments),
            answers,
            marks[:-4],
            granularity,
            "stopped" in options,
            "any" if "any" in options else "idle",
            _names("watch", options),
            _names("ignore", options),
            _names("also", options),
            seeds[0] if seeds else None,
        )
        if len(schedule) > _LONGEST:
            raise InvalidSchedule(f"the token speaks of {len(schedule):,} events: no run is that long")
        if marks[-4:] != _digest(schedule):
            raise InvalidSchedule(f"the token {_short(token)!r} is truncated or damaged: its last characters do not fit the rest")
        return schedule

    def to_json(self) -> str:
        """The schedule as JSON text: the token, and each event in words."""
        return json.dumps({"detsched": VERSION, "token": str(self), "operations": self.operations}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Schedule:
        """Read what `to_json` wrote. Raises InvalidSchedule."""
        try:
            data = json.loads(text)
            token, operations = data["token"], data["operations"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InvalidSchedule("this is no schedule file of detsched: it wants JSON with 'token' and 'operations'") from None
        if not isinstance(token, str) or token.startswith("@"):
            raise InvalidSchedule("the schedule file holds no token")
        schedule = cls.parse(token)
        if isinstance(operations, list) and len(operations) == len(schedule):
            return replace(schedule, operations=tuple(map(str, operations)))
        return schedule

    @classmethod
    def _load(cls, path: str) -> Schedule:
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSchedule(f"the schedule file {path!r} cannot be read: {error}") from None
        return cls.from_json(text) if text.lstrip().startswith("{") else cls.parse(text.strip())


def _names(option: str, options: list[str]) -> tuple[str, ...]:
    """The names that a token gives under an option."""
    for each in options:
        if each.startswith(f"{option}-"):
            return tuple(each[len(option) + 1 :].replace(":", ".").split(","))
    return ()


def _digest(schedule: Schedule) -> str:
    text = repr((schedule.program, schedule.segments, schedule.values, schedule.marks, schedule.granularity, *schedule._options()))
    value = zlib.crc32(text.encode())
    return "".join(_ALPHABET[(value >> shift) & 63] for shift in (0, 6, 12, 18))


def _short(token: str) -> str:
    return token if len(token) <= 60 else token[:57] + "…"

