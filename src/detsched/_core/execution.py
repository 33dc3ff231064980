"""One run: the loop through which every yield point goes.

A thread that comes to a yield point calls `perform` with its next operation. The loop is this:

1. The operation becomes the thread's *pending* one.
2. Among the threads whose pending operation is enabled, the strategy chooses who goes on.
3. If that is the caller, it goes on: no system call, no switch. Else the caller hands its baton straight to the chosen
   thread and waits for its own.
4. The chosen thread, awake in its own call of `perform`, writes the event down and applies its operation.

There is no scheduler thread: whichever thread arrives makes the choice. Only the holder of the baton touches the engine.

A thread that was just started is brought to its first operation when its starter comes to the next yield point, before the
choice there. So every live thread's pending operation is known wherever a choice is made, beginning and end of a thread are
no choices of their own, and what a thread does before its first operation happens at a time that no choice can move.

`perform` is one of three, swapped as the run goes on so that the common one pays for no test: `_perform` under control,
`_perform_atomic` inside an import, `_perform_unwinding` when the run is over.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable
from copy import copy
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from _thread import get_ident

from ..errors import DivergenceError, InternalError, UncontrolledError
from . import verdict
from .active import active
from .baton import Baton
from .clock import RealClock, VirtualClock
from .external import look
from .failure import Failure, Waiting
from .frames import boundaries, raised_at
from .interrupts import Interrupts
from .log import Log
from .operation import Operation
from .thread import ControlledThread
from .unwind import Unwind, insist
from .workers import pool

if TYPE_CHECKING:
    from .resource import Resource

_PATIENCE_WITH_CLEANUP = 100
"""How many operations a thread may do in its `finally` blocks while it is unwound."""
_PATIENCE_WITH_UNWINDING = 1_000
"""How often a thread may swallow its unwinding before its OS thread is given up."""
_COLLECT_EVERY = 65_536
"""Steps between two garbage collections inside one run: a deterministic point, in place of the collector's own."""
_PIECE = 0.2
"""Real seconds after which a run that waits for the world outside looks whether it was interrupted."""
_NEVER = 1 << 62
_serials = count(1)


class Step:
    """What a strategy sees when it has to choose: the same object every time, filled anew."""

    __slots__ = ("enabled", "log")

    enabled: list[ControlledThread]
    """The threads that can go on, in the order in which they were started; at least two. Each has its `pending` operation."""
    log: Log
    """Everything that happened so far."""

    @property
    def current(self) -> ControlledThread | None:
        """The thread that did the last event, None at the first; not among `enabled` if it is blocked or has ended."""
        return self.log.threads[-1] if self.log.threads else None

    @property
    def index(self) -> int:
        """How many events came before this choice."""
        return len(self.log)


class Observer(Protocol):
    """Told of each event, in the thread that does it, just before the operation is applied."""

    def event(self, execution: Execution, thread: ControlledThread, operation: Operation) -> None: ...


