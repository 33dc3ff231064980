"""Decorators for tests: the body of the test becomes the program of check()."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, Unpack, overload

from .._core.schedule import Schedule
from .._search.explore import search
from .._search.run import check_schedule
from .._search.session import INTERLEAVED, Session
from ..errors import InvalidSettings
from ..settings import SettingsDict, settle

_F = TypeVar("_F", bound=Callable[..., Any])
_EXAMPLES = "__detsched_examples__"


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

    Raises InvalidSettings for settings that do not exist, where the decorator is written.
    """
    if function is None:
        settle(settings)
        return lambda inner: _wrap(inner, settings)
    if not callable(function):
        raise InvalidSettings(f"@detsched.interleave wants settings by name: @detsched.interleave(runs={function!r})")
    return _wrap(function, settings)


def _wrap(function: Any, settings: dict[str, Any]) -> Any:
    if isinstance(function, type):
        raise InvalidSettings(f"@detsched.interleave goes onto functions and methods, not onto the class {function.__name__}: decorate its tests")

    @functools.wraps(function)
    def run_interleaved(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        program = functools.partial(function, **kwargs) if kwargs else function
        session = Session.of(program, args, settings, {"strategy": "auto", "keep_going": False, "shrink": True})
        examples = tuple(check_schedule(session, schedule, {}) for schedule in getattr(run_interleaved, _EXAMPLES, ()))
        search(session, examples).raise_failure()

    setattr(run_interleaved, INTERLEAVED, function)
    if inspect.iscoroutinefunction(function):
        raise InvalidSettings(f"@detsched.interleave on the coroutine function {function.__name__}: write a plain test that calls asyncio.run() inside")
    return run_interleaved


def example(token: str | Schedule) -> Callable[[_F], _F]:
    """Try this schedule first, beside `interleave`: a failure that must not come back.

        @detsched.example("ds1~sync~…")
        @detsched.interleave
        def test_transfer(): ...
    """
    schedule = Schedule.parse(token)

    def mark(function: _F) -> _F:
        setattr(function, _EXAMPLES, (schedule, *getattr(function, _EXAMPLES, ())))
        return function

    return mark
