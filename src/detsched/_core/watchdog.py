"""The watchdog: says what holds a run up that comes to no yield point any more.

Code that blocks in C, a lock that could not be put under control, an endless loop without a yield point: the engine never
hears of them, and the other threads wait for a baton that does not come. An OS thread of its own looks on, wakes a few times
in the patience it is given, and if nothing has moved in all that time names the thread, the line and the stack.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from time import monotonic, process_time, sleep
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from _thread import allocate_lock, get_ident, start_new_thread

from ..errors import UncontrolledError
from .active import active
from .failure import Failure
from .frames import MACHINERY, location_of, parked_frame, program_frame, rank
from .interrupts import Handler
from .unwind import Unwind
from .workers import get_native_id

if TYPE_CHECKING:
    from .execution import Execution
    from .thread import ControlledThread

_LOOKS = 5
"""How often the watchdog looks before it speaks. It counts looks, not seconds: a laptop that slept has not been stuck."""
_IMPORTS = 10
"""How much more patience there is while a module is imported."""
_GRACE = 1.0
"""Real seconds that a thread is given to end once it was told to."""
_CORE = os.path.dirname(__file__)
_WAITS = ("_hand_over", "_interrupted", "_loop")
"""Where the engine waits for a baton."""
_DEBUGGERS = ("bdb", "pdb", "pydevd", "debugpy", "IPython", "code")


class Watchdog:
    """One for the process. `begin` and `end` enclose the runs that it looks at."""

    def __init__(self) -> None:
        self._patience: float | None = None
        self._bite: Callable[[Execution, Failure, ControlledThread], None] = _bite
        self._awake = False
        self._guard = allocate_lock()

    def begin(self, patience: float | None, warn: Callable[[str], None] | None) -> None:
        """Look at the runs from here on: `patience` real seconds without a yield point are too many. None: look away.

        With `warn`, that is called with the message, and the run is left to itself.
        """
        with self._guard:
            self._patience, self._warn = patience, warn
            if patience is not None and not self._awake:
                self._awake = True
                start_new_thread(self._watch, ())

    def end(self) -> None:
        """Look away."""
        self._patience = None

    def forget(self) -> None:
        """In a child after fork: the watching thread is not there."""
        self.__init__()  # type: ignore[misc]

    def _watch(self) -> None:
        try:
            self._look_on()
        except BaseException:
            self._awake = False  # the next session wakes another one
            raise

    def _look_on(self) -> None:
        last: object = None
        looks = idle = 0
        since = used = 0.0
        while True:
            patience = self._patience
            pause = 0.5 if patience is None else min(patience / _LOOKS, 1.0)
            began = monotonic()
            sleep(pause)
            if monotonic() - began > 3 * pause:
                looks = 0  # the whole machine stood still
            with self._guard:
                if self._patience is None:
                    idle += 1
                    if idle > 20:
                        self._awake = False
                        return
                    looks, last = 0, None
                    continue
            idle = 0
            execution = active.execution
            seen = None if execution is None else _progress(execution)
            if execution is None or seen != last or execution.outside or patience is None:
                looks, last = 0, seen
                continue
            if not looks:
                since, used = monotonic(), process_time()
            looks += 1
            needed = max(_LOOKS, round(patience)) * (_IMPORTS if execution.current.atomic else 1)
            if looks >= needed:
                looks = 0
                thread = execution.current
                frame = parked_frame(thread.os_ident)
                if frame is None or _at_work(frame) or _debugged(frame) or _progress(execution) != seen:
                    continue
                if _starved(process_time() - used, monotonic() - since):
                    continue
                failure = _stuck(execution, thread, frame, patience)
                if self._warn is not None:
                    self._warn(str(failure.exception))
                    looks = -(1 << 40)
                else:
                    self._bite(execution, failure, thread)


def _progress(execution: Execution) -> object:
    current = execution.current
    return execution.serial, len(execution.log), current.label, current.unwound, len(execution.live)


def _starved(used: float, passed: float) -> bool:
    """Whether the machine gives this process no time: threads of it want to run, and hardly got to. Seen where many processes want to.

    That is told by what the system says of threads, so on Linux only.
    """
    if used > passed / 20:
        return False
    me = str(get_native_id())
    try:
        return any(_state(thread) == "R" for thread in os.listdir("/proc/self/task") if thread != me)
    except OSError:
        return False


def _state(thread: str) -> str:
    with open(f"/proc/self/task/{thread}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def _at_work(frame: FrameType) -> bool:
    """Whether the engine itself is computing: the causal past of a reading of the clock, after very many events."""
    code = frame.f_code
    return os.path.dirname(code.co_filename) == _CORE and code.co_name not in _WAITS


def _debugged(frame: FrameType | None) -> bool:
    """Whether a person holds the program up, not the program itself."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    while frame is not None:
        if (frame.f_globals.get("__name__") or "").partition(".")[0] in _DEBUGGERS:
            return True
        trace = frame.f_trace
        if trace is not None and (getattr(trace, "__module__", "") or "").partition(".")[0] in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False


