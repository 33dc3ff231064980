"""Threads: the hooks that steer the standard library's Thread (and Timer, and every subclass) through start, join and the end.

Everything else about a Thread stays the standard library's: its constructor, its attributes, `run`, its excepthook.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import _thread
from _thread import allocate_lock
from _thread import get_ident as real_get_ident

from .._core.active import active
from .._core.execution import Execution
from .._core.operation import CAUSED, READ, Blocked, Footprint, Operation
from .._core.thread import ControlledThread
from .._core.unwind import Unwind
from .hook import controlled_init, copy_identity, hooks, original, stand_for
from .acquire import deadline_after
from .lock import Lock

_Real, _RealTimer = threading.Thread, threading.Timer
_init, _start, _join, _is_alive, _repr = (original(_Real, n) for n in ("__init__", "start", "join", "is_alive", "__repr__"))
_current_thread, _main_thread = threading.current_thread, threading.main_thread
_enumerate, _active_count = threading.enumerate, threading.active_count
_newname, _counter = threading._newname, threading._counter  # type: ignore[attr-defined]
_thread_count = _thread._count
_excepthook = threading.__excepthook__
_sleep = time.sleep
_get_native_id = getattr(threading, "get_native_id", real_get_ident)
_RECORD, _HASH = "_detsched_thread", "_detsched_hash"
_MASK = (1 << 31) - 1


class Started:
    """What stands for a thread's `_started` event under control: being started is no operation of its own."""

    __slots__ = ("_flag",)

    def __init__(self) -> None:
        self._flag = False

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True

    def clear(self) -> None:
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        while not self._flag and active.ident != real_get_ident():
            _sleep(0.0001)  # made inside a run, started outside: the new thread is about to say so
        return self._flag

    def _at_fork_reinit(self) -> None:
        pass


class _OnThread(Operation):
    __slots__ = ()
    resource: ControlledThread

    def other_thread(self) -> ControlledThread | None:
        return self.resource


class Start(Operation):
    """Start a thread. It runs up to its first operation when its starter comes to the next yield point."""

    __slots__ = ("_name", "_daemon", "_timer", "_body", "_handle")
    kind = "start"
    resource: ControlledThread | None

    def __init__(self, name: str, daemon: bool, timer: bool, body: Callable[[bool], None], handle: Any) -> None:
        self.resource = None
        self._name, self._daemon, self._timer = name, daemon, timer
        self._body: Callable[[bool], None] | None = body
        self._handle = handle

    def apply(self) -> ControlledThread:
        assert self._body is not None and active.execution is not None
        thread = active.execution.spawn(self._name, self._daemon, self._timer, self._body, self._handle)
        self._body = self._handle = None
        self.resource = thread
        return thread

    @property
    def key(self) -> str:
        return self.kind

    def changes(self) -> bool:
        return True

    def other_thread(self) -> ControlledThread | None:
        return self.resource

    def parts(self) -> tuple[str, str]:
        return self.kind, self._name


class Join(_OnThread):
    """Wait for the end of a thread, or give up at a deadline."""

    __slots__ = ("deadline", "_saw_end")
    kind = "join"
    blocking = True
    mode = READ
    deadline: float | None

    def __init__(self, thread: ControlledThread, deadline: float | None) -> None:
        self.resource = thread
        self.deadline = deadline
        self.due = self._saw_end = False

    def enabled(self) -> bool:
        return self.resource.ended or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def held(self) -> bool:
        return False

    def without(self, other: Operation) -> Footprint | Blocked:
        return self.footprint() if self.due else CAUSED

    def apply(self) -> None:
        self._saw_end = self.resource.ended
        self.due = active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]
        if not self._saw_end:
            active.execution.clock.gave_up(self.deadline)  # type: ignore[union-attr]

    def saw_end(self) -> bool:
        return self._saw_end

    def changes(self) -> bool:
        return self._saw_end


