"""datetime on the virtual clock.

`datetime` is a class in C whose identity matters: programs compare types, pickle instances and subclass it. So it is not
replaced by another class; its two methods that ask the machine for the time are, in place. (`date.today` and
`datetime.today` go through `time.time` already.)
"""

from __future__ import annotations

import ctypes
import datetime as _real
import gc
import time
import warnings
from typing import Any

from _thread import get_ident

from .._core.active import active

_class: Any = _real.datetime
_now, _utcnow, _fromtimestamp = (vars(_class)[name] for name in ("now", "utcnow", "fromtimestamp"))


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


_message: list[str] = []


def _deprecated() -> str:
    """What this interpreter says of utcnow: its own words, asked for once."""
    if not _message:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _utcnow.__get__(None, _class)()
        _message.append(str(caught[0].message) if caught else "")
    return _message[0]


def _attributes() -> dict[str, Any]:
    # Classes in C refuse setattr; their dictionary is what vars() is a view of.
    found: list[dict[str, Any]] = [thing for thing in gc.get_referents(vars(_class)) if type(thing) is dict]
    return found[0]


_ours = classmethod(now), classmethod(utcnow)  # kept for good: method caches refer to them without holding them


def install() -> None:
    """Put the methods in place."""
    _store(*_ours)


def remove() -> None:
    """Undo `install`."""
    _store(_now, _utcnow)


def _store(now: Any, utcnow: Any) -> None:
    attributes = _attributes()
    attributes["now"], attributes["utcnow"] = now, utcnow
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(_class))  # method caches have to learn of it
