"""The plugin of pytest: options, the marker, and what is said in the terminal.

Loading it imports nothing else of detsched: that waits for the first test to be put under control. How the runs of a test are
made is in `_testing/pytest_item.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from typing import Any

import pytest

_SETTINGS = {
    "seed": ("N|random", "everything random flows from it; random: another one each time, named in the header"),
    "runs": ("N", "how many runs of each test (one, where a test does not say otherwise)"),
    "strategy": ("NAME", "who makes the choices: auto, random, …"),
    "granularity": ("NAME", "where threads may be switched: sync, …"),
    "profile": ("NAME", "a set of settings: default, ci, thorough, or one of your own"),
}
_STATE: pytest.StashKey[_Told] = pytest.StashKey()
_DRIVER: pytest.StashKey[Any] = pytest.StashKey()
PROPERTY = "detsched"
"""The property of a report that says what was done with the test."""


class _Told:
    """What the command line and the ini file say."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.options: dict[str, Any] = {}
        self.ini: dict[str, Any] = {}
        self.schedule: Any = None
        texts = {name: config.getoption(f"detsched_{name}") for name in _SETTINGS}
        for assignment in config.getoption("detsched_set"):
            name, equals, value = assignment.partition("=")
            if not equals:
                raise pytest.UsageError(f"--detsched-set={assignment}: write NAME=VALUE, with the name of a setting")
            texts[name.strip()] = value.strip()
        ini = {name: _ini(config, f"detsched_{name}") for name in (*_SETTINGS, *_other_ini_names(config))}
        token = config.getoption("detsched_schedule") or os.environ.get("DETSCHED_SCHEDULE") or _ini(config, "detsched_schedule") or None
        self.control_all = bool(config.getoption("detsched") or _ini(config, "detsched").lower() in ("1", "true", "yes"))
        self.control_all = self.control_all or token is not None or any(text is not None for text in texts.values())
        self.before: Any = None
        given = {name: text for name, text in texts.items() if text is not None}
        written = {name: text for name, text in ini.items() if text}
        if token is not None:
            clash = {"seed", "strategy", "runs", "granularity"} & set(given)
            if clash:
                raise pytest.UsageError(f"--detsched-schedule holds all choices of one run: leave out --detsched-{' and --detsched-'.join(sorted(clash))}")
        if given or written or token is not None:
            self._check(given, written, token)

    def _check(self, given: dict[str, str], written: dict[str, str], token: str | None) -> None:
        from . import settings as library
        from .errors import DetschedError

        try:
            for told, texts, where in ((self.options, given, "--detsched-{}"), (self.ini, written, "the ini option detsched_{}")):
                library.check_names(texts)
                told.update({name: library.parse(name, text, where.format(name)) for name, text in texts.items()})
                # A profile may still be registered by a conftest.py: it is looked up at the first test.
                library.Settings(**{name: value for name, value in told.items() if name != "profile"})
            if token is not None:
                from ._core.schedule import Schedule

                self.schedule = Schedule.parse(token)
        except DetschedError as error:
            raise pytest.UsageError(f"detsched: {error}") from None
        self.before = library.Ambient.options, library.Ambient.ini
        library.Ambient.options, library.Ambient.ini = self.options, self.ini

    def forget(self) -> None:
        if self.before is not None:
            from .settings import Ambient

            Ambient.options, Ambient.ini = self.before


def _raw_ini(config: pytest.Config) -> dict[str, Any]:
    name = "_inicfg" if hasattr(config, "_inicfg") else "inicfg"  # pytest 9 hides it
    found: dict[str, Any] = getattr(config, name)
    return found


def _ini(config: pytest.Config, name: str) -> str:
    try:
        value = config.getini(name)
    except pytest.UsageError:  # a number of TOML, where a string was announced
        raw = _raw_ini(config)[name]
        value = getattr(raw, "value", raw)
    return str(value)


def _other_ini_names(config: pytest.Config) -> list[str]:
    """Settings beyond those with an option of their own that the ini file speaks of."""
    names = [key.removeprefix("detsched_") for key in _raw_ini(config) if key.startswith("detsched_")]
    others = [name for name in names if name not in _SETTINGS and name != "schedule"]
    if not others:
        return []
    from .settings import NAMES

    return [name for name in others if name in NAMES]


