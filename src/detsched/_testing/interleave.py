"""Decorators for tests: the body of the test becomes the program of check()."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar, Unpack, overload

from _thread import get_ident

from .._core.active import active
from .._core.schedule import Schedule
from .._search import session as sessions
from .._search.run import check_schedule, recorded
from .._search.state import INTERLEAVED
from ..errors import InvalidSettings, UncontrolledError
from ..settings import SettingsDict, settle
from .body import Body
from .saved import Saved, search_with_saved
from .trial import Trial

_F = TypeVar("_F", bound=Callable[..., Any])
EXAMPLES = "__detsched_examples__"
MARK = "__detsched_mark__"
_RUNS_OF_DRAWN = 20
"""How many runs by default for each example that Hypothesis draws."""
_LONG_FOR_HYPOTHESIS = 0.1
"""Half of its default deadline, in seconds."""
__unittest = True  # its tracebacks begin at the test


@overload
def interleave(function: _F, /) -> _F: ...
@overload
def interleave(**settings: Unpack[SettingsDict]) -> Callable[[_F], _F]: ...
def interleave(function: Any = None, /, **settings: Any) -> Any:
    """Run a test under many schedules: each call of it becomes a `check` of its body.

        @detsched.interleave
        def test_transfer(): ...

        @detsched.interleave(runs=1000, seed=3)
        def test_transfer(): ...

    Goes onto functions and methods. A test of unittest.TestCase gets a fresh instance with its setUp for each run; under pytest
    the plugin of detsched makes fixtures anew for each run. Beneath Hypothesis's @given the drawn values stay fixed over 20 runs.
    A failure is saved, and tried first when the test runs again.

    Raises InvalidSettings for settings that do not exist, where the decorator is written.
    """
    if function is None:
        settle(settings)
        return lambda inner: _wrap(inner, settings)
    if not callable(function):
        raise InvalidSettings(f"@detsched.interleave wants settings by name: @detsched.interleave(runs={function!r})")
    return _wrap(function, settings)


def _wrap(function: Any, settings: dict[str, Any]) -> Any:
    name = getattr(function, "__name__", function)
    if isinstance(function, type):
        raise InvalidSettings(f"@detsched.interleave goes onto functions and methods, not onto the class {name}: decorate its tests")
    if inspect.iscoroutinefunction(function):
        raise InvalidSettings(f"@detsched.interleave on the coroutine function {name}: write a plain test that calls asyncio.run() inside")
    if getattr(function, "is_hypothesis_test", False):
        raise InvalidSettings(f"@detsched.interleave on {name}, which has @given beneath: write @given above, so that the drawn values stay fixed")
    mark = Mark(function, settings)

    @functools.wraps(function)
    def run_interleaved(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        if mark.is_driven():
            function(*args, **kwargs)
            return
        _refuse_where_it_cannot_be(function, kwargs)
        check_body(Body(function, args, kwargs), settings, getattr(run_interleaved, EXAMPLES, ()))

    setattr(run_interleaved, INTERLEAVED, function)
    setattr(run_interleaved, MARK, mark)
    return run_interleaved


class Mark:
    """What the decorator says about a function. Decorators above hand it on, with the rest of the function's attributes."""

    def __init__(self, function: Callable[..., Any], settings: dict[str, Any]) -> None:
        self.function = function
        self.settings = settings
        self.left_alone = False
        """Whether the test runner was told to leave the test alone."""

    def is_driven(self) -> bool:
        """Whether the plugin makes the runs, and this call is within one."""
        inside = sessions.running is not None and active.ident == get_ident()
        return self.left_alone or (inside and getattr(sessions.running.program, MARK, None) is self)  # type: ignore[union-attr]


def _refuse_where_it_cannot_be(function: Callable[..., Any], kwargs: dict[str, Any]) -> None:
    name = getattr(function, "__name__", "test")
    try:
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None:
            asyncio.get_running_loop()
            raise UncontrolledError(
                f"@detsched.interleave: {name}() was called inside a running event loop, which would stand still meanwhile: "
                f"call it from plain code, and asyncio.run() inside of it"
            )
    except RuntimeError:
        pass
    fixtures = set(kwargs) - _parameters_of(function)
    if fixtures and sys._getframe(2).f_globals.get("__name__") == "_pytest.python":
        raise InvalidSettings(
            f"@detsched.interleave: {name} uses fixtures ({', '.join(sorted(fixtures))}), which all its runs would share: "
            f"load the plugin of detsched, which makes them anew for each run (pytest -p detsched.pytest_plugin, or install detsched)"
        )


def _parameters_of(function: Callable[..., Any]) -> set[str]:
    names: set[str] = set()
    for mark in getattr(function, "pytestmark", ()):
        if mark.name == "parametrize" and mark.args:
            given = mark.args[0]
            names.update(map(str.strip, given.split(",")) if isinstance(given, str) else given)
    return names


def draws_inside(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a body is handed Hypothesis's `data()`, which gives other values in each run."""
    return any(type(value).__name__ == "DataObject" and type(value).__module__.startswith("hypothesis.") for value in (*args, *kwargs.values()))


def check_body(body: Body, settings: dict[str, Any], examples: Sequence[Schedule], defaults: Mapping[str, Any] = MappingProxyType({})) -> None:
    """Search the schedules of a body, and raise its first failure."""
    __tracebackhide__ = True
    if draws_inside(body.args, body.kwargs):
        raise InvalidSettings(f"{body.__name__} draws from data() inside, which gives other values in each run: draw in @given")
    hypothesis: Any = sys.modules.get("hypothesis")
    drawn = hypothesis is not None and getattr(hypothesis, "currently_in_test_context", bool)()
    # Hypothesis looks for simpler examples itself, through many calls: schedules are left as they are found there.
    usual = {"strategy": "auto", "keep_going": False, "shrink": not drawn, **({"runs": _RUNS_OF_DRAWN} if drawn else {})}
    session = body.trial = Trial(body, settle(settings, {**usual, **defaults}))
    session.refuse_inside_a_run()
    body.saved = Saved(session.settings, os.getcwd(), body.test_id)
    token = os.environ.get("DETSCHED_SCHEDULE")
    if token is not None and drawn:
        examples = (Schedule.parse(token), *examples)  # where it does not fit is another example than the one it was found with
    elif token is not None:
        schedule = check_schedule(session, token, {})
        with session:
            run = recorded(session, schedule)
        run.result()
        session.raise_outcome()
        return
    exploration = search_with_saved(session, examples, body.saved)
    if drawn and exploration.elapsed > _LONG_FOR_HYPOTHESIS:
        hypothesis.note(
            f"detsched: {exploration.runs} runs took {exploration.elapsed:.2f} s. Where that is beyond Hypothesis's deadline, "
            f"write @hypothesis.settings(deadline=None), or @detsched.interleave(runs=…) with fewer"
        )
    exploration.raise_failure()
    session.raise_outcome()


def example(token: str | Schedule) -> Callable[[_F], _F]:
    """Try this schedule first, beside `interleave`: a failure that must not come back.

        @detsched.example("ds1~sync~…")
        @detsched.interleave
        def test_transfer(): ...
    """
    schedule = Schedule.parse(token)

    def mark(function: _F) -> _F:
        setattr(function, EXAMPLES, (schedule, *getattr(function, EXAMPLES, ())))
        return function

    return mark
