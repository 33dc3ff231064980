"""Strategies "dpor" and "dfs": the orderings that are known to be there, each once, and no other.

Known counts from the literature; random programs against brute force, which shares nothing with the reduction but the
operations; and what is told of it.
"""

import os
import random
import threading
import time

import pytest

import detsched
from counted import CompareAndSwap, counted, points, program
from detsched.strategies import DPOR
from exhaustive import ExhaustiveDFS, TooMany, lines
from model import random_program

PROGRAMS = int(os.environ.get("DETSCHED_ORACLE_PROGRAMS", "15"))
MOST_RUNS = 300 if PROGRAMS <= 100 else 2000


@pytest.mark.parametrize(("bodies", "expected"), [pytest.param(bodies, expected, id=name) for name, bodies, expected in counted()])
def test_known_number_of_orderings(bodies, expected):
    """Complete, as many runs as there are orderings, none twice."""
    found = detsched.explore(program(bodies), strategy="dpor", runs=None, granularity="sync")

    assert (found.complete, found.runs, found.redundant) == (True, expected, 0)


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
@pytest.mark.parametrize(("counts", "orders"), [((1, 1), 2), ((3, 3), 20), ((4, 3), 35), ((2, 2, 1), 30)])
def test_statements(strategy, counts, orders):
    """Sequences of statements, each marked by a yield point: the multinomial number of outcomes, which the program itself sees."""

    def body(me, count, seen):
        for _ in range(count):
            detsched.yield_point()
            seen.append(me)

    def merge():
        seen = []
        threads = [threading.Thread(target=body, args=(me, count, seen)) for me, count in enumerate(counts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tuple(seen)

    found = detsched.explore(merge, strategy=strategy, runs=None, granularity="sync")

    assert found.complete
    assert len(found.outcomes) == orders
    assert strategy == "dfs" or found.runs == orders


# ------------------------------------------------------------------ random programs against brute force


def ordering(log):
    """What distinguishes the ordering of a run: each event with all that happened before it, by the definition and nothing clever."""
    final = {thread: index for index, thread in enumerate(log.threads)}
    left = {thread for thread, *_ in log.left}
    jumps, floor, events, count = list(log.jumps), frozenset(), [], {}
    for index, (thread, operation) in enumerate(zip(log.threads, log.operations)):
        while jumps and jumps[0] == index:
            jumps.pop(0)
            floor = frozenset((other.label, nth) for other, nth, *_ in events)
        count[thread] = nth = count.get(thread, 0) + 1
        past = set(floor)
        for place, (other, other_nth, other_operation, other_past) in enumerate(events):
            starts = other_operation.kind == "start" and other_operation.other_thread() is thread
            sees_end = operation.kind in ("join", "is alive?") and operation.other_thread() is other and final[other] == place and other not in left
            before_end = other_operation.kind in ("join", "is alive?") and other_operation.other_thread() is thread and final[thread] == index and thread not in left
            if other is thread or starts or sees_end or before_end or operation.conflicts(other_operation):
                past |= other_past | {(other.label, other_nth)}
        events.append((thread, nth, operation, past))
    answers = (getattr(operation, "answer", None) for operation in log.operations)
    return frozenset(
        (thread.label, nth, operation.key, frozenset(past), index in log.expired, answer)
        for (index, (thread, nth, operation, past)), answer in zip(enumerate(events), answers)
    )


class Noting:
    """What each run came to: failures, what each thread noted, and its ordering."""

    def begin(self, run):
        super().begin(run)
        self.log = None

    def keep(self, log):
        if self.log is None:
            self.log = log

    def end(self, log, failures):
        self.runs_noted = getattr(self, "runs_noted", 0) + 1
        outcome = frozenset((failure.kind, lines(failure)) for failure in failures), tuple(sorted(map(repr, self.log or ())))
        self.__dict__.setdefault("outcomes", set()).add(outcome)
        self.__dict__.setdefault("orderings", set()).add(ordering(log))
        return super().end(log, failures)


class BruteForce(Noting, ExhaustiveDFS):
    pass


class Reduced(Noting, DPOR):
    pass


def compare(text, **settings):
    """None if brute force and the reduction agree, "too large", or what differs."""
    code = compile(text, "program.py", "exec")

    def noted(strategy):
        def run():
            scope = {name: getattr(threading, name) for name in threading.__all__}
            scope |= {"sleep": time.sleep, "choose": detsched.choose, "yield_point": detsched.yield_point, "access": detsched.access}
            exec(code, scope)
            log = []
            strategy.keep(log)
            scope["program"](log)

        return detsched.explore(run, strategy=strategy, runs=2 * MOST_RUNS, granularity="sync", **settings)

    brute, reduced = BruteForce(MOST_RUNS), Reduced()
    try:
        noted(brute)
    except TooMany:
        return "too large"
    found = noted(reduced)
    if reduced.cut:
        return "too large"  # it says itself that it cannot vouch for it
    wrong = [f"missed {outcome}" for outcome in brute.outcomes - reduced.outcomes]
    wrong += [f"invented {outcome}" for outcome in reduced.outcomes - brute.outcomes]
    if not len(brute.orderings) == len(reduced.orderings) == found.runs:
        wrong.append(f"{len(brute.orderings)} orderings, {len(reduced.orderings)} of them in {found.runs} runs")
    if found.redundant or not found.complete:
        wrong.append(f"{found.redundant} redundant, complete: {found.complete}")
    return "\n".join([*wrong, text]) if wrong else None


@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_random_programs_of_primitives(timeouts):
    """Outcomes, and the number of orderings, equal those of brute force, and every ordering is run once."""
    came = [compare(random_program(seed)[0], timeouts=timeouts) for seed in range(PROGRAMS)]

    assert [text for text in came if text not in (None, "too large")] == []
    assert came.count("too large") < len(came) / 2


def data_program(seed):
    """A random program with accesses, choices, yield points, daemons, barriers, failing asserts, `is_alive`, joins with timeouts."""
    choose = random.Random(seed).choice
    labels = iter(range(1000))
    text = ["def program(log):", "    L, S, E, B, C = Lock(), Semaphore(1), Event(), Barrier(2), Condition()", "    values = {'x': 0, 'y': 0, 'z': 0}"]

    def statement(indent, threads):
        # (A thread asks only after those that were started before it, and after itself.)
        pad, kind = "    " * indent, choice(KINDS)
        name, label = choose("xyz"), next(labels)
        if kind == "read":
            text.append(f"{pad}access(None, {name!r}, write=False); got = values[{name!r}]; log.append(({label}, got))")
        elif kind == "write":
            text.append(f"{pad}access(None, {name!r}, write=True); values[{name!r}] = {label}")
        elif kind == "if":
            text.append(f"{pad}access(None, {name!r}, write=False)")
            text.append(f"{pad}if values[{name!r}]:")
            statement(indent + 1, threads)
        elif kind == "assert":
            text.append(f"{pad}access(None, {name!r}, write=False); assert not values[{name!r}]")
        elif kind == "choose":
            text.append(f"{pad}access(None, choose('xy'), write=True)" if choose((0, 1)) else f"{pad}log.append(({label}, choose('ab')))")
        elif kind == "lock":
            text.append(f"{pad}with L:")
            statement(indent + 1, threads)
        elif kind == "try":
            text.append(f"{pad}if L.acquire(blocking=False):")
            text.append(f"{pad}    log.append(({label}, 1)); L.release()")
        elif kind == "locked":
            text.append(f"{pad}log.append(({label}, L.locked()))")
        elif kind == "alive":
            text.append(f"{pad}log.append(({label}, t{choose(threads)}.is_alive()))")
        else:
            text.append(pad + {"point": "yield_point()", "set": "E.set()", "is_set": f"log.append(({label}, E.is_set()))", "wait": f"log.append(({label}, E.wait({choose(('', 1))})))",
                               "semaphore": "S.acquire(); S.release()", "barrier": f"log.append(({label}, B.wait()))", "keep": "L.acquire()"}[kind])  # fmt: skip

    choice = choose
    count = choose((2, 2, 3))
    daemon = choose((0, 0, count))
    for me in range(1, count + 1):
        text.append(f"    def body{me}():")
        for _ in range(choose((1, 2, 2, 3) if count == 2 else (1, 1, 2))):
            statement(2, list(range(1, me + 1)))
    for me in range(1, count + 1):
        text.append(f"    t{me} = Thread(target=body{me}, daemon={me == daemon})")
    text.append("    " + "; ".join(f"t{me}.start()" for me in range(1, count + 1)))
    for me in range(1, count + 1):
        if me != daemon:
            text.append(f"    t{me}.join({choose(('', '', '1'))})")
    if choose((0, 1)):
        statement(1, list(range(1, count + 1)))
    return "\n".join(text).replace("t0", "t1")


KINDS = ["read", "write", "write", "if", "assert", "choose", "lock", "try", "locked", "alive", "point", "set", "is_set", "wait", "semaphore", "barrier", "keep"]


@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_random_programs_of_everything_else(timeouts):
    """The same with shared data, choices, daemons, barriers, failing asserts, `is_alive` and joins with timeouts."""
    came = [compare(data_program(seed), timeouts=timeouts) for seed in range(2 * PROGRAMS)]

    assert [text for text in came if text not in (None, "too large")] == []
    assert came.count("too large") < len(came) / 2


def test_plain_attributes():
    """Two unlocked increments of an attribute, which are two events each: 4 orderings, and both results."""

    class Counter:
        n = 0

    def increments():
        counter = Counter()

        def body():
            counter.n = counter.n + 1

        threads = [threading.Thread(target=body) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counter.n

    found = detsched.explore(increments, strategy="dpor", runs=None, granularity="access")

    assert (found.complete, found.runs, found.redundant) == (True, 4, 0)
    assert set(found.outcomes) == {"1", "2"}