# ---------------------------------------------------------------------- pytest asks


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("detsched", "threads under a deterministic scheduler (detsched)")
    group.addoption("--detsched", action="store_true", help="put every test under control: one run with seed 0 where a test does not say otherwise")
    parser.addini("detsched", "as --detsched: true or false", default="")
    for name, (wanted, said) in _SETTINGS.items():
        group.addoption(f"--detsched-{name}", dest=f"detsched_{name}", metavar=wanted, help=f"{said}. Implies --detsched")
        parser.addini(f"detsched_{name}", f"the setting {name} of detsched", default="")
    parser.addini("detsched_schedule", "as --detsched-schedule", default="")
    group.addoption("--detsched-schedule", dest="detsched_schedule", metavar="TOKEN|@PATH", help="replay this schedule, with the test that it is of")
    group.addoption("--detsched-set", dest="detsched_set", metavar="NAME=VALUE", action="append", default=[], help="any other setting. Implies --detsched")
    config: Any = pluginmanager.get_plugin("pytestconfig")
    if config is not None:
        for name in _other_ini_names(config):
            parser.addini(f"detsched_{name}", f"the setting {name} of detsched", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "detsched(**settings): put the test under control of detsched's scheduler, with these settings; detsched(False) leaves it alone",
    )
    if config.getoption("detsched_seed") == "random":
        import random

        config.option.detsched_seed = str(random.SystemRandom().randrange(1 << 32))  # workers of xdist get the same one
    config.stash[_STATE] = _Told(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _STATE in config.stash:
        config.stash[_STATE].forget()


def pytest_report_header(config: pytest.Config) -> str | None:
    told = config.stash[_STATE]
    changed = {**told.ini, **told.options}
    if told.schedule is not None:
        changed["schedule"] = str(told.schedule)
    return "detsched: " + ", ".join(f"{name}={value}" for name, value in changed.items()) if changed else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    schedule = config.stash[_STATE].schedule
    if schedule is None:
        return
    from ._core.schedule import program_name
    from ._testing.pytest_item import digest_of

    mine = [item for item in items if isinstance(item, pytest.Function) and digest_of(item) == schedule.program]
    if items and not mine:
        raise pytest.UsageError(f"detsched: the schedule was recorded for {program_name(schedule.program)!r}, and none of the tests selected is that")
    others = [item for item in items if item not in mine]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = mine


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    told = item.config.stash[_STATE]
    if not isinstance(item, pytest.Function) or item.config.option.setuponly or getattr(item.config.option, "setupplan", False):
        return
    marks = list(item.iter_markers("detsched"))
    decorated = getattr(item.obj, "__detsched_mark__", None)
    if marks or decorated is not None or told.control_all:
        from ._testing.pytest_item import drive

        item.stash[_DRIVER] = drive(item, marks, decorated, told.schedule)


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    driver = item.stash.get(_DRIVER, None)
    if driver is not None:
        driver.remove()
    yield


@pytest.hookimpl(hookwrapper=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Generator[None, Any, None]:
    driver = request.node.stash.get(_DRIVER, None) if request.scope == "function" else None
    if driver is not None and fixturedef.argname == "subtests":
        driver.keep_subtests((yield).get_result())
        return
    library: Any = sys.modules.get("detsched._testing.pytest_item")
    if library is None or request.scope == "function":
        yield
        return
    with library.outside():  # a fixture of a wider scope that is first asked for inside a run outlives the run
        yield


@pytest.hookimpl(specname="pytest_fixture_setup", tryfirst=True)
def pytest_tmp_path_setup(fixturedef: Any, request: Any) -> Any:
    if fixturedef.argname != "tmp_path" or fixturedef.func.__module__ != "_pytest.tmpdir":
        return None
    driver = request.node.stash.get(_DRIVER, None)
    path = None if driver is None else driver.same_folder(request.getfixturevalue("tmp_path_factory"))
    if path is not None:
        fixturedef.cached_result = (path, fixturedef.cache_key(request), None)
    return path


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    driver = item.stash.get(_DRIVER, None)
    if driver is not None and call.when == "call" and call.excinfo is not None:
        report = outcome.get_result()
        said = driver.report_of(call.excinfo.value)
        if said and report.failed and not hasattr(report, "context"):
            report.sections.append(("detsched", said))


def _property(report: Any, name: str) -> Any:
    return next((value for key, value in getattr(report, "user_properties", ()) if key == name), None)


def pytest_report_teststatus(report: Any, config: pytest.Config) -> tuple[str, str, str] | None:
    said = _property(report, PROPERTY)
    if said is None or report.when != "call" or report.outcome != "passed" or hasattr(report, "wasxfail") or hasattr(report, "context"):
        return None
    return "passed", ".", f"PASSED [{said}]"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    reports = [report for key in terminalreporter.stats for report in terminalreporter.stats[key] if getattr(report, "when", None) == "call"]
    controlled = [said for report in reports if (said := _property(report, PROPERTY)) is not None]
    if config.stash[_STATE].control_all and reports:
        quiet = sum("no yield point" in said for said in controlled)
        alone = len(reports) - sum("left alone" not in said for said in controlled)
        count = len(reports) - alone
        line = f"detsched: {count} test{'' if count == 1 else 's'} under control" + (f", {quiet} of them without a yield point" if quiet else "")
        terminalreporter.write_line(line + (f"; {alone} left alone" if alone else ""))
    if config.option.tbstyle in ("no", "line"):
        for report in reports:
            replay = _property(report, "detsched_replay")
            if replay is not None and report.outcome == "failed":
                terminalreporter.write_line(f"detsched: replay: {replay}")
