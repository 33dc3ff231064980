"""Deadlocks and livelocks: how a run is judged when it cannot, or does not, get on."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import DeadlockError, LimitError, LivelockError
from .failure import Failure, Waiting
from .frames import Location, location_of, parked_frame, program_frame

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
        found.append(
            Waiting(
                thread.name,
                thread.label,
                operation.describe(),
                location_of(_frame_of(execution, thread)),
                None if holder is None else holder.name + (" (ended)" if holder.ended else ""),
                None if holder is None else holder.label,
                thread.daemon,
                blocked,
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
    by_label = {waiting.label: waiting for waiting in stands}
    round_ = tuple(by_label[thread.label] for thread in cycle)
    # Daemons wait for ever in healthy programs: they are named in the positions, not in the cause.
    blocked = round_ or tuple(w for w in stands if w.blocked and not w.daemon) or tuple(w for w in stands if w.blocked)
    word = "thread waits" if len(blocked) == 1 else "threads wait"
    detail = ", ".join(map(str, blocked[:4])) + (f", and {len(blocked) - 4} more" if len(blocked) > 4 else "")
    message = f"{len(blocked)} {word} {'for each other' if round_ else 'for what never comes'}: {detail}"
    origin = ("deadlock", *sorted({f"{w.operation.split(' ')[0]} {w.location.function} {w.location}" for w in blocked}))
    return Failure("deadlock", DeadlockError(message), None, origin, positions=stands, cycle=round_)


def _find_cycle(execution: Execution) -> list[ControlledThread]:
    for thread in execution.live:
        cycle = lock_cycle(thread)
        if cycle:
            return cycle
    return []


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
    rest = f"; {', '.join(f'{w.thread} waits to {w.operation} at {w.location}' for w in others[:3])}" if others else ""
    message = f"{len(who)} {'thread repeats' if len(who) == 1 else 'threads repeat'} a cycle without progress: {detail}{rest}"
    origin = ("livelock", *sorted({f"{w.location.function} {w.location}" for w in who}))
    where = who[0].location if who else Location("", 0, "")
    return Failure("livelock", LivelockError(message), None, origin, positions=stands, cycle=tuple(who), location=where)


class Watch:
    """Looks for a cycle without progress: every so many steps, at what happened since.

    A window of steps is *quiet* if nothing in it changed a resource (only reads, readings of the clock, sleeps and yields).
    Two things follow from quiet windows. The clock jumps, if somebody waits for it, for a spinning thread is as good as a
    blocked one. And if nobody waits for the clock, the spinning threads are watched more closely: each of their steps is
    noted together with the lines and local variables of their frames; a whole window in which no new such state turns up is
    a cycle. A counting loop shows up as new states: its variable changes.
    """

    QUIET = 128
    """Steps between two looks."""
    PATIENCE = 8
    """Quiet windows in a row before the closer look begins."""
    CLOSER = 512
    """Steps of the closer look; nothing new may turn up in its second half."""

    def __init__(self) -> None:
        self.quiet_windows = 0
        self._looked_at = 0
        self._states: set[object] | None = None
        self._began = 0
        self._newest = 0

    def quiet(self, execution: Execution) -> bool:
        """Whether nothing changed since the last look."""
        log = execution.log
        begin, self._looked_at = self._looked_at, len(log)
        for index in range(len(log) - 1, begin - 1, -1):
            if log.operations[index].changes():
                self.forget()
                return False
        self.quiet_windows += 1
        return True

    def spinning(self, execution: Execution) -> list[ControlledThread]:
        """The threads that could go on and only spin; empty if one of them may yet make progress."""
        enabled = execution.enabled_now()
        recent = set(execution.log.threads[-self.QUIET :])
        if any(thread not in recent or thread.pending is None or thread.pending.changes() for thread in enabled):
            return []
        return enabled

    def recent(self, execution: Execution) -> list[ControlledThread]:
        """The live threads that were at work in the last window."""
        recent = set(execution.log.threads[-self.QUIET :])
        return [thread for thread in execution.live if thread in recent]

    def note(self, execution: Execution) -> bool:
        """Note the state that the thread at the yield point is in; whether nothing new has turned up for long enough."""
        log = execution.log
        steps = len(log)
        thread = execution.current
        if self._states is None:
            self._states, self._began, self._newest = set(), steps, steps
        if log.operations and log.operations[-1].kind == "read clock":
            self._newest = steps  # time passes: that is progress, and ends at a deadline or at max_steps
        state = (thread.label, thread.pending and thread.pending.describe(), _fingerprint(sys._getframe(1)))
        if state not in self._states:
            self._states.add(state)
            self._newest = steps
        if steps - self._newest >= self.CLOSER // 2 - 1:
            return True
        if steps - self._began >= 4 * self.CLOSER:
            self.forget()
        return False

    def forget(self) -> None:
        """Begin again: something changed, or new states keep turning up."""
        self._states = None
        self.quiet_windows = 0

    @property
    def looking_closer(self) -> bool:
        return self._states is not None


def _fingerprint(frame: FrameType | None) -> tuple[object, ...]:
    """Lines and local variables of the program's frames: equal again only where the thread has come round."""
    found: list[object] = []
    inner = program_frame(frame)
    while inner is not None and len(found) < 8:
        values = tuple(
            (name, value if type(value) in (int, float, str, bytes, bool, type(None)) else id(value))
            for name, value in inner.f_locals.items()
        )
        found.append((inner.f_code.co_filename, inner.f_lasti, values))
        inner = program_frame(inner.f_back)
    return tuple(found)
