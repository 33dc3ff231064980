"""What pytest keeps of a test while it runs, and what has to be as new for each of its runs."""

from __future__ import annotations

import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ..errors import InvalidSettings

PROPERTY = "detsched"
"""The property of a report that says what was done with the test; the plugin looks for it."""


PRIVATE = {
    "_setupstate": "of the session: pushes and pops the item, which makes and finishes its fixtures",
    "_initrequest": "of the item: gives it a new request, and no fixture values",
    "_request": "of the item: asks for fixtures",
    "_fixture_defs": "of the request: the fixtures of wider scopes are put in, so that they are not looked up for each run",
    "_fixtureinfo": "of the item: which fixtures it uses, and of which scope they are",
    "_arg2scope": "of the callspec: the scope of parameters",
    "_storage": "of the stash: restored for each run",
    "_report_sections": "of the item: sections that one run has added are no other one's",
    "_excinfo": "of the item: what unittest has caught",
    "_obj": "of the item: the bound method, made anew for each run",
    "_instance": "of the item, since 8.2: the instance of the class",
    "_getinstance": "of the item, since 8.2: that there is an _instance",
    "_testcase": "of the item, until 8.1: the instance of the TestCase",
    "_ihook": "of the subtests fixture: where it sends reports",
    "_inicfg": "of the config, since 9: what the ini file says, before options are known",
}
"""Every private name of pytest that is used, on versions 7.4 to 9.2, and why."""


def check_pytest(item: Any) -> None:
    """Raise InvalidSettings where this version of pytest is not like those that are known."""
    state = getattr(item.session, "_setupstate", None)
    there = hasattr(item, "_initrequest") and hasattr(item, "_fixtureinfo") and hasattr(item.stash, "_storage")
    if not there or not hasattr(getattr(item, "_request", None), "_fixture_defs") or not all(hasattr(state, name) for name in ("stack", "setup", "teardown_exact")):
        raise InvalidSettings(f"pytest {pytest.__version__} is not known to this version of detsched: use another one of either")