def _stuck(execution: Execution, thread: ControlledThread, frame: FrameType, patience: float) -> Failure:
    where = location_of(frame)
    stack = " < ".join(_stack(frame))
    message = (
        f"{thread.name} has come to no yield point for {patience:g} s of real time, at {where} (stack: {stack}): {_cause(frame)}. "
        f"Where it only takes that long, raise watchdog="
    )
    # Where it is at this moment depends on real time; that it is this thread does not.
    return Failure("uncontrolled", UncontrolledError(message), thread.name, ("uncontrolled", "no yield point", thread.label), location=where)


def _stack(frame: FrameType | None) -> list[str]:
    """Its innermost functions, the program's own; ours where there are no others."""
    ours: list[str] = []
    found: list[str] = []
    while frame is not None:
        name = frame.f_code.co_filename
        machinery = f"{os.sep}detsched{os.sep}" in name and rank(name) == MACHINERY
        (ours if machinery else found).append(f"{frame.f_code.co_qualname} {os.path.basename(name)}:{frame.f_lineno}")
        frame = frame.f_back
    return (found or ours)[:6]


def _cause(frame: FrameType) -> str:
    names = {*frame.f_code.co_names}
    if frame is program_frame(frame) and names & {"acquire", "__enter__", "get", "put", "join", "wait", "result"}:
        return (
            "usually a real lock or queue that was made before control, out of detsched's reach, and whose holder is parked: "
            "make it inside the program, or import its module within detsched.patched()"
        )
    return (
        "usually a loop without a yield point, code that blocks in C (a lock file, a database, the network), or a real lock "
        "that detsched could not reach: put detsched.yield_point() into the loop, or keep that code out of the program"
    )


def _bite(execution: Execution, failure: Failure, thread: ControlledThread) -> None:
    """End the run with the failure, whether or not the thread can be made to come along."""
    execution.stop_soon(failure)
    before = _progress(execution)
    _raise_in(thread.os_ident, Unwind)
    if _moves(execution, before):
        return
    _take_back(thread.os_ident)
    if thread is not execution.main:
        execution.leave_behind(thread, failure)
        return
    execution.prodded = True
    if hasattr(signal, "pthread_kill") and isinstance(signal.getsignal(signal.SIGINT), Handler):
        signal.pthread_kill(thread.os_ident, signal.SIGINT)
    if not _moves(execution, before):
        sys.stderr.write(f"detsched: {failure.exception}. It cannot be interrupted where it is: the process has to be killed\n")


def _moves(execution: Execution, before: object) -> bool:
    end = monotonic() + _GRACE
    while monotonic() < end:
        if active.execution is not execution or _progress(execution) != before:
            return True
        sleep(0.01)
    return False


def _raise_in(os_ident: int, error: type[BaseException] | None) -> None:
    """Have an exception raised at the next bytecode of an OS thread; None: not any more."""
    raised = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(os_ident), raised)


def _take_back(os_ident: int) -> None:
    """Have the exception not raised any more.

    The interpreter goes on looking for it until one is delivered, and on 3.11 no traced function gets past its first instruction while it
    looks. So one is delivered here.
    """
    _raise_in(os_ident, None)
    try:
        _raise_in(get_ident(), Unwind)
        while True:
            pass
    except Unwind:
        pass


watchdog = Watchdog()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=watchdog.forget)
