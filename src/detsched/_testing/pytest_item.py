"""A test of pytest as a program: its function-scoped fixtures, its body and its teardown are one run.

The item keeps its place in pytest's protocol. Three of its methods are shadowed for one pass: `setup` makes the fixtures of
wider scopes alone, `runtest` makes the runs, `teardown` has nothing left to do. In each run pytest's own SetupState pushes the
item, which makes its fixtures, and pops it, which finishes them. So hooks of other plugins see one test, once.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from _thread import get_ident

from .._core.active import active
from .._core.schedule import Schedule, program_digest
from .._core.unwind import Unwind
from .._report.text import verdict
from .._search.explore import Exploration
from .._search.run import check_schedule, in_program, recorded
from .._search.session import Done
from .._search.state import INTERLEAVED
from ..errors import DetschedError, InvalidSettings
from ..settings import Settings, settle
from ..strategies import Strategy, Turn
from .body import Body
from .interleave import EXAMPLES, MARK, Mark, check_body, draws_inside
from .pytest_state import PROPERTY, ItemState, check_pytest, make_instance
from .saved import Saved, search_with_saved
from .trial import Trial, outcomes

IMPLIED = {"runs": 1, "shrink": False, "max_steps": 1_000_000, "thread_exceptions": "print", "uncontrolled": "warn"}
"""The defaults for tests that do not ask for control themselves."""


def drive(item: pytest.Function, marks: Sequence[pytest.Mark], decorated: Mark | None, schedule: Schedule | None) -> Driver | _UnderHypothesis | None:
    """Put a test under control, if that is what its marks say."""
    __tracebackhide__ = True
    try:
        given: dict[str, Any] = {} if decorated is None else dict(decorated.settings)
        for mark in reversed(marks):  # the closest comes last
            _check_mark(mark)
            given.update(mark.kwargs)
        if decorated is not None:
            decorated.left_alone = bool(marks) and marks[0].args == (False,)
        if marks and marks[0].args == (False,):
            return None
        implied = not marks and decorated is None
        defaults = {"strategy": "auto", "keep_going": False, "shrink": True, **(IMPLIED if implied else {})}
        if getattr(item.obj, "is_hypothesis_test", False):
            return _UnderHypothesis(item, given, IMPLIED if implied else {}, schedule)
        settings = settle(given, defaults)
        check_pytest(item)
        if item.config.option.setupshow:
            settings = settings.replace(runs=1)
        return Driver(item, settings, implied, schedule)
    except DetschedError as error:
        wrong = str(error)
    pytest.fail(f"detsched: {wrong}", pytrace=False)


def _check_mark(mark: pytest.Mark) -> None:
    if mark.args and (mark.kwargs or len(mark.args) > 1 or type(mark.args[0]) is not bool):
        words = ", ".join([*map(repr, mark.args), *(f"{name}={value!r}" for name, value in mark.kwargs.items())])
        raise InvalidSettings(f"@pytest.mark.detsched({words}): write settings by name, as in detsched(runs=100), or detsched(False) to leave the test alone")


def name_of(item: pytest.Function) -> str:
    """What tokens call the test: the qualified name of its function, and its parameters."""
    function = getattr(item.obj, "__func__", item.obj)
    name = getattr(function, "__qualname__", item.originalname or item.name)
    callspec = getattr(item, "callspec", None)
    return name if callspec is None else f"{name}[{callspec.id}]"


class _Named:
    def __init__(self, name: str) -> None:
        self.__detsched_name__ = name


def digest_of(item: pytest.Function) -> str:
    """What a token says about the test."""
    return program_digest(_Named(name_of(item)))  # type: ignore[arg-type]


@contextmanager
def outside() -> Iterator[None]:
    """What is done within is no part of the run that goes on here."""
    if active.ident != get_ident():
        yield
        return
    holder, active.ident = active.ident, 0
    try:
        yield
    finally:
        active.ident = holder


class LeaveAlone(BaseException):
    """The test begins runs of its own: it cannot be one."""


class _ItemTrial(Trial):
    """Gives each run of an item the state of a first one."""

    def __init__(self, driver: Driver, settings: Settings) -> None:
        super().__init__(driver, settings)
        self._driver = driver
        self.count_orderings = driver.item.config.option.verbose > 0
        self.silent = driver.implied

    def within_reach(self) -> tuple[object, ...]:
        item: Any = self._driver.item
        fixtures = [definition.func for definitions in item._fixtureinfo.name2fixturedefs.values() for definition in definitions]
        return (*super().within_reach(), item.cls, *fixtures)

    def run(self, strategy: Strategy, turn: Turn, observers: Any = ()) -> Done:
        driver = self._driver
        with driver.state.of_one_run() as note:
            driver.begin()
            try:
                done = super().run(strategy, turn, observers)
            finally:
                driver.end()
            note(bool(done.failures))
        if self.nested and driver.implied:
            raise LeaveAlone
        return done


class Driver:
    """Makes the runs of one item. Itself the program: a call is a run."""

    def __init__(self, item: pytest.Function, settings: Settings, implied: bool, schedule: Schedule | None) -> None:
        self.item = item
        self.implied = implied
        self._report = ""
        self._settings = settings
        self._schedule = schedule
        self._stack: Any = item.session._setupstate
        self._finalizers: list[Callable[[], object]] = []
        self._outcomes = outcomes()
        self._swallowed: tuple[type[BaseException], ...] = (Exception, pytest.fail.Exception, *self._outcomes)
        self._unexpected: BaseException | None = None
        self.__detsched_name__ = self.__name__ = name_of(item)
        setattr(self, MARK, getattr(item.obj, MARK, None))
        self.saved = Saved(settings, str(item.config.rootpath), item.nodeid)
        shadows: Any = item
        shadows.setup, shadows.teardown, shadows.runtest = self._set_up_wide, _nothing, self.explore

    def report_of(self, error: BaseException) -> str:
        """What the report of pytest is to say in a section of its own."""
        return self._report

    def remove(self) -> None:
        """Give the item its own methods back."""
        for name in ("setup", "teardown", "runtest"):
            vars(self.item).pop(name, None)

    # ------------------------------------------------------------------ the phases of pytest

    def _set_up_wide(self) -> None:
        item: Any = self.item
        make_instance(item)
        for name in item.fixturenames:
            if self._is_wide(name):
                item.funcargs[name] = item._request.getfixturevalue(name)

    def _is_wide(self, name: str) -> bool:
        item: Any = self.item
        definitions = item._fixtureinfo.name2fixturedefs.get(name)
        if not definitions:
            return False
        scope = definitions[-1].scope
        callspec = getattr(item, "callspec", None)
        if callspec is not None and name in callspec._arg2scope:
            scope = callspec._arg2scope[name].value
        # A fixture of class scope belongs to the item itself where there is no class.
        return scope != "function" and (scope != "class" or item.cls is not None)

    def explore(self) -> None:
        """The call phase: make the runs, and raise what they came to."""
        __tracebackhide__ = True
        self.remove()
        item: Any = self.item
        self.state = ItemState(item)
        wide = {name: value for name, value in item.funcargs.items() if name in item._fixtureinfo.argnames}
        setattr(self, INTERLEAVED, functools.partial(getattr(item.obj, "__func__", item.obj), **wide))
        self.trial = _ItemTrial(self, self._settings)
        try:
            self.trial.refuse_inside_a_run()
            try:
                self._replay(self._schedule) if self._schedule is not None else self._search()
                return
            except LeaveAlone:
                self.state.say("left alone, for it makes runs of its own")
            self._run_alone()
        finally:
            self.state.restore()

    def _run_alone(self) -> None:
        __tracebackhide__ = True
        self.begin()
        try:
            self._run()
        finally:
            self.end()

    def _search(self) -> None:
        __tracebackhide__ = True
        trial = self.trial
        exploration = search_with_saved(trial, getattr(self.item.obj, EXAMPLES, ()), self.saved)
        self.state.say(_summary(exploration, trial))
        failure = exploration.failure
        if failure is not None:
            self._prepare(failure.exception, verdict(failure), None if failure.kind == "divergence" else failure.schedule, exploration.report())
            raise in_program(failure.exception)
        self._raise_other()

    def _replay(self, schedule: Schedule) -> None:
        __tracebackhide__ = True
        schedule = check_schedule(self.trial, schedule, {})
        with self.trial:
            run = recorded(self.trial, schedule)
        self.state.say("replayed")
        if run.failure is not None:
            self._prepare(run.failure.exception, verdict(run.failure), None, run.report())
            raise in_program(run.failure.exception)
        self._raise_other()

    def _raise_other(self) -> None:
        __tracebackhide__ = True
        self.trial.raise_outcome()
        if self._unexpected is not None:
            raise self._unexpected

    def _prepare(self, error: BaseException, verdict: str, schedule: Schedule | None, report: str) -> None:
        self.state.print_again()
        self._report = report
        if schedule is not None:
            line = self.__detsched_replay__(str(schedule))
            self.state.remember_replay(line)
            error.add_note(f"{verdict}\nreplay: {line}")
        else:
            error.add_note(verdict)

    def __detsched_replay__(self, token: str) -> str:
        """The line that shows a failure again."""
        config = self.item.config
        _, colons, rest = self.item.nodeid.partition("::")
        path = os.path.relpath(self.item.path, config.invocation_params.dir)
        args = list(config.invocation_params.args)
        loaded = "-p detsched.pytest_plugin " if "detsched.pytest_plugin" in args or "-pdetsched.pytest_plugin" in args else ""
        pytest_command = "python3 -m pytest" if os.path.basename(sys.argv[0]) == "__main__.py" else "pytest"
        return f"{pytest_command} {loaded}{shlex.quote(path + colons + rest)} --detsched-schedule={self.saved.keep(Schedule.parse(token))}"

    def keep_subtests(self, subtests: Any) -> None:
        """A fixture that reports by itself is being made."""
        self.state.keep_subtests(subtests)

    def same_folder(self, factory: Any) -> Any:
        """The folder that `tmp_path` is in every run."""
        return self.state.same_folder(factory)

    # ------------------------------------------------------------------ one run

    def begin(self) -> None:
        """Before a run, outside of it: nothing of an earlier one is left."""
        self._stack.teardown_exact(self.item.parent)
        self.state.refresh()

    def __call__(self) -> None:
        __tracebackhide__ = True
        try:
            self._run()
        except self._outcomes as error:
            self.trial.says(error)
        else:
            self.trial.passed()

    def _run(self) -> None:
        __tracebackhide__ = True
        item: Any = self.item
        try:
            self._stack.setup(item)
            type(item).runtest(item)
            self._raise_collected()
        except Unwind:
            raise  # teardown comes after the run: here nothing that waits would come to its end
        except BaseException as error:
            try:
                self._tear_down()
            except Unwind:
                raise
            except BaseException as other:
                error.add_note(f"and at teardown: {type(other).__name__}: {other}")
            raise
        self._tear_down()

    def _raise_collected(self) -> None:
        """What a TestCase has raised, which unittest has caught."""
        __tracebackhide__ = True
        if active.execution is not None and active.execution.unwinding:
            raise Unwind
        for error in self.state.collected():
            if getattr(self.item.obj, "__unittest_expecting_failure__", False) and _is_unexpected_success(error):
                self._unexpected = error  # of this run: another one may fail as expected
                continue
            raise error

    def _tear_down(self) -> None:
        __tracebackhide__ = True
        if self.item in self._stack.stack:
            self._finalizers = self._stack.stack[self.item][0]
        self._stack.teardown_exact(self.item.parent)

    def end(self) -> None:
        """After a run, outside of it: finish what the end of the run has cut off."""
        if self.item in self._stack.stack:
            self._finalizers = self._stack.stack[self.item][0]
        while self._finalizers:
            try:
                self._finalizers.pop()()
            except self._swallowed:
                pass  # the run has its verdict
        try:
            self._stack.teardown_exact(self.item.parent)
        except self._swallowed:
            pass


def _is_unexpected_success(error: BaseException) -> bool:
    return isinstance(error, pytest.fail.Exception) and not isinstance(error, pytest.xfail.Exception) and str(error).startswith("Unexpected success")


class _UnderHypothesis:
    """A test of Hypothesis: each drawn example is a search of its own, with the fixtures that Hypothesis gives to all of them."""

    def __init__(self, item: pytest.Function, given: dict[str, Any], defaults: dict[str, Any], schedule: Schedule | None) -> None:
        self._handle: Any = item.obj.hypothesis
        self._inner = inner = self._handle.inner_test
        mark: Mark | None = getattr(inner, MARK, None)
        body = inner if mark is None else mark.function
        given = given if mark is None else {**mark.settings, **given}
        examples = (*([] if schedule is None else [schedule]), *getattr(inner, EXAMPLES, ()))
        settle(given, defaults)
        item.user_properties.append((PROPERTY, "each drawn example by itself"))

        @functools.wraps(inner)
        def interleaved(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            if defaults and draws_inside(args, kwargs):
                inner(*args, **kwargs)  # nobody has asked for control of this one
            else:
                check_body(Body(body, args, kwargs), given, examples, {} if mark is not None else defaults)

        self._handle.inner_test = interleaved

    def report_of(self, error: BaseException) -> str:
        """The answer to Hypothesis's deadline, which all the runs of one example have to keep together."""
        late = {type(one).__name__ for one in (error, *getattr(error, "exceptions", ()), error.__cause__)} & {"DeadlineExceeded"}
        return "detsched: many runs of one example take longer than one. Write @hypothesis.settings(deadline=None), or fewer runs" if late else ""

    def keep_subtests(self, subtests: Any) -> None:
        """Reports of subtests go where they always go."""

    def same_folder(self, factory: Any) -> None:
        """Hypothesis has one `tmp_path` for all of its examples anyway."""

    def remove(self) -> None:
        """Give the test its own body back."""
        self._handle.inner_test = self._inner


def _nothing() -> None:
    pass


def _summary(exploration: Exploration[Any], trial: Trial) -> str:
    words = [_count(exploration.runs, "run")]
    if not exploration.steps:
        words.append("no yield point")
    elif trial.count_orderings:
        words.append(_count(len(exploration.orderings), "ordering"))
        words.append("complete" if exploration.complete else "not complete")
    if trial.skipped:
        words.append(f"{trial.skipped} skipped")
    return ", ".join(words)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