class ItemState:
    """The state of one item, as it was when the call phase began."""

    def __init__(self, item: Any) -> None:
        self._item = item
        self._wide_definitions = dict(item._request._fixture_defs)
        self._wide_values = dict(item.funcargs)
        self._stash = dict(item.stash._storage)
        self._lengths = len(item.user_properties), len(item._report_sections), len(item.own_markers)
        self._said: list[tuple[str, object]] = []
        self._warned: set[object] = set()
        self._taken = False
        self._out_err = ("", "")
        self._logged = ""
        self._folder: Any = None
        self._errors: list[BaseException] = []
        plugins = item.config.pluginmanager
        self._capture: Any = plugins.getplugin("capturemanager")
        self._logging: Any = plugins.getplugin("logging-plugin")
        self._own_instance = not _is_case(item) and item.cls is not None and isinstance(getattr(item.obj, "__self__", None), item.cls)
        if _is_case(item) and hasattr(type(item), "addSubTest"):
            item.addSubTest = self._note_subtest

    # ------------------------------------------------------------------ around each run

    def refresh(self) -> None:
        """Make the item as new."""
        item = self._item
        properties, sections, marks = self._lengths
        del item.user_properties[properties:], item._report_sections[sections:], item.own_markers[marks:]
        item.stash._storage.clear()
        item.stash._storage.update(self._stash)
        vars(item).pop("_excinfo", None)
        self._errors.clear()
        item._initrequest()
        item._request._fixture_defs.update(self._wide_definitions)
        item.funcargs.update(self._wide_values)
        if self._own_instance:
            # As pytest does it for each test of a class. Until 8.1 it did so when the item was made.
            if hasattr(item, "_instance"):
                del item._instance
            item._obj = None
            if not hasattr(type(item), "_getinstance"):
                fresh = item.parent.newinstance() if hasattr(item.parent, "newinstance") else item.cls()
                item._obj = getattr(fresh, item.originalname)

    @contextmanager
    def of_one_run(self) -> Iterator[Callable[[bool], None]]:
        """Around one run: what it prints, logs and warns of does not pile up. To be told whether the run has failed."""
        self._drop_output()

        def note(failed: bool) -> None:
            if failed or not self._taken:
                self._taken, (self._out_err, self._logged) = True, self._take_output()

        with warnings.catch_warnings(record=True) as caught:
            yield note
        for warning in caught:
            key = (warning.category, str(warning.message), warning.filename, warning.lineno)
            if key not in self._warned:
                self._warned.add(key)
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno, source=warning.source)

    def _take_output(self) -> tuple[tuple[str, str], str]:
        out, err = ("", "")
        if self._capture is not None and self._capture.is_globally_capturing():
            out, err = self._capture.read_global_capture()
        logged = "" if self._logging is None else self._logging.report_handler.stream.getvalue()
        return (out, err), logged

    def _drop_output(self) -> None:
        if self._capture is not None and self._capture.is_globally_capturing():
            self._capture.read_global_capture()
        if self._logging is not None:
            self._logging.caplog_handler.clear()
            self._logging.report_handler.reset()

    def print_again(self) -> None:
        """Leave the output of the run that failed where pytest looks for it."""
        self._drop_output()
        if self._capture is not None and self._capture.is_globally_capturing():
            out, err = self._out_err
            sys.stdout.write(out)
            sys.stderr.write(err)
        if self._logging is not None:
            self._logging.report_handler.stream.write(self._logged)

    def same_folder(self, factory: Any) -> Any:
        """One directory for `tmp_path` in all runs, empty at the beginning of each: its name is the program's to see."""
        if self._folder is None:
            self._folder = factory.mktemp(re.sub(r"\W", "_", self._item.name)[:30], numbered=True)
        elif any(self._folder.iterdir()):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(exist_ok=True)
        return self._folder

    # ------------------------------------------------------------------ what unittest and subtests have caught

    def collected(self) -> list[BaseException]:
        """What was raised in the run and kept for the report."""
        errors = [excinfo.value for excinfo in vars(self._item).pop("_excinfo", None) or ()]
        return [*errors, *self._errors]

    def _note_subtest(self, case: Any, test: Any, error: Any) -> None:
        if error is not None:
            self._errors.append(error[1] if isinstance(error, tuple) else error.value)

    def keep_subtests(self, subtests: Any) -> None:
        """Have the reports of a `subtests` fixture kept here: the subtests of some hundred runs are nobody's interest."""
        for name in ("_ihook", "ihook"):
            if hasattr(subtests, name):
                object.__setattr__(subtests, name, _QuietHooks(getattr(subtests, name), self._errors))

    # ------------------------------------------------------------------ at the end

    def say(self, words: str) -> None:
        """What the report is to say about the test."""
        self._said.append((PROPERTY, words))

    def remember_replay(self, line: str) -> None:
        """How the report says to see the failure again."""
        self._said.append(("detsched_replay", line))

    def restore(self) -> None:
        """After the last run: what the report is to hold."""
        item = self._item
        vars(item).pop("addSubTest", None)
        vars(item).pop("_excinfo", None)  # what unittest has caught of the end of a run
        item.user_properties.extend(self._said)
        forget_subtests(item)


class _QuietHooks:
    """Hooks that make reports of subtests, and send none."""

    def __init__(self, hooks: Any, errors: list[BaseException]) -> None:
        self._hooks, self._errors = hooks, errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hooks, name)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        if call.excinfo is not None and not isinstance(call.excinfo.value, (pytest.skip.Exception, pytest.xfail.Exception)):
            self._errors.append(call.excinfo.value)
        return self._hooks.pytest_runtest_makereport(item=item, call=call)

    def pytest_runtest_logreport(self, report: Any) -> None:
        pass


def forget_subtests(item: Any) -> None:
    """Take back what pytest has counted: the failure is raised as the test's own."""
    module: Any = sys.modules.get("_pytest.subtests")
    if module is not None and module.failed_subtests_key in item.config.stash:
        item.config.stash[module.failed_subtests_key].pop(item.nodeid, None)


def make_instance(item: Any) -> None:
    """The instance that fixtures of class scope are bound to. Until 8.1 the setup of a TestCaseFunction made it; later it is made when asked for."""
    if _is_case(item) and not hasattr(type(item), "_getinstance"):
        item._testcase = item.parent.obj(item.name)
        item._obj = getattr(item._testcase, item.name)


def _is_case(item: Any) -> bool:
    module: Any = sys.modules.get("_pytest.unittest")
    return module is not None and isinstance(item, module.TestCaseFunction)
