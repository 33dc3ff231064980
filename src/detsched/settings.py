"""Settings: what can be said about a run, each checked where it is said."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any, Literal, TypedDict, Unpack

from .errors import InvalidSettings


class SettingsDict(TypedDict, total=False):
    """The settings as keywords, for type checkers."""

    settings: Settings
    strategy: Any
    seed: int
    runs: int | None
    seconds: float | None
    preemptions: int | None
    delays: int | None
    progress: Literal["auto"] | bool
    resume: str | os.PathLike[str] | None
    granularity: Literal["sync", "access", "gil", "line", "opcode"]
    watch: Any
    ignore: Any
    races: bool
    timeouts: Literal["idle", "any"]
    clock: Literal["virtual", "real"]
    randomness: Literal["seeded", "real"]
    max_steps: int | None
    thread_exceptions: Literal["fail", "print"]
    keep_going: bool
    shrink: bool
    watchdog: float | None
    uncontrolled: Literal["error", "warn"]
    patch: bool
    database: str | os.PathLike[str] | None
    save: bool
    profile: str
    setup: Callable[[], Any] | None


_LATER: dict[str, str] = {
    "workers": "parallel search is not there yet",
    "executor": "parallel search is not there yet",
}
_LATER_VALUES: dict[tuple[str, Any], str] = {}
STRATEGIES = ("auto", "dpor", "dfs", "random", "roundrobin")
BOUNDS = ("preemptions", "delays")
_BOUNDED = ("auto", "dpor", "dfs")
_STRATEGIES_LATER = ("pct", "pos", "surw")


def _refuse(name: str, value: object, wanted: str) -> InvalidSettings:
    return InvalidSettings(f"{name}={value!r}: {name} is {wanted}")


@dataclass(frozen=True, kw_only=True, init=False)
class Settings:
    """How to run a program. Immutable; `replace` makes another one.

    >>> Settings(seed=7, runs=100).replace(seed=8)
    Settings(seed=8, runs=100)

    strategy: who chooses: "auto", "random", "roundrobin"; "dpor", every distinguishable ordering, each once; "dfs", every order
        of yield points; or a Strategy subclass, factory or instance. For a proof, say "dpor" and runs=None.
        "auto" is "dpor" and "random" in turn. Change it to learn more from a run, or to write your own.
    seed: everything random flows from it. Change it to see other schedules.
    runs: how many runs an exploration makes, None for no limit. Raise it for more confidence.
    seconds: real seconds after which an exploration stops, None for no limit. What a test covers then depends on the machine.
    preemptions: how many preemptions a run may have, None for no limit: switches away from a thread that could have gone on. Runs with
        fewer come first, so the first failure has the fewest. Set it for programs that are too large for all orderings.
    delays: the same of delays: how often a thread is passed over that would be next if all went on as long as they can, in turn.
    progress: whether an exploration that takes long says on stderr how far it has come: "auto", on a terminal; True; False. Turn it on
        for a log of a long search. Silent in the first seconds, and in tests.
    resume: the file that an exploration is kept in, None for nowhere. When the search stops, by a limit, a failure or Ctrl-C, where
        it has come to is written there; where the file is there already, the search goes on from it.
    granularity: where yield points are: "sync", at synchronisation operations only; "access", also before every access to state that
        threads share, in watched code; "line" and "opcode", also at each line, or instruction; "gil", at synchronisation and where
        this interpreter could really switch threads. Change it to see what finer switches do, or what your users can run into today.
    watch: modules, packages, paths and functions that are watched besides your own code: names, or the things themselves.
    ignore: the same, of what is not watched. Change it to keep code out that is known to be right.
    races: whether a data race is a failure: two accesses, one of them a write, that no synchronisation orders.
    timeouts: when timeouts fire: "idle", only when nothing else can run; "any", whenever the strategy says. Change it to see what
        happens when a timeout comes at the worst moment.
    clock: "virtual": time jumps when nobody can run; "real": the machine's clock, and sleeps take as long as they say. Change it
        for programs that measure time against something outside.
    randomness: "seeded": `random`, `secrets`, `uuid` and `os.urandom` flow from `seed`; "real": they are left alone, and a program
        that branches on them cannot be replayed.
    max_steps: steps after which a run is given up, None for no limit. Raise it for long programs.
    thread_exceptions: "fail", an exception that escapes a thread is a failure of the run; "print", it is printed as usual.
    keep_going: whether to go on after the first failure. True for explore, False for check.
    shrink: whether to look for a simpler schedule with the same failure. True for check, False for explore. Turn it off for programs
        of which 200 more runs would take too long.
    watchdog: real seconds without a yield point after which a run is given up, None for no limit. Raise it for programs that
        compute for long; it is off while a debugger is at work.
    uncontrolled: what happens when code that detsched does not steer holds a run up or uses its objects: "error", the run fails;
        "warn", it goes on.
    patch: whether to put unmodified code under control. Turn it off for programs that use `detsched.threading` alone.
    database: the folder of the saved failures of tests, None for nowhere. A relative one lies in pytest's root directory, else in
        the current one. Change it where that cannot be written to, or to share one between checkouts.
    save: whether tests write into `database`. Turn it off where failures are to be tried again but nothing is to be written.
    profile: the name of a set of settings: "default", "ci" (chosen by itself where CI is set), "thorough", or one of your own
        (see `register`). Change it for a nightly run.
    setup: a callable run uncontrolled before each run, whose value becomes the program's first argument.
    """

    strategy: Any = "auto"
    seed: int = 0
    runs: int | None = 500
    seconds: float | None = None
    preemptions: int | None = None
    delays: int | None = None
    progress: Literal["auto"] | bool = "auto"
    resume: str | os.PathLike[str] | None = None
    granularity: Literal["sync", "access", "gil", "line", "opcode"] = "access"
    watch: Any = ()
    ignore: Any = ()
    races: bool = False
    timeouts: Literal["idle", "any"] = "idle"
    clock: Literal["virtual", "real"] = "virtual"
    randomness: Literal["seeded", "real"] = "seeded"
    max_steps: int | None = 20_000
    thread_exceptions: Literal["fail", "print"] = "fail"
    keep_going: bool = False
    shrink: bool = False
    watchdog: float | None = 5.0
    uncontrolled: Literal["error", "warn"] = "error"
    patch: bool = True
    database: str | os.PathLike[str] | None = ".detsched"
    save: bool = True
    profile: str = "default"
    setup: Callable[[], Any] | None = None

    def __init__(self, **given: Unpack[SettingsDict]) -> None:
        check_names(given)
        implied = _profile(given["profile"]) if "profile" in given else {}
        for name in NAMES:
            object.__setattr__(self, name, given.get(name, implied.get(name, getattr(Settings, name))))
        object.__setattr__(self, "given_names", frozenset(given))
        self._check()

    def _check(self) -> None:
        for name in NAMES:
            value = getattr(self, name)
            later = _LATER_VALUES.get((name, value)) if isinstance(value, (str, bool)) else None
            if later is not None:
                raise InvalidSettings(f"{name}={value!r}: {later}")
        self._check_strategy()
        if type(self.seed) is not int:
            raise _refuse("seed", self.seed, "an int")
        if self.runs is not None and (type(self.runs) is not int or self.runs < 1):
            raise _refuse("runs", self.runs, "a positive int, or None for no limit")
        if self.seconds is not None and (type(self.seconds) not in (int, float) or not self.seconds > 0):
            raise _refuse("seconds", self.seconds, "a positive number of seconds, or None for no limit")
        self._check_bounds()
        if self.watchdog is not None and (type(self.watchdog) not in (int, float) or not self.watchdog > 0):
            raise _refuse("watchdog", self.watchdog, "a positive number of real seconds, or None for no limit")
        if self.max_steps is not None and (type(self.max_steps) is not int or self.max_steps < 1):
            raise _refuse("max_steps", self.max_steps, "a positive int, or None for no limit")
        for name, allowed in (
            ("granularity", ("sync", "access", "gil", "line", "opcode")),
            ("timeouts", ("idle", "any")),
            ("clock", ("virtual", "real")),
            ("randomness", ("seeded", "real")),
            ("thread_exceptions", ("fail", "print")),
            ("uncontrolled", ("error", "warn")),
        ):
            if getattr(self, name) not in allowed:
                raise _refuse(name, getattr(self, name), " or ".join(map(repr, allowed)) + _nearest(getattr(self, name), allowed))
        for name in ("keep_going", "patch", "races", "shrink", "save"):
            if type(getattr(self, name)) is not bool:
                raise _refuse(name, getattr(self, name), "True or False")
        for name in ("watch", "ignore"):
            self._check_selection(name, getattr(self, name))
        if self.database is not None and (not isinstance(self.database, (str, os.PathLike)) or not os.fspath(self.database)):
            raise _refuse("database", self.database, "the path of a folder, or None for nowhere")
        if self.progress != "auto" and type(self.progress) is not bool:
            raise _refuse("progress", self.progress, "'auto', True or False")
        if self.resume is not None and (not isinstance(self.resume, (str, os.PathLike)) or not os.fspath(self.resume)):
            raise _refuse("resume", self.resume, "the path of a file, or None for nowhere")
        if self.setup is not None and not callable(self.setup):
            raise _refuse("setup", self.setup, "a callable whose value becomes the program's first argument, or None")

    def _check_bounds(self) -> None:
        given = [name for name in BOUNDS if getattr(self, name) is not None]
        for name in given:
            value = getattr(self, name)
            if type(value) is not int or value < 0:
                raise _refuse(name, value, "an int from 0, or None for no limit")
            if self.strategy not in _BOUNDED:
                strategies = ", ".join(map(repr, _BOUNDED))
                raise InvalidSettings(f"{name}={value} is for strategies that go through the orderings: with it, strategy is one of {strategies}")
        if len(given) > 1:
            raise InvalidSettings(f"preemptions={self.preemptions}, delays={self.delays}: one bound at a time, the other is None")

    @staticmethod
    def _check_selection(name: str, value: Any) -> None:
        wanted = "a module, package, path or function, or a list of them: modules by name or as themselves"
        for each in value if isinstance(value, (list, tuple, set, frozenset)) else [value]:
            if not each or not (isinstance(each, (str, os.PathLike, ModuleType)) or callable(each)):
                raise _refuse(name, value, wanted)

    def _check_strategy(self) -> None:
        strategy = self.strategy
        if isinstance(strategy, str):
            if strategy in _STRATEGIES_LATER:
                raise InvalidSettings(f"strategy={strategy!r} is not there yet: use one of {', '.join(map(repr, STRATEGIES))}")
            if strategy not in STRATEGIES:
                raise _refuse("strategy", strategy, f"one of {', '.join(map(repr, STRATEGIES))}, or a Strategy{_nearest(strategy, STRATEGIES)}")
        elif not callable(strategy) and not (hasattr(strategy, "choose") and hasattr(strategy, "begin")):
            raise _refuse("strategy", strategy, f"one of {', '.join(map(repr, STRATEGIES))}, a Strategy subclass, a factory, or a Strategy")

    def replace(self, **changes: Any) -> Settings:
        """A copy with some settings changed."""
        return Settings(**{**self.given(), **changes})

    def given(self) -> dict[str, Any]:
        """What was said, not left at its default."""
        return {name: getattr(self, name) for name in self.given_names}  # type: ignore[attr-defined]

    @classmethod
    def register(cls, name: str, settings: Settings | None = None, /, **given: Unpack[SettingsDict]) -> None:
        """Make a profile: a set of settings under a name, to be chosen by `profile=`, `--detsched-profile` or DETSCHED_PROFILE.

        A profile of that name from before is replaced. What a profile does not say is left at its default.

            # conftest.py
            detsched.Settings.register("nightly", runs=20_000)

        Raises InvalidSettings for settings that do not exist, or cannot have that value.
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise InvalidSettings(f"register({name!r}, …): the name of a profile is a word, as in Settings.register('nightly', runs=20_000)")
        if settings is not None and not isinstance(settings, Settings):
            raise InvalidSettings(f"register({name!r}, {settings!r}): a profile is made of a Settings, or of settings by name: register({name!r}, runs=…)")
        made = cls(**given) if settings is None else settings.replace(**given)
        if "profile" in made.given():
            raise InvalidSettings(f"register({name!r}, profile=…): a profile cannot name another one")
        _profiles[name] = made.given()

    def __repr__(self) -> str:
        changed = (f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if getattr(self, f.name) != f.default)
        return f"Settings({', '.join(changed)})"


