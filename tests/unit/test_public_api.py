"""The public interface: what is exported, and what importing it costs."""

import inspect
import os
import subprocess
import sys
import types

import pytest

import detsched

CONTRACT = {
    *("run", "replay", "record", "explore", "check", "interleave", "example", "patched", "yield_point", "access", "choose", "name", "current_run"),
    *("Settings", "Strategy", "Schedule", "Run", "Exploration", "Failure", "TraceEvent"),
    *("DetschedError", "DeadlockError", "LivelockError", "LimitError", "DataRaceError", "DivergenceError", "UncontrolledError"),
    *("InvalidSchedule", "InvalidSettings", "InternalError"),
}
SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))


def in_a_new_process(code):
    """What a piece of code prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env={**os.environ, "PYTHONPATH": SOURCE}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_all_is_sorted():
    """`__all__` is sorted, without a name twice."""
    assert list(detsched.__all__) == sorted(set(detsched.__all__))


def test_the_contract_is_there():
    """Every name of the contract is exported."""
    assert CONTRACT - set(detsched.__all__) == set()


@pytest.mark.parametrize("name", detsched.__all__)
def test_every_name_resolves_and_has_a_docstring(name):
    """Every exported name resolves, to something with a docstring."""
    thing = getattr(detsched, name)

    assert inspect.getdoc(thing)
    assert not isinstance(thing, types.ModuleType)


@pytest.mark.parametrize("name", [n for n in detsched.__all__ if n[0].isupper()])
def test_public_members_have_docstrings(name):
    """Public methods and properties of exported classes have docstrings of their own."""
    cls = getattr(detsched, name)
    missing = [
        member
        for member, value in vars(cls).items()
        if not member.startswith("_") and isinstance(value, (types.FunctionType, property, classmethod, staticmethod)) and not inspect.getdoc(value)
    ]

    assert missing == []


@pytest.mark.parametrize("name", [n for n in detsched.__all__ if n.endswith("Error") or n.startswith("Invalid")])
def test_exceptions(name):
    """Every exception is a DetschedError, and an Exception that programs may catch."""
    error = getattr(detsched, name)

    assert issubclass(error, detsched.DetschedError)
    assert issubclass(error, Exception)


def test_star_import():
    """`from detsched import *` binds what is in `__all__`."""
    scope = {}
    exec("from detsched import *", scope)

    assert set(scope) - {"__builtins__"} == set(detsched.__all__)


def test_dir():
    """`dir()` shows every exported name, imported or not."""
    names = in_a_new_process("import detsched; print(*dir(detsched))").split()

    assert set(detsched.__all__) <= set(names)


def test_unknown_name():
    """An unknown name is an AttributeError."""
    with pytest.raises(AttributeError, match="module 'detsched' has no attribute 'runn'"):
        detsched.runn


def test_import_is_lazy():
    """`import detsched` imports nothing of the engine, and next to nothing else."""
    loaded = in_a_new_process("import sys; before = set(sys.modules); import detsched; print(*sorted(set(sys.modules) - before))").split()

    assert "detsched._core" not in loaded
    assert [name for name in loaded if name.startswith("detsched.")] == []


def test_import_of_threading_is_light():
    """`from detsched import threading` imports no search, no report and no strategy."""
    loaded = in_a_new_process("import sys; from detsched import threading; print(*sys.modules)").split()

    assert [name for name in loaded if name.startswith(("detsched._search", "detsched._report", "detsched.strategies", "detsched._world"))] == []


def test_import_changes_nothing():
    """Importing all of detsched patches nothing."""
    code = (
        "import threading, time, queue; before = [dict(vars(m)) for m in (threading, time, queue)];"
        "import detsched; from detsched import *; detsched.threading;"
        "print([k for m, b in zip((threading, time, queue), before) for k in b if vars(m)[k] is not b[k]])"
    )

    assert in_a_new_process(code) == "[]"


@pytest.mark.parametrize("first", ["choose", "yield_point", "access", "name", "current_run", "Schedule", "threading"])
def test_first_used_inside_a_run(first):
    """A name that is first used inside a run works there as anywhere: it was not loaded with patched names in it."""
    use = {
        "choose": "detsched.choose([1])",
        "yield_point": "detsched.yield_point()",
        "access": "detsched.access(object(), write=True)",
        "name": "detsched.name([], 'x'), detsched.yield_point()",
        "current_run": "detsched.current_run().steps, detsched.yield_point()",
        "Schedule": "detsched.Schedule, detsched.yield_point()",
        "threading": "detsched.threading.Lock().acquire()",
    }[first]

    assert in_a_new_process(f"import detsched; print([detsched.record(lambda: (({use}), detsched.current_run() is not None)[1]).value for _ in range(2)])") == "[True, True]"
    assert in_a_new_process(f"import detsched; print([detsched.record(lambda: ({use})).steps for _ in range(2)])") == "[1, 1]"


def test_version():
    """There is a version."""
    assert detsched.__version__.count(".") == 2


def test_typed():
    """The package is marked as typed."""
    assert os.path.exists(os.path.join(os.path.dirname(detsched.__file__), "py.typed"))


@pytest.mark.parametrize("name", ["run", "record", "replay", "explore", "check"])
def test_signatures(name):
    """A program and its arguments by position, settings by name."""
    parameters = list(inspect.signature(getattr(detsched, name)).parameters.values())

    assert parameters[0].kind is inspect.Parameter.POSITIONAL_ONLY
    assert parameters[1].kind is inspect.Parameter.VAR_POSITIONAL
    assert all(p.kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD) for p in parameters[2:])


def test_frozen_values():
    """Schedules, failures and events cannot be changed."""
    run = detsched.record(lambda: detsched.threading.Lock().acquire())
    failed = detsched.record(lambda: 1 / 0)

    for thing, name in ((run.schedule, "program"), (failed.failure, "kind"), (run.trace[0], "step")):
        with pytest.raises(AttributeError):
            setattr(thing, name, None)
