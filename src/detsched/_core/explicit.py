"""Operations that a program asks for by name: `yield_point`, `access`, `choose`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

from _thread import get_ident

from ..errors import UncontrolledError
from .active import active
from .operation import READ, WRITE, Mode, Operation
from .resource import Resource

_T = TypeVar("_T")
_PLAIN = (str, int, bytes, bool, type(None))


class Given(Resource):
    """A resource that is named by what the program said, not by where it was made."""

    __slots__ = ()

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.file, self.line, self.nth, self.creator, self.run, self.given = kind, "", 0, 1, "", 0, name
        self.used_at = None

    def identity(self) -> tuple[object, ...]:
        return (self.kind, self.given)


class YieldPoint(Operation):
    """An explicit yield point: conflicts with every other one."""

    __slots__ = ("_label",)
    kind = "yield point"

    def __init__(self, resource: Resource, label: str | None) -> None:
        self.resource = resource
        self._label = label

    def apply(self) -> None:
        return None

    def changes(self) -> bool:
        return False  # a thread that yields for ever makes no progress

    def parts(self) -> tuple[str, str]:
        return self.kind, self._label or ""


class Access(Operation):
    """An explicit access to a location."""

    __slots__ = ("mode",)
    kind = "access"

    def __init__(self, resource: Resource, mode: Mode) -> None:
        self.resource = resource
        self.mode = mode

    def apply(self) -> None:
        return None

    def parts(self) -> tuple[str, str]:
        return "write" if self.mode is WRITE else "read", str(self.resource)


class Choose(Operation):
    """A value taken from the choice stream. Conflicts with nothing."""

    __slots__ = ("_count", "answer")
    kind = "choose"

    def __init__(self, count: int) -> None:
        self.resource = None
        self._count = count
        self.answer = -1

    @property
    def options(self) -> int:  # type: ignore[override]
        return self._count

    def apply(self) -> int:
        assert active.execution is not None
        self.answer = active.execution.answer(self._count)
        return self.answer

    def parts(self) -> tuple[str, str]:
        return f"choose option {self.answer + 1} of {self._count}" if self.answer >= 0 else f"choose one of {self._count}", ""


def yield_point(label: str | None = None) -> None:
    """Let the scheduler switch here. `label` names the place in reports. Does nothing outside a run.

    >>> yield_point("between check and act")
    """
    if active.ident == get_ident():
        active.perform(YieldPoint(_shared("yield points", None, None), label))


def access(obj: object, key: Hashable = None, *, write: bool) -> None:
    """Say that the next thing done is an access to `obj`, or to the part of it that `key` names: a row, a file, a field in C.

    Two accesses to one location conflict if one of them writes. Does nothing outside a run.

    >>> access(open, "accounts.db", write=True)
    """
    if active.ident == get_ident():
        active.perform(Access(_shared("location", obj, key), WRITE if write else READ))


def choose(options: Sequence[_T]) -> _T:
    """One of `options`, as the strategy says: a nondeterministic value that is part of the schedule.

    Raises UncontrolledError outside a run, ValueError for no options.

        reply = detsched.choose(["ok", "timeout", "refused"])
    """
    options = list(options)
    if active.ident != get_ident():
        raise UncontrolledError("choose() takes its answer from the schedule of a run, and this is not in one: call it inside detsched.run()")
    if not options:
        raise ValueError("choose() wants at least one option")
    index: int = active.perform(Choose(len(options)))
    return options[index]


def name(obj: _T, text: str) -> _T:
    """Call `obj` by `text` in reports; returns `obj`.

    >>> lock = name([], "accounts")
    """
    state = getattr(obj, "_state", None)
    if not isinstance(state, Resource):
        state = getattr(obj, "_detsched", None)
    if isinstance(state, Resource):
        state.given = text
    elif active.ident == get_ident():
        assert active.execution is not None
        active.execution.named[id(obj)] = (obj, text)
    return obj


def _shared(kind: str, obj: Any, key: Any) -> Resource:
    """The resource of a location, the same one for the whole run."""
    execution = active.execution
    assert execution is not None
    known = execution.locations
    place = (kind, id(obj), _plain(key))
    found = known.get(place)
    if found is None:
        called = execution.named.get(id(obj), (None, None))[1] or type(obj).__name__
        part = "" if key is None else f"[{key!r}]" if _is_plain(key) else f"[{type(key).__name__}]"
        # The object is kept until the run ends, so that no other one gets its id.
        found = known[place] = (Given(kind, (kind if obj is None else called) + part), obj)
    return found[0]


def _is_plain(key: object) -> bool:
    return type(key) in _PLAIN or (type(key) is tuple and all(map(_is_plain, key)))


def _plain(key: Any) -> Any:
    # Keys are equal by value where they are of plain types. The code of any other key's __eq__ must not run in the engine,
    # so all of those are one location: conflicts that are not there may be seen, none is missed.
    if type(key) is tuple:
        return tuple(map(_plain, key))
    return (type(key), key) if _is_plain(key) else "other"
