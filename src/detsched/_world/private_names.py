"""Every private name of the standard library that detsched touches: which, since and until when, and why.

A test checks that each exists on the versions it is listed for, and that the source uses no other.
"""

from __future__ import annotations

from typing import NamedTuple

Version = tuple[int, int]
_FIRST: Version = (3, 11)
_LAST: Version = (3, 99)


class PrivateName(NamedTuple):
    """`name` in `owner` (a module, or a class within one), on versions `since` to `until`."""

    owner: str
    name: str
    reason: str
    since: Version = _FIRST
    until: Version = _LAST


PRIVATE_NAMES = (
    PrivateName("threading", "_active", "current_thread() and other packages look threads up here by identity"),
    PrivateName("threading", "_newname", "default thread names must not come from a counter that all threads share"),
    PrivateName("threading", "_counter", "a test-suite that replaces the counter is obeyed"),
    PrivateName("threading", "_trace_hook", "threading.settrace() reaches threads through it"),
    PrivateName("threading", "_profile_hook", "threading.setprofile() reaches threads through it"),
    PrivateName("threading", "_PyRLock", "what RLock() is where the interpreter has none of its own"),
    PrivateName("threading.Thread()", "_stderr", "what a Thread keeps for itself stays as it is"),
    PrivateName("threading", "_DummyThread", "current_thread() in a thread of _thread.start_new_thread"),
    PrivateName("threading.Thread", "_initialized", "start and join refuse a thread without it, as the standard library does"),
    PrivateName("threading.Thread()", "_started", "being started must be no operation of its own"),
    PrivateName("threading.Thread()", "_target", "what a thread is given bears a name before anybody uses it"),
    PrivateName("threading.Thread()", "_kwargs", "what a thread is given bears a name before anybody uses it"),
    PrivateName("threading.Thread()", "_name", "names, without the property's assertion"),
    PrivateName("threading.Thread()", "_daemonic", "whether a run waits for the thread"),
    PrivateName("threading.Thread()", "_ident", "the identity that the program sees is the run's"),
    PrivateName("threading.Thread()", "_native_id", "the identity that the program sees is the run's"),
    PrivateName("threading.Thread()", "_invoke_excepthook", "exceptions that escape a thread, where they are to be printed"),
    PrivateName("threading.Thread()", "_is_stopped", "an ended thread says so outside the run", until=(3, 12)),
    PrivateName("threading.Thread()", "_tstate_lock", "an ended thread says so outside the run", until=(3, 12)),
    PrivateName("threading.Thread()", "_handle", "an ended thread says so outside the run", since=(3, 13), until=(3, 13)),
    PrivateName("threading.Thread()", "_os_thread_handle", "an ended thread says so outside the run", since=(3, 14)),
    PrivateName("threading.Thread()", "_context", "contextvars that a thread is started with", since=(3, 14)),
    PrivateName("_thread", "_count", "tests count the threads that are left"),
    PrivateName("threading.Event()", "_flag", "the state of an event, shared with the standard library's methods"),
    PrivateName("threading.Semaphore()", "_value", "the state of a semaphore, shared with the standard library's methods"),
    PrivateName("threading.BoundedSemaphore()", "_initial_value", "the bound of a semaphore"),
    PrivateName("threading.Condition()", "_lock", "the lock under a condition"),
    PrivateName("threading.Condition()", "_waiters", "the queue of a condition, shared with the standard library's methods"),
    PrivateName("threading.Condition()", "_release_save", "conditions over locks of the program's own making"),
    PrivateName("threading.Condition()", "_acquire_restore", "conditions over locks of the program's own making"),
    PrivateName("threading.Condition()", "_is_owned", "conditions over locks of the program's own making"),
    PrivateName("threading.Barrier(2)", "_parties", "the state of a barrier, shared with the standard library's methods"),
    PrivateName("threading.Barrier(2)", "_action", "the state of a barrier, shared with the standard library's methods"),
    PrivateName("threading.Barrier(2)", "_timeout", "the state of a barrier, shared with the standard library's methods"),
    PrivateName("threading.Barrier(2)", "_state", "the state of a barrier, shared with the standard library's methods"),
    PrivateName("threading.Barrier(2)", "_count", "the state of a barrier, shared with the standard library's methods"),
    PrivateName("threading.Lock()", "_at_fork_reinit", "a lock after fork"),
    PrivateName("importlib._bootstrap", "_find_and_load", "an import is one step: no switch inside"),
    PrivateName("queue", "_PySimpleQueue", "the queue in C blocks outside of control"),
    PrivateName("queue._PySimpleQueue()", "_queue", "an item is put in the event of its putting"),
    PrivateName("concurrent.futures.thread", "_threads_queues", "idle workers are told to end when the program does"),
    PrivateName("concurrent.futures.thread", "_shutdown", "idle workers are told to end when the program does"),
    PrivateName("concurrent.futures.ThreadPoolExecutor", "_counter", "the names of a pool's threads begin anew in each run"),
    PrivateName("threading", "_shutdown_locks", "where the lock of a live thread is looked for", until=(3, 12)),
    PrivateName("threading.Thread()", "_args", "which executor an idle worker belongs to"),
    PrivateName("concurrent.futures.ThreadPoolExecutor()", "_threads", "an executor that outlives a run has no workers left"),
    PrivateName("concurrent.futures.ThreadPoolExecutor()", "_shutdown", "an executor that outlives a run goes on in the next one"),
    PrivateName("concurrent.futures.ThreadPoolExecutor()", "_idle_semaphore", "an executor that outlives a run has no workers left"),
    PrivateName("concurrent.futures.ThreadPoolExecutor()", "_work_queue", "what told the workers to end is taken out again"),
    PrivateName("logging.getLogger('detsched')", "_cache", "whether isEnabledFor is going to take logging's lock"),
    PrivateName("subprocess.Popen", "_execute_child", "a child process must not inherit that the run is pinned to one CPU"),
    PrivateName("subprocess.Popen", "_wait", "waiting for a child is waiting for the world outside"),
    PrivateName("selectors", "_PollLikeSelector", "where poll, and devpoll, have their select()"),
    PrivateName("asyncio.selector_events.BaseSelectorEventLoop", "_write_to_self", "who wakes an event loop is inside the run"),
    PrivateName("asyncio.SelectorEventLoop()", "_selector", "which selector an event loop waits with"),
    PrivateName("multiprocessing.pool.ThreadPool", "_setup_queues", "no pipe may decide the schedule of a pool of threads"),
    PrivateName("multiprocessing.pool.Pool", "_wait_for_updates", "no pipe may decide the schedule of a pool of threads"),
    PrivateName("multiprocessing.pool.ThreadPool()", "_terminate", "a pool whose run is over has nothing to end at the exit of the process"),
    PrivateName("multiprocessing.pool.ThreadPool()", "_state", "a pool whose run is over has nothing to end at the exit of the process"),
    PrivateName("uuid", "_last_timestamp", "what uuid1 gave out last is not of this run"),
    PrivateName("uuid", "_last_timestamp_v6", "what uuid6 gave out last is not of this run", since=(3, 14)),
    PrivateName("uuid", "_last_timestamp_v7", "what uuid7 gave out last is not of this run", since=(3, 14)),
    PrivateName("uuid", "_last_counter_v7", "what uuid7 gave out last is not of this run", since=(3, 14)),
    PrivateName("asyncio.futures", "_PyFuture", "the one in C hashes by address"),
    PrivateName("asyncio.tasks", "_PyTask", "the one in C hashes by address"),
    PrivateName("asyncio.tasks", "_task_name_counter", "the names of tasks begin anew in each run"),
    PrivateName("asyncio.tasks", "_register_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_unregister_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_enter_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_leave_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_register_eager_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_unregister_eager_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_swap_current_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_py_current_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_py_all_tasks", "tasks in Python are kept apart from those in C", since=(3, 14)),
    PrivateName("asyncio.tasks", "_py_register_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_py_register_eager_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_py_unregister_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_py_unregister_eager_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("asyncio.tasks", "_py_enter_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_py_leave_task", "tasks in Python are kept apart from those in C"),
    PrivateName("asyncio.tasks", "_py_swap_current_task", "tasks in Python are kept apart from those in C", since=(3, 12)),
    PrivateName("tempfile", "_name_sequence", "names of temporary files begin anew in each run"),
    PrivateName("logging", "_startTime", "log records tell the time since then"),
    PrivateName("logging", "_handlerList", "the locks of handlers from before control"),
    PrivateName("sys", "_getframe", "where in the program an operation is"),
    PrivateName("sys", "_current_frames", "where in the program a parked thread is"),
)
