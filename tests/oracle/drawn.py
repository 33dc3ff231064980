"""Random small programs over everything that threads can do, and the comparison of the reduction with brute force on them.

A program has two to four threads, nested statements, conditions on what was read, timeouts, failing asserts, daemons, and may
end in a deadlock. It is the text of a function `program(log)`, to whose argument each thread appends what it saw.
"""

from __future__ import annotations

import math
import queue
import random
import threading
import time

import detsched
from detsched.strategies import DPOR, Bounded
from exhaustive import ExhaustiveDFS, TooMany, lines

_HEAD = """
def program(log):
    L, M, R, S, B = Lock(), Lock(), RLock(), Semaphore(1), BoundedSemaphore(1)
    E, G, C, Q = Event(), Barrier(2), Condition(), SimpleQueue()
    values = {'x': 0, 'y': 0}
"""
_SINGLE = {
    "point": "yield_point()",
    "set": "E.set()",
    "clear": "E.clear()",
    "is_set": "log.append(({label}, E.is_set()))",
    "wait": "log.append(({label}, E.wait({timeout})))",
    "semaphore": "S.acquire(); log.append({label}); S.release()",
    "down": "S.acquire()",
    "timed down": "log.append(({label}, S.acquire(timeout=1)))",
    "up": "S.release()",
    "bounded": "B.release()",
    "bounded down": "log.append(({label}, B.acquire(blocking={flag})))",
    "barrier": "log.append(({label}, G.wait({timeout})))",
    "abort": "G.abort()",
    "keep": "L.acquire()",
    "release": "L.release()",
    "locked": "log.append(({label}, L.locked()))",
    "read": "access(None, {name!r}, write=False); got = values[{name!r}]; log.append(({label}, got))",
    "write": "access(None, {name!r}, write=True); values[{name!r}] = {label}",
    "assert": "access(None, {name!r}, write=False); assert not values[{name!r}]",
    "choose": "log.append(({label}, choose('ab')))",
    "choose where": "access(None, choose('xy'), write=True)",
    "alive": "log.append(({label}, t{other}.is_alive()))",
    "put": "Q.put({label})",
    "get": "log.append(({label}, Q.get({timeout_of_get})))",
    "size": "log.append(({label}, Q.qsize()))",
    "sleep": "sleep(1)",
}
_BLOCKS = {
    "if": "access(None, {name!r}, write=False)\n{pad}if values[{name!r}]:",
    "if alive": "if t{other}.is_alive():",
    "lock": "with L:",
    "other lock": "with M:",
    "rlock": "with R:",
    "try": "if L.acquire(blocking=False):",
    "timed": "if L.acquire(timeout=1):",
    "chosen": "if choose((0, 1)):",
    "condition": "with C:",
    "two locks": "with {locks}:",
}
_IN_CONDITION = ("log.append(({label}, C.wait({timeout})))", "C.notify()", "C.notify_all()")
_KINDS = [*_SINGLE, *_BLOCKS, *["read", "write", "lock", "if", "condition", "two locks", "timed"]]