NAMES = tuple(field.name for field in fields(Settings))

_profiles: dict[str, dict[str, Any]] = {"default": {}, "ci": {"save": False}, "thorough": {"runs": 5_000, "max_steps": 200_000}}


def _profile(name: object) -> dict[str, Any]:
    """What a profile says."""
    if not isinstance(name, str) or name not in _profiles:
        known = tuple(_profiles)
        raise _refuse("profile", name, f"one of {', '.join(map(repr, known))}{_nearest(name, known)}; make one with Settings.register")
    return _profiles[name]


def default_profile() -> str:
    """The profile where nobody names one: "ci" where the environment says so."""
    return "default" if os.environ.get("CI", "").lower() in ("", "0", "false", "no") else "ci"


def _nearest(name: object, among: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(str(name), among, 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_names(given: Mapping[str, object], parameters: tuple[str, ...] = ()) -> None:
    """Refuse keywords that are no settings: the nearest one, or how to give an argument to the program."""
    for name in given:
        if name in NAMES:
            continue
        if name in _LATER:
            raise InvalidSettings(f"{name}=…: {_LATER[name]}")
        if name in parameters:
            raise InvalidSettings(
                f"{name!r} is a parameter of the program, not a setting: give arguments by position, "
                f"or wrap the program in functools.partial(program, {name}=…)"
            )
        hint = _nearest(name, (*NAMES, *_LATER, "settings"))
        raise InvalidSettings(f"there is no setting {name!r}{hint or ': the settings are ' + ', '.join(NAMES)}")


def _from_environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, later in _LATER.items():
        if f"DETSCHED_{name.upper()}" in os.environ:
            raise InvalidSettings(f"environment variable DETSCHED_{name.upper()}: {later}")
    for name in NAMES:
        text = os.environ.get(f"DETSCHED_{name.upper()}")
        if text is None or name == "setup":
            continue
        found[name] = parse(name, text, f"environment variable DETSCHED_{name.upper()}")
    return found


def parse(name: str, text: str, where: str) -> Any:
    """The value of a setting that was written as text, in the environment, an ini file or an option: `where` says in which."""
    try:
        if name in ("runs", "max_steps", "seconds", "watchdog", "database", "resume", *BOUNDS) and text.lower() == "none":
            return None
        if name in ("seed", "runs", "max_steps", *BOUNDS):
            return int(text)
        if name in ("seconds", "watchdog"):
            return float(text)
        if name == "progress" and text.lower() == "auto":
            return "auto"
        if name in ("progress", "keep_going", "patch", "races", "shrink", "save"):
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]
    except (ValueError, KeyError):
        raise InvalidSettings(f"{where}={text!r} is no value for the setting {name!r}") from None
    if name in ("watch", "ignore"):
        return tuple(filter(None, (each.strip() for each in text.split(","))))
    return text


class Ambient:
    """What a test runner was told: `options` of its command line, which win over every call, and its `ini` file."""

    options: dict[str, Any] = {}
    ini: dict[str, Any] = {}


def settle(given: Mapping[str, Any], defaults: Mapping[str, Any] | None = None, parameters: tuple[str, ...] = ()) -> Settings:
    """The settings of a call, from the strongest: options of the test runner, what was given, a shared `settings=`, the
    environment, the test runner's ini file, the profile, the call's defaults."""
    given = dict(given)
    shared = given.pop("settings", None)
    check_names(given, parameters)
    if shared is not None and not isinstance(shared, Settings):
        raise InvalidSettings(f"settings={shared!r}: settings is a detsched.Settings")
    said = {**(shared.given() if shared is not None else {}), **given, **Ambient.options}
    ambient: dict[str, Any] = {**Ambient.ini, **_from_environment()}
    profile = said.get("profile", ambient.get("profile", default_profile()))
    around = {**_profile(profile), **ambient, "profile": profile}
    values = {**(defaults or {}), **around, **said}
    if values.get("strategy") not in _BOUNDED and ("strategy" in said or "strategy" not in around):
        for name in BOUNDS:  # those around a call are for searches through the orderings; this is none
            if name not in said:
                values.pop(name, None)
    return Settings(**values)
