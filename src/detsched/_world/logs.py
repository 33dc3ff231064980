"""logging: what a warm cache would change, and who is to be quiet."""

from __future__ import annotations

import logging
from typing import Any

from _thread import get_ident

from .._core.active import active

_is_enabled_for = logging.Logger.isEnabledFor


def is_enabled_for(self: Any, level: int) -> bool:
    """Whether a logger takes a level. A miss of its cache takes logging's lock: one step, so that the first run is as the second."""
    if active.ident != get_ident() or level in getattr(self, "_cache", ()):
        return _is_enabled_for(self, level)
    execution = active.execution
    assert execution is not None
    execution.enter_atomic()
    try:
        return _is_enabled_for(self, level)
    finally:
        execution.leave_atomic()


is_enabled_for.__wrapped__ = _is_enabled_for  # type: ignore[attr-defined]
REPLACED = ((logging.Logger, "isEnabledFor", is_enabled_for),)