class IsAlive(_OnThread):
    """Ask whether a thread has ended."""

    __slots__ = ("_saw_end",)
    kind = "is alive?"
    mode = READ

    def __init__(self, thread: ControlledThread) -> None:
        self.resource = thread
        self._saw_end = False

    def apply(self) -> bool:
        self._saw_end = self.resource.ended
        return not self._saw_end

    def saw_end(self) -> bool:
        return self._saw_end


def _context_for(thread: Any) -> contextvars.Context:
    """The contextvars of a new thread: none of its OS thread's, which served others before."""
    given: contextvars.Context | None = getattr(thread, "_context", None)
    if given is not None:
        return given
    inherit = getattr(sys.flags, "thread_inherit_context", 0)
    return contextvars.copy_context() if inherit else contextvars.Context()


def begins() -> None:
    """A thread of the program is about to run its first code."""
    execution = active.execution
    assert execution is not None
    if execution.at_thread_begin is not None:
        execution.at_thread_begin(execution.current)


def _bootstrap(thread: Any, context: contextvars.Context, wanted: bool) -> None:
    """What the standard library's `_bootstrap_inner` does, less what belongs to the OS thread. `wanted`: the run goes on."""
    try:
        if not wanted:
            return
        if threading._trace_hook:  # type: ignore[attr-defined]
            sys.settrace(threading._trace_hook)  # type: ignore[attr-defined]
        if threading._profile_hook:
            sys.setprofile(threading._profile_hook)
        begins()
        context.run(thread.run)
    finally:
        try:
            threading._active.pop(thread._ident, None)  # type: ignore[attr-defined]
            mark_ended(thread)
        except Unwind:  # the watchdog took it to be stuck, just here
            mark_ended(thread)
            raise


# What outlives the run in a Thread object says that it has ended, in the way of each version.

if sys.version_info >= (3, 13):
    _start_joinable_thread = _thread.start_joinable_thread
    _HANDLE = "_os_thread_handle" if sys.version_info >= (3, 14) else "_handle"

    def _mark_started(thread: Any) -> None:
        pass

    _done: list[Any] = []

    def mark_ended(thread: Any) -> None:
        # The handle of any ended thread does for all: what is asked of it is only whether its thread has ended.
        if not _done:
            _done.append(_start_joinable_thread(lambda: None))
            _done[0].join()
        setattr(thread, _HANDLE, _done[0])

    def _notice_end(thread: Any) -> bool:
        return True

else:

    def _mark_started(thread: Any) -> None:
        lock = thread._tstate_lock = Lock.around(allocate_lock())
        lock._state.real.acquire()
        if not thread._daemonic:
            threading._shutdown_locks.add(lock)  # type: ignore[attr-defined]

    def mark_ended(thread: Any) -> None:
        lock = thread._tstate_lock
        if lock is not None:  # an interrupt may have come between start and mark
            threading._shutdown_locks.discard(lock)  # type: ignore[attr-defined]
            if lock._state.real.locked():
                lock._state.real.release()

    def _notice_end(thread: Any) -> bool:
        # Until somebody looks, the lock is still there; who takes it keeps the thread alive to the eye.
        lock = thread._tstate_lock
        if isinstance(lock, Lock):
            if lock._state.real.locked():
                return False
            thread._is_stopped, thread._tstate_lock = True, None
        return True


# The constructor of the standard library, but its `Event()` is ours: a condition and a lock less for each thread.
_controlled_init = controlled_init(
    _init, Event=Started, current_thread=lambda: current_thread(), _newname=lambda template: newname(template)
)