def drawn(seed: int) -> str:
    """The text of a program. Equal seeds, equal programs."""
    choose = random.Random(seed).choice
    labels = iter(range(1000))
    text = [*_HEAD.strip().split("\n")]

    def statement(indent: int, threads: list[int], kinds: list[str] = _KINDS) -> None:
        # A thread asks only after those that were started before it, and after itself.
        pad = "    " * indent
        kind = choose(kinds)
        timeout = choose(("", "1"))
        words = {
            "pad": pad, "name": choose("xy"), "label": next(labels), "other": choose(threads), "timeout": timeout,
            "timeout_of_get": timeout and "timeout=1", "flag": choose((True, False)), "locks": choose(("L, M", "M, L")),
        }  # fmt: skip
        if kind in _SINGLE:
            text.append(pad + _SINGLE[kind].format(**words))
        elif kind == "condition":
            text.append(f"{pad}with C:")
            text.append(f"{pad}    {choose(_IN_CONDITION).format(**words)}")
        else:
            text.append(pad + _BLOCKS[kind].format(**words))
            statement(indent + 1, threads, list(_SINGLE) if indent > 3 else _KINDS)
            if kind in ("try", "timed"):
                text.append(f"{pad}    L.release()")

    count = choose((2, 2, 2, 3, 3, 4))
    daemon = choose((0, 0, count))
    for me in range(1, count + 1):
        text.append(f"    def body{me}():")
        for _ in range({2: choose((1, 2, 2, 3)), 3: choose((1, 1, 2)), 4: 1}[count]):
            statement(2, list(range(1, me + 1)))
    for me in range(1, count + 1):
        text.append(f"    t{me} = Thread(target=body{me}, daemon={me == daemon})")
    text.append("    " + "; ".join(f"t{me}.start()" for me in range(1, count + 1)))
    for me in range(1, count + 1):
        if me != daemon:
            text.append(f"    t{me}.join({choose(('', '', '1'))})")
    if choose((0, 0, 1)):
        statement(1, list(range(1, count + 1)))
    return "\n".join(text)


# ------------------------------------------------------------------ what a run came to, by the definitions and nothing clever


def ordering(log):
    """What distinguishes the ordering of a run: each event with all that happened before it."""
    final = {thread: index for index, thread in enumerate(log.threads)}
    for thread, *_ in log.left:
        final.pop(thread, None)
    jumps, floor, events, count = list(log.jumps), frozenset(), [], {}
    for index, (thread, operation) in enumerate(zip(log.threads, log.operations)):
        while jumps and jumps[0] == index:
            jumps.pop(0)
            floor = frozenset((other.label, nth) for other, nth, *_ in events)
        count[thread] = nth = count.get(thread, 0) + 1
        past = set(floor)
        about = operation.other_thread() if operation.kind in ("join", "is alive?") else None
        touched = operation.footprint()
        for place, (other, other_nth, other_operation, other_touched, other_about, other_past) in enumerate(events):
            if (
                other is thread
                or (other_operation.kind == "start" and other_operation.other_thread() is thread)
                or (about is other and final.get(other) == place)
                or (other_about is thread and final.get(thread) == index)
                or (any(one is two for one, _ in touched for two, _ in other_touched) and operation.conflicts(other_operation))
            ):
                past |= other_past
                past.add((other.label, other_nth))
        events.append((thread, nth, operation, touched, about, past))
    return frozenset(
        (thread.label, nth, operation.key, frozenset(past), index in log.expired, getattr(operation, "answer", None))
        for index, (thread, nth, operation, _, _, past) in enumerate(events)
    )


class Noting:
    """Notes of each run: its failures and what each thread noted, and its ordering."""

    def __init__(self, *args):
        super().__init__(*args)
        self.outcomes, self.orderings, self.deadlocks = set(), set(), set()
        self.log = None

    def begin(self, run):
        super().begin(run)
        self.log = None

    def keep(self, log):
        """The log of the run that has just begun (replays that confirm a failure come later, and do not count)."""
        if self.log is None:
            self.log = log

    def end(self, log, failures):
        failed = frozenset((failure.kind, lines(failure)) for failure in failures)
        self.outcomes.add((failed, tuple(sorted(map(repr, self.log or ())))))
        self.deadlocks.add(frozenset(one for one in failed if one[0] == "deadlock"))
        self.orderings.add(ordering(log))
        return super().end(log, failures)


class BruteForce(Noting, ExhaustiveDFS):
    """Every sequence of choices. Gives up early where it is foreseeable that there are far too many.

    The probability with which a random walk would come to the runs so far, against their number, is an estimate of how many there are.
    """

    done = 0.0

    def end(self, log, failures):
        self.done += math.prod(1 / count for _, count in self.stack)
        if self.most is not None and self.runs in (30, 100, 300) and self.runs > 3 * self.most * self.done:
            raise TooMany
        return super().end(log, failures)


