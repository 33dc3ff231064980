"""Hooks: methods that are ours under control and the standard library's outside.

The standard library's own classes are steered, not replaced: programs subclass `threading.Thread` and `threading.Condition`,
and make instances, before control begins. So our classes are subclasses of the standard library's over the same attributes,
and while patched the same methods stand in the standard library's classes too.
"""

from __future__ import annotations

import threading
from types import FrameType, FunctionType
from typing import Any

from .._core.active import active
from .._core.resource import Resource, caller
from .._core.trespass import outside

_STATE = "_detsched"


class Hooks:
    """The methods to put into a class of `threading` while patched, with what they replace."""

    def __init__(self) -> None:
        self.table: list[tuple[type, str, Any]] = []

    def add(self, target: type, names: dict[str, Any]) -> None:
        """Methods for a class of the standard library, by name."""
        self.table += [(target, name, function) for name, function in names.items()]


hooks = Hooks()


def original(cls: type, name: str) -> Any:
    """A method of the standard library's class as it was before anybody patched it."""
    return vars(cls)[name]


def copy_identity(function: Any, of: Any) -> None:
    """Make a hook look like what it stands for: name, docstring and signature."""
    function.__name__, function.__qualname__, function.__doc__ = of.__name__, of.__qualname__, of.__doc__
    function.__module__ = "threading"
    function.__wrapped__ = of


def controlled_init(init: Any, **instead: Any) -> Any:
    """A constructor of the standard library's `threading`, with some of the globals that it uses meaning something else."""
    made = FunctionType(init.__code__, {**vars(threading), **instead}, init.__name__, init.__defaults__, init.__closure__)
    made.__kwdefaults__ = init.__kwdefaults__
    return made


_condition_init = original(threading.Condition, "__init__")


def plain_condition(lock: Any) -> threading.Condition:
    """A condition as the standard library's other primitives have inside. Under control nobody looks at it."""
    condition = threading.Condition.__new__(threading.Condition)
    _condition_init(condition, lock)
    return condition


def _hash(self: Any) -> int:
    state = self.__dict__.get(_STATE)
    number = None if state is None else state.hash()  # sets of primitives iterate alike in every process
    return object.__hash__(self) if number is None else number


def stand_for(target: type, cls: type, names: tuple[str, ...]) -> None:
    """Let the methods of `cls` stand in `target` while patched."""
    type.__setattr__(cls, "__hash__", _hash)
    found = {"__hash__": _hash}
    for name in names:
        function = vars(cls)[name]
        if name in vars(target):
            copy_identity(function, vars(target)[name])
        found[name] = function
    hooks.add(target, found)
    cls.__module__ = "threading"


def state_of(thing: Any, kind: type[Resource], frame: FrameType | None = None) -> Any:
    """The engine's state about an instance; made on first use for instances from before control."""
    state = thing.__dict__.get(_STATE)
    if state is None:
        state = thing.__dict__[_STATE] = kind(type(thing).__name__, frame)
    return state


def foreign(thing: Any) -> None:
    """Refuse what the run has made to threads that are not of the run."""
    if active.execution is not None:
        outside(thing.__dict__.get(_STATE))


def identify(thing: Any, kind: type[Resource]) -> None:
    """Give a new instance its identity: the line that makes it."""
    thing.__dict__[_STATE] = kind(type(thing).__name__, caller())


__all__ = ["copy_identity", "foreign", "hooks", "identify", "original", "stand_for", "state_of"]
