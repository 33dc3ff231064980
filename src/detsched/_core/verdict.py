"""Deadlocks and livelocks: how a run is judged when it cannot, or does not, get on."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import DeadlockError, LimitError, LivelockError
from .contents import contents
from .failure import Failure, Waiting, doing
from .frames import Location, callers, location_of, parked_frame, program_frame
from .operation import READ
from .trace import library_call
from .values import exact, variables

if TYPE_CHECKING:
    from .execution import Execution
    from .thread import ControlledThread


def _frame_of(execution: Execution, thread: ControlledThread) -> FrameType | None:
    return sys._getframe(1) if thread.os_ident == execution.ident else parked_frame(thread.os_ident)


def positions(execution: Execution) -> tuple[Waiting, ...]:
    """Where every live thread stands, computed while all state is intact."""
    found = []
    for thread in execution.live:
        operation = thread.pending
        if operation is None:
            continue
        blocked = operation.blocking and not operation.enabled()
        holder = operation.holder() if blocked else None
        frame = _frame_of(execution, thread)
        found.append(
            Waiting(
                thread.name,
                thread.label,
                operation.describe(),
                location_of(frame),
                None if holder is None else holder.name + (" (ended)" if holder.ended else ""),
                None if holder is None else holder.label,
                thread.daemon,
                blocked,
                callers(frame),
                library_call(frame),
            )
        )
    return tuple(found)


def lock_cycle(thread: ControlledThread) -> list[ControlledThread]:
    """The threads of the cycle of lock waits that `thread` has just closed; empty if there is none.

    A thread that waits for a plain Lock which it took itself is no cycle: another thread may release it, and signalling
    programs do just that.
    """
    cycle = [thread]
    while True:
        operation = cycle[-1].pending
        if operation is None or operation.deadline is not None or operation.enabled():
            return []
        holder = operation.holder()
        if holder is None or holder.ended:
            return []
        if holder is thread:
            return cycle if len(cycle) > 1 else []
        if holder in cycle:
            return []  # a cycle further on, reported when it was closed
        cycle.append(holder)


def deadlock(execution: Execution, cycle: list[ControlledThread]) -> Failure:
    """The deadlock in which a run is stuck; `cycle` where a cycle of lock waits is known."""
    stands = positions(execution)
    if not cycle:
        cycle = _find_cycle(execution)
    if cycle:  # whoever closed it, the same cycle is told from the same thread on
        first = cycle.index(min(cycle, key=execution.live.index))
        cycle = cycle[first:] + cycle[:first]
    by_label = {waiting.label: waiting for waiting in stands}
    round_ = tuple(by_label[thread.label] for thread in cycle)
    # Daemons wait for ever in healthy programs: they are named in the positions, not in the cause.
    blocked = round_ or tuple(w for w in stands if w.blocked and not w.daemon) or tuple(w for w in stands if w.blocked)
    word = "thread waits" if len(blocked) == 1 else "threads wait"
    detail = ", ".join(map(str, blocked[:4])) + (f", and {len(blocked) - 4} more" if len(blocked) > 4 else "")
    message = f"{len(blocked)} {word} {'for each other' if round_ else 'for what never comes'}: {detail}{'' if round_ else _others(execution)}"
    origin = ("deadlock", *sorted({f"{w.operation.split(' ')[0]} {w.location.function} {w.location}" for w in blocked}))
    return Failure("deadlock", DeadlockError(message), None, origin, positions=stands, cycle=round_)


def _others(execution: Execution) -> str:
    """A word about live threads that nobody steers: one of them may be what is waited for."""
    ours = {thread.handle for thread in execution.live} | {execution.main_handle, threading.main_thread()}
    names = [thread.name for thread in list(threading._active.values()) if thread not in ours]  # type: ignore[attr-defined]
    if not names:
        return ""
    return f" (unless from {', '.join(sorted(names)[:3])}: started before the run, so not under control and not waited for)"


def _find_cycle(execution: Execution) -> list[ControlledThread]:
    """A cycle of waits for locks and for ends of threads, where nobody can go on any more."""
    for thread in execution.live:
        cycle = [thread]
        while (other := _waits_for(cycle[-1])) is not None and other not in cycle:
            cycle.append(other)
        if other is thread and len(cycle) > 1:
            return cycle
    return []


def _waits_for(thread: ControlledThread) -> ControlledThread | None:
    operation = thread.pending
    if operation is None or operation.deadline is not None:
        return None
    other = operation.other_thread() if operation.kind == "join" else operation.holder()
    return None if other is None or other.ended else other


def limit(execution: Execution, steps: int) -> Failure:
    """The run took too many steps."""
    last = execution.log.threads[-1]
    where = location_of(_frame_of(execution, last))
    message = (
        f"the run took {steps:,} steps and had not ended ({last.name} at {where}): "
        f"raise max_steps if the program is that long, or look for a loop that never ends"
    )
    return Failure("limit", LimitError(message), None, ("limit",), positions=positions(execution), location=where)


def livelock(execution: Execution, spinning: list[ControlledThread]) -> Failure:
    """The given threads repeat a cycle in which nothing changes."""
    stands = positions(execution)
    names = {thread.label for thread in spinning}
    who = [waiting for waiting in stands if waiting.label in names]
    detail = ", ".join(f"{w.thread} at {w.location} ({w.operation})" for w in who[:4])
    others = [w for w in stands if w.label not in names and not w.daemon]
    rest = f"; {', '.join(f'{w.thread} {doing(w.operation, within=w.within)} at {w.location}' for w in others[:3])}" if others else ""
    message = f"{len(who)} {'thread repeats' if len(who) == 1 else 'threads repeat'} a cycle without progress: {detail}{rest}"
    origin = ("livelock", *sorted({f"{w.location.function} {w.location}" for w in who}))
    where = who[0].location if who else Location("", 0, "")
    return Failure("livelock", LivelockError(message), None, origin, positions=stands, cycle=tuple(who), location=where)


class Watch:
    """Looks for cycles without progress: every so many steps, at what happened since.

    A cycle is told by the *states* of its threads: the operation at hand, and the lines and local variables of the program's
    frames. While every new step is in a state that was seen before, nothing gets on; a loop that counts turns up new states.
    The closer look costs more than the steps that it looks at, so it is taken only now and then.

    What follows from a cycle: if somebody waits for the clock, time passes, for a thread that spins is as good as a blocked
    one. If the cycle itself reads the clock, time passes too, in growing steps. If neither, and if nothing in it changed any
    resource, it is a livelock. A cycle that takes and frees locks may go on until `max_steps`: its progress may be in
    plain variables.
    """

    PERIOD = 128
    """Steps between two looks."""
    PATIENCE = 8
    """Looks before the closer look begins. Doubles whenever the closer look was of no use."""
    MOST_PATIENCE = 1_024
    """Where the doubling ends."""
    CLOSER = 512
    """Steps of the closer look; nothing new may turn up in its second half."""
    LONG = 8_192
    """Steps without any change before a cycle is a livelock. (A `for` loop keeps its count where no look can see it.)"""

    def __init__(self) -> None:
        self._jumps = 0
        self._looks = 0
        self._patience = self.PATIENCE
        self._states: set[object] | None = None
        self._began = 0
        self._newest = 0
        self._step_of_time = 1.0
        self._found_closer = False

    @property
    def looking_closer(self) -> bool:
        """Whether every step is looked at."""
        return self._states is not None

    def look(self, execution: Execution) -> bool:
        """One look; whether the threads go round in a cycle."""
        self._looks += 1
        if self._states is None and self._looks <= self._patience:
            self._found_closer = False
            if self._spins(execution):
                self._looks = 0
                return True
            return False
        if self._states is None:
            self._jumps = len(execution.log.jumps)
        cycle = self._found_closer = self.note(execution)
        looked = len(execution.log) - self._began
        new_ones_keep_coming = looked >= 16 * (len(execution.live) + 1) and self._newest >= len(execution.log) - 4
        if cycle or new_ones_keep_coming or looked >= 2 * self.CLOSER:
            self._states, self._looks = None, 0
            self._patience = min(self._patience * 2, self.MOST_PATIENCE)
        return cycle

    def time_passes(self) -> None:
        """A cycle was only waiting for the clock: the next one may be, too, and should be found as soon."""
        if self._found_closer:
            self._patience = self.PATIENCE

    def clock_stood_still(self, execution: Execution) -> bool:
        """Whether the clock has not moved since the closer look began."""
        return len(execution.log.jumps) == self._jumps

    def _spins(self, execution: Execution) -> bool:
        """The cheap case: everybody who can go on was at work since the last look, nothing changed, and somebody waits for the clock."""
        window = slice(-self.PERIOD, None)
        if len(execution.log) < self.PERIOD or any(operation.changes() for operation in execution.log.operations[window]):
            return False
        enabled = execution.enabled_now()
        self._jumps = len(execution.log.jumps)
        return bool(enabled) and execution.waits_for_clock() and set(enabled) <= set(execution.log.threads[window])

    def changes_nothing(self, execution: Execution) -> bool:
        """Whether nothing has changed any resource for very long."""
        last = execution.log.operations[-self.LONG :]
        return len(last) == self.LONG and not any(operation.changes() for operation in last)

    def reads_the_clock(self, execution: Execution) -> bool:
        """Whether the cycle reads the clock, and so may end when time passes."""
        return any(operation.kind == "read clock" for operation in execution.log.operations[-self.CLOSER // 2 :])

    def next_step_of_time(self) -> float:
        """How far time passes for a cycle that reads the clock: seconds, growing up to an hour."""
        step, self._step_of_time = self._step_of_time, min(3600.0, self._step_of_time * 2)
        return step

    def recent(self, execution: Execution) -> list[ControlledThread]:
        """The live threads that were at work in the last window."""
        recent = set(execution.log.threads[-self.PERIOD :])
        return [thread for thread in execution.live if thread in recent]

    def note(self, execution: Execution) -> bool:
        """Note the state that the thread at the yield point is in; whether nothing new has turned up for long enough."""
        steps = len(execution.log)
        if self._states is None:
            self._states, self._began, self._newest = set(), steps, steps
        state = state_of(execution)
        if state not in self._states:
            self._states.add(state)
            self._newest = steps
        return steps - self._newest >= self.CLOSER // 2 - 1


class Housekeeping:
    """Tells a program that daemons and timers keep alive from one that they only keep awake.

    If over very many jumps of the clock only daemons and timers moved, while everybody else waits without a deadline, and if
    in all that time they came into no new state and changed nothing that somebody waits for, then nobody will ever come.
    """

    PATIENCE = 1_000
    """Jumps of the clock without any sign of progress."""

    def __init__(self) -> None:
        self._jumps = 0
        self._states: set[object] = set()
        self._done = 0

    def idle(self, execution: Execution) -> bool:
        """The clock is about to jump; whether the program is past hope."""
        waiting = []
        for thread in execution.live:
            if not thread.daemon and not thread.timer:
                if not thread.blocking or thread.pending is None or thread.pending.deadline is not None:
                    self._jumps, self._done = 0, len(execution.log)
                    return False
                waiting.append(thread)
        if not waiting:
            return False
        self._jumps += 1
        state = state_of(execution)
        if state not in self._states or self._touched(execution, waiting):
            self._states.add(state)
            self._jumps = 0
        self._done = len(execution.log)
        return self._jumps > self.PATIENCE

    def _touched(self, execution: Execution, waiting: list[ControlledThread]) -> bool:
        awaited = {id(resource) for thread in waiting if thread.pending is not None for resource, _ in thread.pending.footprint()}
        return any(
            id(resource) in awaited and mode is not READ
            for operation in execution.log.operations[self._done :]
            for resource, mode in operation.footprint()
        )


def state_of(execution: Execution) -> object:
    """The state of the thread at the yield point, as far as it can be seen: equal again only where it has come round."""
    thread = execution.current
    return "" if thread.timer else thread.label, thread.pending and thread.pending.describe(), _fingerprint(sys._getframe(1))


def local_variables(frame: FrameType) -> dict[str, object]:
    """The local variables of a frame; none at the top level of a module."""
    if frame.f_code.co_name == "<module>":
        return {}
    return variables(frame) if exact else dict(frame.f_locals)


def _fingerprint(frame: FrameType | None) -> tuple[object, ...]:
    """Lines, local and global variables of the program's frames. Not the floats among them, which may be readings of the clock.

    What a frame has on its value stack, the iterator of a `for` loop above all, cannot be seen while it runs.
    """
    found: list[object] = []
    inner = program_frame(frame)
    while inner is not None and len(found) < 4:
        code = inner.f_code
        values: dict[str, object] = local_variables(inner)
        values.update((name, inner.f_globals[name]) for name in code.co_names if name in inner.f_globals)
        found.append((code.co_filename, inner.f_lasti, contents(values, 60, 3, floats=False)))
        inner = program_frame(inner.f_back)
    return tuple(found)