class Reduced(Noting, DPOR):
    """One run for each ordering."""


def noted(text, strategy, most, **settings):
    """The exploration of a program by a strategy that notes."""
    code = compile(text, "program.py", "exec")

    def run():
        scope = {name: getattr(threading, name) for name in threading.__all__}
        scope |= {"sleep": time.sleep, "choose": detsched.choose, "yield_point": detsched.yield_point, "access": detsched.access}
        scope["SimpleQueue"] = queue.SimpleQueue
        exec(code, scope)
        log = []
        strategy.keep(log)
        scope["program"](log)

    return detsched.explore(run, strategy=strategy, runs=most, granularity="sync", shrink=False, **settings)


def compare(text, most, **settings):
    """(None, runs of brute force, runs of the reduction) if the two agree on a program; "too large" in place of None where brute
    force needs more than `most` runs, else what differs."""
    brute, reduced = BruteForce(most), Reduced()
    try:
        noted(text, brute, 2 * most, **settings)
    except TooMany:
        return "too large", most, 0
    found = noted(text, reduced, 2 * most, **settings)
    wrong = [f"missed {outcome}" for outcome in brute.outcomes - reduced.outcomes]
    wrong += [f"invented {outcome}" for outcome in reduced.outcomes - brute.outcomes]
    if brute.deadlocks != reduced.deadlocks:
        wrong.append(f"deadlocks {brute.deadlocks} and {reduced.deadlocks}")
    if not len(brute.orderings) == len(reduced.orderings) == found.runs:
        wrong.append(f"{len(brute.orderings)} orderings, {len(reduced.orderings)} of them in {found.runs} runs")
    if found.redundant or not found.complete:
        wrong.append(f"{found.redundant} redundant, {reduced.cut} cut, complete: {found.complete}")
    return "\n".join([*wrong, text]) if wrong else None, brute.runs, found.runs


# ------------------------------------------------------------------ bounds


class Priced(BruteForce):
    """Brute force that notes what each ordering costs at least, in preemptions and in delays."""

    def __init__(self, *args):
        super().__init__(*args)
        self.least = {"preemptions": {}, "delays": {}}

    def begin(self, run):
        super().begin(run)
        self.preemptions = self.delays = 0

    def choose(self, step):
        chosen, current = super().choose(step), step.current
        if chosen is not current:
            self.preemptions += current in step.enabled
            after = [thread for thread in step.enabled if current is not None and thread.path >= current.path]
            before = [thread for thread in step.enabled if thread not in after]
            self.delays += [*sorted(after, key=lambda one: one.path), *sorted(before, key=lambda one: one.path)].index(chosen)
        return chosen

    def end(self, log, failures):
        which = ordering(log)
        for kind, costs in self.least.items():
            costs[which] = min(costs.get(which, math.inf), getattr(self, kind))
        return super().end(log, failures)


class WithinBound(Noting, Bounded):
    """What the searches within a bound run."""


def compare_within(text, most, kind, bound, **settings):
    """As `compare`, for the orderings that a bound allows."""
    brute, bounded = Priced(most), WithinBound(kind, bound)
    try:
        noted(text, brute, 2 * most, **settings)
    except TooMany:
        return "too large", most, 0
    found = noted(text, bounded, None, **settings)
    allowed = {which for which, least in brute.least[kind].items() if least <= bound}
    wrong = []
    if allowed != bounded.orderings:
        wrong.append(f"{len(allowed - bounded.orderings)} orderings missed, {len(bounded.orderings - allowed)} invented")
    if found.runs - found.redundant != len(allowed):
        wrong.append(f"{found.runs} runs, {found.redundant} of them redundant, for {len(allowed)} orderings")
    if not found.complete or (bounded.whole and allowed != brute.orderings):
        wrong.append(f"complete: {found.complete}, {bounded.cut} cut, whole: {bounded.whole}")
    return "\n".join([f"{kind}={bound}", *wrong, text]) if wrong else None, brute.runs, found.runs