class Thread(threading.Thread):
    _started: Any
    _initialized: bool
    _name: str
    _daemonic: bool
    _ident: int | None
    _native_id: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if active.ident == real_get_ident():
            # Sets of threads iterate alike in every process. Before the constructor, which puts the thread into a set.
            self.__dict__[_HASH] = active.execution.current.number("Thread")  # type: ignore[union-attr]
            _controlled_init(self, *args, **kwargs)
        else:
            _init(self, *args, **kwargs)

    def start(self) -> None:
        if active.ident != real_get_ident():
            if isinstance(getattr(self, "_started", None), Started) and not self._started._flag:
                self._started = threading.Event()  # made inside a run, started outside
            _start(self)
            return
        if not self._initialized:
            raise RuntimeError("thread.__init__() not called")
        if self._started._flag:
            raise RuntimeError("threads can only be started once")
        body = partial(_bootstrap, self, _context_for(self))
        start = Start(self._name, self._daemonic, isinstance(self, _RealTimer), body, self)
        self._started = started = Started()
        record = active.perform(start)
        started._flag = True
        self.__dict__[_RECORD] = record
        self._ident, self._native_id = record.ident, record.ident & _MASK
        threading._active[record.ident] = self  # type: ignore[attr-defined]
        _mark_started(self)

    def join(self, timeout: float | None = None) -> None:
        if active.ident != real_get_ident():
            _join(self, timeout)
            return
        if not self._initialized:
            raise RuntimeError("Thread.__init__() not called")
        if not self._started._flag:
            raise RuntimeError("cannot join thread before it is started")
        record = _record_of(self)
        if record is active.execution.current:  # type: ignore[union-attr]
            raise RuntimeError("cannot join current thread")
        if record is None:
            _join(self, timeout)
        else:
            active.perform(Join(record, None if timeout is None else deadline_after(max(timeout, 0))))
            if record.ended:
                _notice_end(self)

    def is_alive(self) -> bool:
        if active.ident == real_get_ident():
            if not self._initialized:
                raise AssertionError("Thread.__init__() not called")  # no assert: test runners rewrite those
            record = _record_of(self)
            if record is not None:
                return active.perform(IsAlive(record)) or not _notice_end(self)
            if not self._started._flag:
                return False
        return _is_alive(self)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        record = _record_of(self) if active.ident == real_get_ident() else None
        if record is None:
            return _repr(self)  # type: ignore[no-any-return]
        status = ("stopped" if record.ended else "started") + (" daemon" if self._daemonic else "")
        return f"<{type(self).__name__}({self._name}, {status} {self._ident})>"


def _hash(self: Any) -> int:
    number: int | None = self.__dict__.get(_HASH)
    return object.__hash__(self) if number is None else number


class Timer(Thread, threading.Timer):
    __doc__ = _RealTimer.__doc__

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _RealTimer.__init__(self, *args, **kwargs)


Timer.__module__ = "threading"
copy_identity(Timer.__init__, _RealTimer.__init__)
stand_for(_Real, Thread, ("__init__", "start", "join", "is_alive", "__repr__"))
Thread.__hash__ = _hash  # type: ignore[method-assign]
hooks.add(_Real, {"__hash__": _hash})


def _record_of(thread: Any) -> ControlledThread | None:
    record: ControlledThread | None = thread.__dict__.get(_RECORD)
    if record is None and active.execution is not None and thread is active.execution.main_handle:
        return active.execution.main
    return record


def current_thread() -> threading.Thread:
    if active.ident != real_get_ident():
        return _current_thread()
    record = active.execution.current  # type: ignore[union-attr]
    if record.handle is None:
        # Started by _thread.start_new_thread: like the standard library, make something to return.
        record.handle = threading._DummyThread()
        record.handle._ident = record.ident
        record.handle.__dict__[_RECORD] = record
        active.execution.raw_idents.append(record.ident)  # type: ignore[union-attr]
    return record.handle  # type: ignore[no-any-return]


def main_thread() -> threading.Thread:
    if active.ident != real_get_ident():
        return _main_thread()
    return active.execution.main_handle  # type: ignore[union-attr, no-any-return]


def enumerate() -> list[threading.Thread]:
    if active.ident != real_get_ident():
        return _enumerate()
    return [record.handle for record in active.execution.live if record.handle is not None]  # type: ignore[union-attr]


def active_count() -> int:
    return len(enumerate()) if active.ident == real_get_ident() else _active_count()


def get_ident() -> int:
    me = real_get_ident()
    return active.execution.current.ident if active.ident == me else me  # type: ignore[union-attr]


def get_native_id() -> int:
    if active.ident != real_get_ident():
        return _get_native_id()
    return active.execution.current.ident & _MASK  # type: ignore[union-attr]


