"""datetime on the virtual clock.

`datetime` is a class in C whose identity matters: programs compare types, pickle instances and subclass it. So it is not
replaced by another class; the methods that ask the machine for the time are, in place.
"""

from __future__ import annotations

import ctypes
import datetime as _real
import gc
import time
import warnings
from types import BuiltinFunctionType
from typing import Any

from _thread import get_ident

from .._core.active import active
from .outside import like

_class: Any = _real.datetime
_now, _utcnow, _fromtimestamp = (vars(_class)[name] for name in ("now", "utcnow", "fromtimestamp"))
_today = vars(_real.date)["today"]


def now(cls: Any, tz: Any = None) -> Any:
    """The current date and time of the run, local or in a time zone."""
    if active.ident != get_ident() or active.execution.clock.real:  # type: ignore[union-attr]
        return _now.__get__(None, cls)(tz)
    return _fromtimestamp.__get__(None, cls)(time.time(), tz)


def utcnow(cls: Any) -> Any:
    """The current date and time of the run in UTC, without a time zone."""
    if active.ident != get_ident() or active.execution.clock.real:  # type: ignore[union-attr]
        return _utcnow.__get__(None, cls)()
    if "utcnow() is deprecated" in _deprecated():
        warnings.warn(_deprecated(), DeprecationWarning, stacklevel=2)
    return _fromtimestamp.__get__(None, cls)(time.time(), _real.timezone.utc).replace(tzinfo=None)


def is_alias(value: Any) -> bool:
    """Whether a value is one of the real methods, bound to its class: what `now = datetime.now` keeps."""
    if type(value) is not BuiltinFunctionType or value.__name__ not in ("now", "utcnow", "today"):
        return False
    return isinstance(value.__self__, type) and issubclass(value.__self__, _real.date)


def alias(value: Any) -> Any:
    """What stands for it while ours are in place."""
    return getattr(value.__self__, value.__name__)


_message: list[str] = []


def _deprecated() -> str:
    """What this interpreter says of utcnow: its own words, asked for once."""
    if not _message:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _utcnow.__get__(None, _class)()
        _message.append(str(caught[0].message) if caught else "")
    return _message[0]


def today(cls: Any) -> Any:
    """The current date of the run; of `datetime`, and classes of the program's own, by their own `fromtimestamp`."""
    if active.ident != get_ident() or active.execution.clock.real:  # type: ignore[union-attr]
        return _today.__get__(None, cls)()
    return cls.fromtimestamp(time.time())


# Kept for good: method caches refer to them without holding them.
_METHODS: list[tuple[Any, str, Any, Any]] = [
    (_class, "now", _now, classmethod(like(_now, now))),
    (_class, "utcnow", _utcnow, classmethod(like(_utcnow, utcnow))),
    (_real.date, "today", _today, classmethod(like(_today, today))),
]


def install() -> None:
    """Put the methods in place."""
    for cls, name, _, ours in _METHODS:
        _store(cls, name, ours)


def remove() -> None:
    """Undo `install`."""
    for cls, name, real, _ in _METHODS:
        _store(cls, name, real)


def _store(cls: Any, name: str, method: Any) -> None:
    # Classes in C refuse setattr; their dictionary is what vars() is a view of.
    attributes: list[dict[str, Any]] = [thing for thing in gc.get_referents(vars(cls)) if type(thing) is dict]
    attributes[0][name] = method
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))  # method caches have to learn of it
