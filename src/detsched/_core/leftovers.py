"""What a thread leaves behind in its OS thread: `threading.local` values, trace functions.

An OS thread of the pool serves one controlled thread after another. What the interpreter destroys at the end of an OS thread is
destroyed here at the end of each controlled one, while it still has the baton: finalizers run under control.

Until 3.12 the values of `threading.local` hang on the dict of the thread state. From 3.13 on they hang on two objects of the
thread state that Python code cannot reach, a key and a sentinel whose death clears the values. Where in the thread state those
two are is found out by touching a local and looking which two neighbouring pointers have been set.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_WORDS = 96
_offset: int | None = None
_thread_state = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_Get", ctypes.pythonapi))
_state_dict = ctypes.PYFUNCTYPE(ctypes.c_void_p)(("PyThreadState_GetDict", ctypes.pythonapi))
_forget = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(("Py_DecRef", ctypes.pythonapi))


def _find_offset(state: int) -> int | None:
    words = (ctypes.c_void_p * _WORDS).from_address(state)
    before = list(words)
    local = threading.local()
    local.touched = True
    changed = [index for index, (was, now) in enumerate(zip(before, list(words))) if was is None and now is not None]
    if len(changed) == 2 and changed[1] == changed[0] + 1:
        return changed[0] * _POINTER
    return None


class Leftovers:
    """Those of the OS thread that makes this object. `clear()` is to be called there."""

    def __init__(self) -> None:
        global _offset
        # The function lends its reference. With restype=py_object, ctypes would take it for its own, and the dict would be freed
        # under the interpreter when this thread ends.
        self._dict: dict[Any, Any] = ctypes.cast(_state_dict(), ctypes.py_object).value
        self._words: Any = None
        if sys.version_info >= (3, 13):
            state = _thread_state()
            if _offset is None:
                _offset = _find_offset(state)
            if _offset is not None:
                self._words = (ctypes.c_void_p * 2).from_address(state + _offset)
        self.complete = sys.version_info < (3, 13) or self._words is not None
        """Whether everything can be cleared; else the OS thread should serve nobody after its first."""

    def clear(self) -> None:
        """Destroy what is there."""
        if sys.gettrace() is not None:
            sys.settrace(None)
        if sys.getprofile() is not None:
            sys.setprofile(None)
        while self._dict:
            self._dict.clear()  # again where a finalizer made new values
        words = self._words
        if words is not None:
            while words[0] is not None or words[1] is not None:
                for index in (0, 1):
                    pointer = words[index]
                    if pointer is not None:
                        words[index] = None
                        _forget(pointer)
