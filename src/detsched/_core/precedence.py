"""Direct happens-before: which earlier events of other threads an event of a run comes directly after.

`causality` says in vector clocks what is in whose past. Here are the arrows themselves, for those who draw them or put
events into another order that means the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .log import Log
from .operation import READ, UPDATE

if TYPE_CHECKING:
    from .thread import ControlledThread


class _Touched:
    """The events that touched one resource last: the last write, and the reads and updates since."""

    __slots__ = ("written", "read", "updated")

    def __init__(self) -> None:
        self.written: int | None = None
        self.read: list[int] = []
        self.updated: list[int] = []


def predecessors(log: Log) -> list[tuple[int, ...]]:
    """For each event the indices of the events that it comes directly after, without the one before it in its own thread.

    Arrows come from conflicts, from the start of the thread, and for a join from the thread's last event. A jump of the clock
    comes after everything before it, so the event after a jump does too.
    """
    touched: dict[int, _Touched] = {}
    last: dict[ControlledThread, int] = {}
    started: dict[ControlledThread, int] = {}
    jumps = set(log.jumps)
    barrier: list[int] = []
    after_barrier: set[ControlledThread] = set()
    found: list[tuple[int, ...]] = []
    for index, (thread, operation) in enumerate(zip(log.threads, log.operations)):
        before: set[int] = set()
        if index in jumps:
            barrier, after_barrier = list(last.values()), set()
        if thread not in after_barrier:
            before.update(barrier)
            after_barrier.add(thread)
        if thread not in last and thread in started:
            before.add(started[thread])
        for resource, mode in operation.footprint():
            state = touched.setdefault(id(resource), _Touched())
            if mode is not READ:
                before.update(state.read)
            if mode is not UPDATE:
                before.update(state.updated)
            if state.written is not None and (mode is READ and not state.updated or mode is UPDATE and not state.read or not (state.read or state.updated)):
                before.add(state.written)
            if mode is READ:
                state.read.append(index)
            elif mode is UPDATE:
                state.updated.append(index)
            else:
                state.written, state.read, state.updated = index, [], []
        other = operation.other_thread()
        if other is not None:
            if operation.kind == "start":
                started[other] = index
            elif operation.saw_end() and other in last:
                before.add(last[other])
        found.append(tuple(sorted(one for one in before if log.threads[one] is not thread)))
        last[thread] = index
    return found


def fewer_switches(log: Log) -> list[ControlledThread]:
    """Whose events follow one another in an equivalent run in which every thread goes on as long as it can.

    Greedy: a thread is left where its next event has to come after one of another thread that is still to come.
    """
    before = predecessors(log)
    waiting: dict[ControlledThread, list[int]] = {}
    for index, thread in enumerate(log.threads):
        waiting.setdefault(thread, []).append(index)
    for events in waiting.values():
        events.reverse()
    done = [False] * len(log)
    order: list[ControlledThread] = []
    while waiting:
        ready = (thread for thread, events in waiting.items() if all(done[one] for one in before[events[-1]]))
        current = min(ready, key=lambda thread: waiting[thread][-1])
        events = waiting[current]
        while events and all(done[one] for one in before[events[-1]]):
            done[events.pop()] = True
            order.append(current)
        if not events:
            del waiting[current]
    return order
