"""Child processes: they are not under control, and waiting for one is waiting for the world outside."""

from __future__ import annotations

import os
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.external import POLLIN
from .cpus import unpinned_child
from .outside import Replacement, child_made, like, uncontrolled, wait_outside

_PIECE = 0.02
"""Real seconds for which a child's output is read in one piece."""


def _wait_for_child(idtype: Any, number: int, timeout: float | None = None) -> bool:
    """Wait until a child has ended, and leave it to be reaped."""
    if idtype is not None and idtype == os.P_PID and hasattr(os, "pidfd_open"):
        try:
            fd = os.pidfd_open(number)
        except OSError:
            return True  # no such child: the real call says so
        try:
            return wait_outside("a child process", timeout, {fd: POLLIN})
        finally:
            os.close(fd)

    def ended() -> bool:
        try:
            return os.waitid(idtype, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    return wait_outside("a child process", timeout, ask=ended)


def _which(pid: int) -> tuple[Any, int]:
    if pid > 0:
        return os.P_PID, pid
    return (os.P_ALL, 0) if pid == -1 else (os.P_PGID, -pid or os.getpgrp())


REPLACED: dict[Any, Any] = {}
"""The real functions, and what stands for each."""

if hasattr(os, "waitid"):
    _waitpid, _wait, _waitid = os.waitpid, os.wait, os.waitid

    def waitpid(pid: int, options: int, /) -> tuple[int, int]:
        if active.ident == get_ident() and isinstance(pid, int) and not options & os.WNOHANG:
            _wait_for_child(*_which(pid))
        return _waitpid(pid, options)

    def wait() -> tuple[int, int]:
        if active.ident == get_ident():
            _wait_for_child(os.P_ALL, 0)
        return _wait()

    def waitid(idtype: int, ident: int, options: int, /) -> Any:
        if active.ident == get_ident() and options & os.WEXITED and not options & os.WNOHANG:
            _wait_for_child(idtype, ident)
        return _waitid(idtype, ident, options)

    REPLACED.update({_waitpid: like(_waitpid, waitpid), _wait: like(_wait, wait), _waitid: like(_waitid, waitid)})


def _waiting(real: Any, subprocess: Any) -> Any:
    def _wait(self: Any, timeout: float | None) -> Any:
        if active.ident != get_ident() or self.returncode is not None or not hasattr(os, "waitid"):
            return real(self, timeout)
        if not _wait_for_child(os.P_PID, self.pid, timeout):
            raise subprocess.TimeoutExpired(self.args, timeout)
        with uncontrolled():
            return real(self, None)

    return like(real, _wait)


def _communicating(real: Any, subprocess: Any) -> Any:
    def communicate(self: Any, input: Any = None, timeout: float | None = None) -> Any:
        if active.ident != get_ident():
            return real(self, input, timeout)
        # How the output comes in pieces is the machine's affair: all of it is one wait, during which it is read as it comes.
        results: list[Any] = []
        inputs = [input]

        def ask() -> bool:
            with uncontrolled():
                try:
                    results.append((real(self, inputs.pop() if inputs else None, _PIECE), None))
                except subprocess.TimeoutExpired:
                    return False
                except BaseException as error:
                    results.append((None, error))
                return True

        if not wait_outside("a child process", timeout, ask=ask):
            raise subprocess.TimeoutExpired(self.args, timeout)
        value, error = results[0]
        if error is not None:
            raise error
        return value

    return like(real, communicate)


def _making(real: Any, subprocess: Any) -> Any:
    unpinned = unpinned_child(real)

    def _execute_child(self: Any, *args: Any, **kwargs: Any) -> Any:
        if active.ident == get_ident():
            with uncontrolled():
                child_made()
                return unpinned(self, *args, **kwargs)
        return real(self, *args, **kwargs)

    return like(real, _execute_child)


_made: dict[Any, Any] = {}


def replaced_in_subprocess(subprocess: Any) -> list[Replacement]:
    """What stands in `subprocess.Popen`."""
    found = []
    for name, wrap in (("_execute_child", _making), ("_wait", _waiting), ("communicate", _communicating)):
        method = vars(subprocess.Popen).get(name)
        if method is not None and method not in _made.values():
            if method not in _made:
                _made[method] = wrap(method, subprocess)
            found.append((subprocess.Popen, name, _made[method]))
    return found