def newname(template: str) -> str:
    """Default names count per creating thread: `Thread-2`, and `Thread-2.1` for the first that thread 2 makes."""
    if active.ident != real_get_ident() or threading._counter is not _counter:  # type: ignore[attr-defined]
        return _newname(template)  # type: ignore[no-any-return]
    creator = active.execution.current  # type: ignore[union-attr]
    prefix = "" if creator.label == "0" else f"{creator.label}."
    return template.replace("%d", f"{prefix}{creator.count(template)}")


def thread_count() -> int:
    if active.ident != real_get_ident():
        return _thread_count()
    return len(active.execution.live) - 1  # type: ignore[union-attr]


def excepthook(args: Any, /) -> None:
    if args.thread is None and active.ident == real_get_ident():
        # The interpreter's own would show the identity of the OS thread.
        args = threading.ExceptHookArgs((args.exc_type, args.exc_value, args.exc_traceback, SimpleNamespace(name=get_ident())))
    _excepthook(args)


get_ident.__module__ = get_native_id.__module__ = "_thread"
for _ours, _theirs in (
    (excepthook, _excepthook),
    (current_thread, _current_thread),
    (main_thread, _main_thread),
    (enumerate, _enumerate),
    (active_count, _active_count),
):
    _ours.__doc__, _ours.__module__ = _theirs.__doc__, _theirs.__module__


class Excepthook:
    """Whether an exception that escaped a thread is the program's to handle.

    It is where the program set `threading.excepthook` during the run; and everywhere, if such exceptions are only to be printed.
    """

    def __init__(self, only_print: bool) -> None:
        self._only_print = only_print

    def begin(self) -> None:
        """A run begins: what is set now is not the program's."""
        self._before = threading.excepthook
        self._before_raw = sys.unraisablehook
        sys.unraisablehook = self._quiet = _without_unwinding(sys.unraisablehook)

    def end(self) -> None:
        """A run has ended: what the program set was for its run."""
        threading.excepthook = self._before
        sys.unraisablehook = self._before_raw

    def __call__(self, record: ControlledThread, error: BaseException) -> bool:
        handle = record.handle
        if record.label == "0":
            return False
        if handle is None or not hasattr(handle, "_invoke_excepthook"):
            if not self._only_print and sys.unraisablehook is self._quiet:
                return False
            function = record.body.args[0] if isinstance(record.body, partial) else None
            said = "Exception ignored in thread started by"
            if sys.version_info >= (3, 13):
                said, function = f"{said} {function!r}", None
            sys.unraisablehook(_Unraisable(type(error), error, error.__traceback__, said, function))  # type: ignore[arg-type]
            return True
        if not self._only_print and threading.excepthook is self._before:
            return False
        handle._invoke_excepthook(handle)
        return True


def _without_unwinding(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A finalizer that was at a yield point when its run ended is none of the program's business."""

    def unraisable(unraisable: Any, /) -> Any:
        if not isinstance(unraisable.exc_value, Unwind):
            hook(unraisable)

    return unraisable


class _Unraisable:
    def __init__(self, exc_type: Any, exc_value: Any, exc_traceback: Any, err_msg: str, object: Any) -> None:
        self.exc_type, self.exc_value, self.exc_traceback = exc_type, exc_value, exc_traceback
        self.err_msg, self.object = err_msg, object


class MainThread:
    """While entered, the calling thread's Thread object stands for the run's main thread, with the run's identity."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._handle: Any = _current_thread()

    def __enter__(self) -> None:
        execution, handle = self._execution, self._handle
        execution.main.handle = execution.main_handle = handle
        execution.main.name = handle._name
        self._before = handle._ident, handle._native_id
        handle._ident, handle._native_id = execution.main.ident, execution.main.ident & _MASK
        threading._active[execution.main.ident] = handle  # type: ignore[attr-defined]

    def __exit__(self, *exc: object) -> None:
        self._handle._ident, self._handle._native_id = self._before
        for ident in (self._execution.main.ident, *self._execution.raw_idents):
            threading._active.pop(ident, None)  # type: ignore[attr-defined]