class Execution:
    """One run of a program, from `run` to its return. Not reusable."""

    def __init__(
        self,
        choose: Callable[[Step], ControlledThread],
        *,
        max_steps: int | None,
        choose_value: Callable[[int], int] = lambda count: 0,
        observers: Iterable[Observer] = (),
        on_exception: Callable[[ControlledThread, BaseException], bool] = lambda thread, error: False,
        at_main_end: Callable[[], None] = lambda: None,
        awaited: Callable[[int], str | None] | None = None,
        real_clock: bool = False,
        timeouts_any: bool = False,
        interrupts: Interrupts | None = None,
    ) -> None:
        self.log = Log()
        self.log.anytime = timeouts_any
        self._threads, self._operations = self.log.threads, self.log.operations
        self.clock = (RealClock if real_clock else VirtualClock)(self.log, timeouts_any, self.answer)
        self.live: list[ControlledThread] = []
        self._awake: list[ControlledThread] = []
        """Every thread that has not ended, in the order of their starts; `_awake` is without those that sleep.

        The loop asks each thread in question at every step, and a program may have a hundred that sleep.
        """
        self.failures: list[Failure] = []
        self.raised: list[tuple[ControlledThread, BaseException]] = []
        self.stood: dict[ControlledThread, tuple[Waiting, ...]] = {}
        """Where the other threads were when one raised; in observed runs only."""
        self.error: BaseException | None = None
        """What ended the run from outside the program: an interrupt, a strategy that failed."""
        self.terms: dict[str, Any] = {}
        """The settings that a schedule of this run depends on, as its fields."""
        self.values: list[int] = []
        """The answers given to `choose()`, in order."""
        self.locations: dict[Any, tuple[Resource, Any]] = {}
        """The locations that the program named by `access()`, each with its object."""
        self.raw_idents: list[int] = []
        """Identities of threads that have no Thread object of the program's, and were given one all the same."""
        self.named: dict[int, tuple[Any, str]] = {}
        """Names that the program gave to other objects, by their id."""
        self.unwinding = False
        self.abandoned: list[str] = []
        """Threads that could not be made to end."""
        self.trespass: Failure | None = None
        """What a thread that is not of the run has done to it."""
        self.outside = 0
        """Greater than 0 while the run waits in real time for something outside of it."""
        self.prodded = False
        """Whether the watchdog has sent an interrupt, to get the main thread out of a system call."""
        self.serial = next(_serials)
        self.ident = 0
        self._choose = choose
        self._choose_value = choose_value
        self._max_steps = _NEVER if max_steps is None else max_steps
        self._observers = tuple(observers)
        self._on_exception = on_exception
        self._at_main_end = at_main_end
        self._awaited = awaited
        self._handlers: list[Callable[[], None]] = []
        self._interrupts = interrupts
        self._fresh: ControlledThread | None = None
        self._foreground = 0
        self._unwound: set[ControlledThread] = set()
        self._watch = verdict.Watch()
        self._next_look = self._alarm = min(self._last_stretch(-1), verdict.Watch.PERIOD)
        self._careful = False
        """Whether every step goes the long way: a replay that waits for the world outside."""
        self._housekeeping = verdict.Housekeeping()
        self._step = Step()
        self._step.log = self.log
        self.main_handle: Any = None
        """The `threading.Thread` of the main thread."""
        self.at_thread_begin: Callable[[ControlledThread], None] | None = None
        """Called in each thread, before it runs any code of the program."""
        self.tracing: Any = None
        """What makes events of watched code: it has to know of debuggers."""
        self.main = self.current = ControlledThread(None, "MainThread", False, False, pool.baton(), get_ident())

    # ------------------------------------------------------------------ the yield point

    def _perform(self, operation: Operation) -> Any:
        me = self.current
        me.pending = operation
        me.blocking = operation.blocking
        threads = self._threads
        if len(threads) < self._alarm:
            enabled = [t for t in self._awake if not t.blocking or t.pending.enabled()]  # type: ignore[union-attr]
            if len(enabled) > 1:
                self._step.enabled = enabled
                try:
                    chosen = self._choose(self._step)
                except RecursionError:
                    # The program's recursion is about to end here, and must not leave a lock held that only wants to be freed.
                    if me not in enabled:
                        raise
                    chosen = me
                except BaseException as error:
                    chosen = self._abort(error)
            elif enabled:
                chosen = enabled[0]
            else:
                chosen = self._next(me)
        else:
            chosen = self._next(me)
        if chosen is not me:
            self._switch(me, chosen)
        elif self.unwinding:
            raise Unwind
        threads.append(me)
        self._operations.append(operation)
        if self._observers:
            try:
                self._observe(me, operation)
            except RecursionError:
                threads.pop()
                self._operations.pop()
                raise
        return operation.apply()

    def _next(self, me: ControlledThread) -> ControlledThread:
        """Who goes on, in every case that `_perform` does not decide by itself."""
        fresh = self._fresh
        if fresh is not None:
            self._fresh = None
            self._alarm = 0 if self._careful else self._next_look
            return fresh
        if self._handlers and self._signalled(me):
            return self.main
        if len(self.log) >= self._next_look:
            stop = self._look()
            if stop is not None:
                return stop
        if self._careful:
            self._await_recorded()
        while True:
            enabled = self.enabled_now()
            if enabled:
                return self._ask(enabled)
            stop = self._stop_at_cycle(me) or self._jump()
            if stop is not None:
                return stop

    def enabled_now(self) -> list[ControlledThread]:
        """The threads that could go on."""
        return [t for t in self.live if t.pending is not None and (not t.pending.blocking or t.pending.enabled())]

    def _ask(self, enabled: list[ControlledThread]) -> ControlledThread:
        if len(enabled) == 1:
            return enabled[0]
        self._step.enabled = enabled
        try:
            return self._choose(self._step)
        except RecursionError:
            raise
        except BaseException as error:
            return self._abort(error)

    def _switch(self, me: ControlledThread, chosen: ControlledThread) -> None:
        """Hand the baton to `chosen`, and come back when it is this thread's turn again."""
        operation = me.pending
        if operation is not None and operation.blocking and not self.unwinding:
            if operation.sleeps and not operation.enabled() and me in self._awake:
                self._awake.remove(me)
            elif operation.holder() is not None:
                chosen = self._stop_at_cycle(me) or chosen
                if chosen is me:
                    raise Unwind
        self._hand_over(chosen, me)
        while self._handlers and me is self.main and not self.unwinding:
            chosen = self._next(me)
            if chosen is not me:
                self._hand_over(chosen, me)
        if self.unwinding:
            raise Unwind

    def _stop_at_cycle(self, me: ControlledThread) -> ControlledThread | None:
        """If a thread has closed a cycle of lock waits, that is the end of the run: a thread to unwind."""
        cycle = verdict.lock_cycle(me)
        if not cycle:
            return None
        self.log.cycle = frozenset(cycle)
        return self._stop(verdict.deadlock(self, cycle))

    def _hand_over(self, chosen: ControlledThread, me: ControlledThread) -> None:
        try:
            self.current = chosen
            self.ident = active.ident = chosen.os_ident
            chosen.baton.give()
            # From here on another thread is at work: touch nothing but one's own wait.
            me.baton.take()
            while self.current is not me:
                me.baton.take()
        except BaseException as error:
            self._interrupted(error, chosen, me)

    def _interrupted(self, error: BaseException, chosen: ControlledThread, me: ControlledThread) -> None:
        """A signal handler raised in a parked main thread: note it, and go on waiting until the run has been ended."""
        if not isinstance(error, (InterruptedError, Unwind)):
            self.interrupt(error)
        while self.current is not me:
            try:
                if self.current is chosen:
                    chosen.baton.give()  # the interrupt may have come before the first one
                me.baton.take()
            except (InterruptedError, Unwind):
                continue
            except BaseException as again:
                self.interrupt(again)

    def _observe(self, me: ControlledThread, operation: Operation) -> None:
        try:
            for observer in self._observers:
                observer.event(self, me, operation)
        except RecursionError:
            raise
        except BaseException as error:
            chosen = self._abort(error)
            if chosen is not me:
                self._hand_over(chosen, me)
            raise Unwind from None

    # ------------------------------------------------------------------ when nobody can run

    def _jump(self) -> ControlledThread | None:
        """Move the clock to the earliest deadline; a thread to unwind if there is none, for then this is a deadlock."""
        deadlines = [t.pending.deadline for t in self.live if t.pending is not None and t.pending.deadline is not None]
        later = [deadline for deadline in deadlines if deadline > self.clock.base]
        until = min(later, default=None)
        waiting = [t for t in self.live if t.pending is not None and t.pending.external]
        if waiting:
            held_up = self._held_up()
            if self._wait_outside(waiting, until):
                self._all_before(held_up)
                return None
            if self.error is not None:
                return self._abort(self.error)
        if until is None or self._housekeeping.idle(self):
            return self._stop(verdict.deadlock(self, []))
        self._pass_time(until)
        return None

    def _pass_time(self, until: float) -> None:
        held_up = self._held_up()
        self.outside += 1
        self.clock.pass_time(until)
        self.outside -= 1
        self._awake = [t for t in self.live if t.pending is None or not t.pending.sleeps or t.pending.enabled()]
        self._all_before(held_up)

    def _held_up(self) -> list[tuple[ControlledThread, Operation]]:
        # Copies, for when they are applied later they find another state of things.
        return [(t, copy(t.pending)) for t in self.live if t.pending is not None and t.pending.held() and not t.pending.enabled()]

    def _all_before(self, held_up: list[tuple[ControlledThread, Operation]]) -> None:
        """What comes from here on comes after everything that was, for nobody could go on."""
        self.log.waiting.append(held_up)
        self.log.jumps.append(len(self.log))

    def _wait_outside(self, waiting: list[ControlledThread], until: float | None) -> bool:
        """Wait in real time for the first of what threads wait for outside of the run, at most for as long as the next deadline
        is away. Whether anything came."""
        wanted = None if self._awaited is None else self._awaited(len(self.log))
        everything = [thread.pending for thread in waiting if thread.pending is not None]
        if wanted is not None:
            # A replay waits for what came first when it was recorded.
            waiting = [thread for thread in waiting if thread.label == wanted]
            if not waiting:
                return False
            until = waiting[0].pending.deadline if waiting[0].pending is not None else None
        operations = [thread.pending for thread in waiting if thread.pending is not None]
        if all(operation.inside() for operation in operations):
            # No time passes outside that anything depends on.
            return look(everything)
        end = None if until is None else monotonic() + (until - self.clock.base)
        self.outside += 1
        try:
            while self.error is None:
                if look(operations, _PIECE if end is None else max(0.0, min(_PIECE, end - monotonic()))):
                    look(everything)
                    return True
                if end is not None and monotonic() >= end:
                    return False
        finally:
            self.outside -= 1
        return False

    def _await_recorded(self) -> None:
        """A replay: the thread whose turn it was has waited for the world outside, and that has to come first."""
        assert self._awaited is not None
        wanted = self._awaited(len(self.log))
        for thread in self.live:
            if thread.label == wanted and thread.pending is not None and thread.pending.external and not thread.pending.enabled():
                self._wait_outside([thread], None)

    def expect_outside(self) -> None:
        """A thread is about to wait for the world outside."""
        if self._awaited is not None:
            self._careful = True
            self._alarm = 0

    def _signalled(self, me: ControlledThread) -> bool:
        """Signals have come: the main thread calls their handlers, wherever it stands. Whether it has to be given the baton first."""
        main = self.main
        if main.ended or self.unwinding:
            self._handlers.clear()
        elif me is not main:
            return True
        else:
            operation = main.pending
            if operation is not None:
                self.log.interrupted.append((len(self.log), operation, _able(operation), operation.foresee(), operation.asks_now()))
            while self._handlers:
                self._handlers.pop(0)()
            if operation is not None:
                main.pending, main.blocking = operation, operation.blocking
        return False

    def _look(self) -> ControlledThread | None:
        """Every so many steps: interrupts, the step limit, garbage, cycles without progress. A thread to unwind, or None."""
        if self.error is not None:
            return self._abort(self.error)
        if self.trespass is not None:
            return self._stop(self.trespass)
        steps = len(self.log)
        watch = self._watch
        if steps >= self._max_steps - watch.CLOSER:
            # Too long, or going round in circles? What the last steps look like tells.
            cycle = watch.note(self)
            if steps >= self._max_steps:
                return self._stop(self._stuck(watch.recent(self)) if cycle else verdict.limit(self, steps))
        elif watch.look(self):
            if (self.waits_for_clock() or self._waits_outside()) and watch.clock_stood_still(self):
                watch.time_passes()
                stop = self._jump()
                if stop is not None:
                    return stop
            elif watch.reads_the_clock(self):
                watch.time_passes()
                self._pass_time(self.clock.base + watch.next_step_of_time())
            elif watch.changes_nothing(self):
                return self._stop(self._stuck(self.enabled_now() or watch.recent(self)))
        if steps % _COLLECT_EVERY == 0:
            gc.collect()
            if len(self.log) > steps:
                self.log.beyond["finalizers ran where garbage was collected"] = None
        self._next_look = min(self._last_stretch(steps), steps + (1 if watch.looking_closer else watch.PERIOD))
        self._alarm = 0 if self._careful else self._next_look
        return None

    def _last_stretch(self, steps: int) -> int:
        return max(steps + 1, self._max_steps - self._watch.CLOSER)

    def _stuck(self, spinning: list[ControlledThread]) -> Failure:
        foreground = [t for t in self.live if not t.background]
        if foreground and all(t not in spinning for t in foreground) and all(t.background for t in spinning):
            return verdict.deadlock(self, [])
        return verdict.livelock(self, spinning)

    def waits_for_clock(self) -> bool:
        """Whether some thread goes on when the clock reaches a deadline."""
        return any(
            t.pending is not None and t.pending.deadline is not None and t.pending.deadline > self.clock.base for t in self.live
        )

    def _waits_outside(self) -> bool:
        return any(t.pending is not None and t.pending.external for t in self.live)

    def answer(self, count: int) -> int:
        """The strategy's answer to a question with so many options: the other kind of choice in a schedule."""
        index = self._choose_value(count)
        if not 0 <= index < count:
            raise InternalError(f"the strategy answered {index} to a question with {count} options")
        self.values.append(index)
        self.log.answers.append((self.current.label, index))
        return index

    # ------------------------------------------------------------------ threads

    def spawn(self, name: str, daemon: bool, timer: bool, body: Callable[[bool], None], handle: Any = None) -> ControlledThread:
        """A new thread of the run. To be called where a start operation is applied.

        The thread will call `body(True)`; `body(False)` if the run is over before the thread got so far.
        """
        worker = pool.worker()
        thread = ControlledThread(self.current, name, daemon, timer, worker.baton, worker.os_ident)
        thread.handle = handle
        thread.body = body
        worker.job = _Job(self, thread)
        if not daemon:
            self._foreground += 1
        self.live.append(thread)
        self._awake.append(thread)
        self._fresh = thread
        self._alarm = 0  # the next yield point is not a common one
        return thread

    def raised_in(self, thread: ControlledThread, error: BaseException) -> None:
        """An exception escaped a thread."""
        if isinstance(error, Unwind) or self.unwinding:
            return
        thread.pending, thread.blocking = None, False  # what it announced last has been done
        handled = self._on_exception(thread, error)
        if not handled and not isinstance(error, SystemExit):
            self.raised.append((thread, error))
            if self._observers:
                self.stood[thread] = tuple(w for w in verdict.positions(self) if w.label != thread.label)

    def _ended(self, me: ControlledThread) -> ControlledThread:
        """Take a thread out of the run; who goes on."""
        self.live.remove(me)
        if me in self._awake:
            self._awake.remove(me)
        me.ended = True
        me.pending = me.handle = me.body = None
        if not me.daemon:
            self._foreground -= 1
        if self.unwinding:
            return self._next_to_unwind()
        if self._foreground == 0:
            self.log.ended = True
            return self._unwind()
        return self._next(me)

    def _give_up_on(self, me: ControlledThread) -> ControlledThread:
        """End the run without a thread that could not be ended as it should."""
        if me in self.live:
            self.live.remove(me)
        me.ended = True
        return self._unwind()

    # ------------------------------------------------------------------ the end of a run

    def _stop(self, failure: Failure) -> ControlledThread:
        self.failures.append(failure)
        return self._unwind()

    def _abort(self, error: BaseException) -> ControlledThread:
        """The run cannot go on, through no doing of the program."""
        if isinstance(error, DivergenceError):
            origin = ("divergence", str(error))
            self.failures.append(Failure("divergence", error, None, origin, positions=verdict.positions(self)))
        elif self.error is None:
            self.error = error
        return self._unwind()

    def interrupt(self, error: BaseException) -> None:
        """End the run at its next yield point, and have its caller see `error`. From a signal handler."""
        self.error = error
        self._next_look = self._alarm = 0

    def stop_soon(self, failure: Failure) -> None:
        """End the run with a failure at its next yield point. From any thread."""
        self.trespass = failure
        self._next_look = self._alarm = 0

    def handle(self, handler: Callable[[], None]) -> None:
        """Have the main thread call a signal's handler at the next yield point, also where it is blocked."""
        self._handlers.append(handler)
        self._next_look = self._alarm = 0

    def leave_behind(self, lost: ControlledThread, failure: Failure) -> None:
        """End the run without a thread that has the baton and does not come back from where it is. Called by the watchdog."""
        active.ident = self.ident = 0  # should it come back after all, it is a thread like any other
        lost.lost = True
        self._unwound.add(lost)
        self.live.remove(lost)
        lost.ended = True
        if lost.body is not None:
            lost.body(False)
        self.failures.append(failure)
        following = self._unwind()
        self.current = following
        self.ident = active.ident = following.os_ident
        following.baton.give()

    def _unwind(self) -> ControlledThread:
        self.unwinding = True
        pending = [(t, t.pending) for t in self.live if t.pending is not None]
        for _, operation in pending:
            if operation.deadline is not None:
                operation.due = self.clock.expired(operation.deadline)
        self.log.left = [(t, operation, _able(operation), operation.foresee(), operation.asks_now()) for t, operation in pending]
        self._fresh = None
        self._unwound.update(self.live)
        self.log.pending = pending
        active.perform = self._perform_unwinding
        return self._next_to_unwind()

    def _next_to_unwind(self) -> ControlledThread:
        for thread in self.live:
            if thread is not self.main:
                return thread
        return self.main

    def _perform_unwinding(self, operation: Operation) -> Any:
        """A `finally` block at work: do what can be done at once, and nothing that would have to wait."""
        me = self.current
        me.unwound += 1
        if me.unwound <= _PATIENCE_WITH_CLEANUP and operation.kind != "start" and operation.enabled():
            return operation.apply()
        if me.unwound > _PATIENCE_WITH_UNWINDING and me is not self.main:
            self._give_up(me)
        if me.unwound > _PATIENCE_WITH_CLEANUP:
            insist()
        raise Unwind

    def _give_up(self, me: ControlledThread) -> None:
        # It swallows everything, in a loop. Its OS thread waits here for ever; the others go on.
        self.abandoned.append(me.name)
        if me.body is not None:
            me.body(False)  # what the end of a thread does besides
        following = self._ended(me)
        self.current = following
        self.ident = active.ident = following.os_ident
        following.baton.give()
        while True:
            me.baton.take()

    def run(self, program: Callable[[], Any]) -> Any:
        """Run `program` as the main thread, here, until the last thread that is no daemon has ended.

        Returns its value, None if it raised; what it raised is in `raised`, what was wrong with the run in `failures`.
        """
        if active.execution is not None:
            where = "inside a run" if active.ident == get_ident() else "while another thread of this process is in a run"
            raise UncontrolledError(
                f"a run cannot begin {where}: one process has one run at a time; call the program itself, or use another process"
            )
        active.execution = self  # first: from here on interrupts know that this is a run
        main = self.main
        self.live.append(main)
        self._awake.append(main)
        self._foreground += 1
        collecting = gc.isenabled()
        tracing = sys.gettrace()
        value = None
        try:
            gc.disable()
            active.perform = self._perform
            self.ident = active.ident = main.os_ident
            try:
                if self.at_thread_begin is not None:
                    self.at_thread_begin(main)
                if self._interrupts is not None:
                    self._interrupts.unshield()
                value = program()
                if not self.unwinding:
                    self._at_main_end()
            except Unwind:
                pass
            except KeyboardInterrupt as error:
                self.error = error
                if not self.unwinding:
                    main.pending = None  # it was at work, not about to do something
                    self._unwind()
            except BaseException as error:
                self.raised_in(main, error)
                if isinstance(error, SystemExit):
                    value = error
            following = self._ended(main)
            if following is not main:
                self._hand_over(following, main)
        finally:
            if self._interrupts is not None:
                self._interrupts.shield()
            if self.trespass is not None and self.trespass not in self.failures:
                self.failures.append(self.trespass)
            if self.live:
                self._forsake()
            if self._unwound:
                self._release_what_is_held()
            pool.batons.append(main.baton)
            active.ident = 0
            if sys.gettrace() is not tracing:
                sys.settrace(tracing)
            active.clear()
            if collecting:
                gc.enable()  # now, for finalizers that it calls are no business of the run
        return value

    def _forsake(self) -> None:
        """A fault of ours has left threads behind. They are parked for good; the interpreter's exit is not to wait for them."""
        if self.error is None:
            self.error = InternalError(f"{len(self.live)} threads were left behind: {self.live}")
        for thread in self.live:
            if thread.body is not None:
                thread.body(False)

    def _release_what_is_held(self) -> None:
        gone = frozenset(self._unwound)
        seen: set[int] = set()
        for operation in self.log.operations:
            for resource, _ in operation.footprint():
                if id(resource) not in seen:
                    seen.add(id(resource))
                    resource.abandon(gone)

    # ------------------------------------------------------------------ sections without switches

    def enter_atomic(self) -> None:
        """From here on this thread is not switched away from, unless it has to wait. Nests."""
        self.current.atomic += 1
        if not self.unwinding:
            active.perform = self._perform_atomic

    def leave_atomic(self) -> None:
        """The end of `enter_atomic`."""
        me = self.current
        me.atomic -= 1
        if not me.atomic and not self.unwinding:
            active.perform = self._perform

    def _perform_atomic(self, operation: Operation) -> Any:
        if not operation.blocking or operation.enabled():
            self.current.pending = operation
            return operation.apply()
        # It has to wait for somebody, so the others run; nothing is atomic for them.
        me = self.current
        active.perform = self._perform
        try:
            return self._perform(operation)
        finally:
            if me.atomic and not self.unwinding:
                active.perform = self._perform_atomic


def _able(operation: Operation) -> bool | None:
    """Whether an operation could be applied; None where what it waits for has not come, rather than being held by somebody."""
    return operation.enabled() or (False if operation.held() else None)


boundaries.add(id(Execution.run.__code__))


class _Job:
    """What a worker does for one thread of a run."""

    __slots__ = ("_execution", "_thread")

    def __init__(self, execution: Execution, thread: ControlledThread) -> None:
        self._execution = execution
        self._thread = thread

    def due(self) -> bool:
        return self._execution.current is self._thread

    def __call__(self, clear: Callable[[], None]) -> Baton | None:
        execution, thread = self._execution, self._thread
        try:
            try:
                assert thread.body is not None
                thread.body(not execution.unwinding)
            except Unwind:
                pass
            except BaseException as error:
                execution.raised_in(thread, error)
            clear()
            if thread.lost:
                return None
            following = execution._ended(thread)
        except BaseException as error:  # a fault of ours: better a run that is given up than one that hangs
            execution.error = execution.error or InternalError(f"at the end of {thread!r}: {error!r}")
            following = execution._give_up_on(thread)
        execution.current = following
        execution.ident = active.ident = following.os_ident
        return following.baton


def exception_failure(thread: ControlledThread, error: BaseException, others: tuple[Waiting, ...] = ()) -> Failure:
    """The failure that an exception which escaped a thread is."""
    where = raised_at(error.__traceback__)
    origin = ("exception", type(error).__qualname__, where.function, str(where))
    return Failure("exception", error, thread.name, origin, positions=others, location=where)


__all__ = ["Execution", "Observer", "Step", "exception_failure"]
