"""Strategies "dpor" and "dfs": the orderings that are known to be there, each once, and no other.

Known counts from the literature; random programs against brute force, which shares nothing with the reduction but the
operations; and what is told of it.
"""

import ast
import itertools
import math
import os
import queue
import threading

import pytest

import detsched
from counted import counted, multinomial, program
from drawn import compare, drawn
from model import random_program

PROGRAMS = int(os.environ.get("DETSCHED_ORACLE_PROGRAMS", "12"))
MOST_RUNS = 300 if PROGRAMS <= 100 else 2000


@pytest.mark.parametrize(("bodies", "expected"), [pytest.param(bodies, expected, id=name) for name, bodies, expected in counted()])
def test_known_number_of_orderings(bodies, expected):
    """Complete, as many runs as there are orderings, none twice."""
    found = detsched.explore(program(bodies), strategy="dpor", runs=None, granularity="sync")

    assert (found.complete, found.runs, found.redundant) == (True, expected, 0)


SMALL = [(1, 1), (2, 1), (6, 1), (3, 3), (5, 2), (4, 3), (1, 1, 1), (2, 2, 1)]
LARGE = [*itertools.combinations_with_replacement(range(1, 7), 2), *itertools.combinations_with_replacement(range(1, 4), 3)]
STATEMENTS = [(counts, multinomial(*counts)) for counts in (SMALL if PROGRAMS <= 100 else LARGE)]


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
@pytest.mark.parametrize(("counts", "orders"), STATEMENTS)
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


# ------------------------------------------------------------------ every order of every primitive


def in_threads(*bodies):
    """Start a thread for each body, and join them all."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def every_outcome(program):
    """The values of all orderings of a program, and how many orderings there are; "deadlock" where one ends so."""
    found = detsched.explore(program, strategy="dpor", runs=None, granularity="sync", shrink=False)
    assert found.complete and not found.redundant
    return {"deadlock" if key.startswith("deadlock") else ast.literal_eval(key) for key in found.outcomes}, found.runs


@pytest.mark.parametrize("threads, sections, orders", [*((2, k, math.comb(2 * k, k)) for k in range(1, 6)), (3, 1, 6), (4, 1, 24)])
@pytest.mark.parametrize("make", ["Lock", "RLock", "Semaphore", "Condition"])
def test_sections_that_exclude_one_another(make, threads, sections, orders):
    """Sections that append to a log: as many orderings as logs, and every log."""

    def program():
        lock, log = getattr(threading, make)(), []

        def body(me):
            for _ in range(sections):
                with lock:
                    log.append(me)

        in_threads(*[lambda me=me: body(me) for me in range(threads)])
        return tuple(log)

    logs, runs = every_outcome(program)

    assert len(logs) == runs == orders


def two_of_a_semaphore():
    semaphore, got = threading.Semaphore(1), {}
    in_threads(*[lambda me=me: got.update({me: semaphore.acquire(blocking=False)}) for me in "ab"])
    return got["a"], got["b"]


def a_look_beside_a_set():
    event, got = threading.Event(), {}
    in_threads(lambda: got.update(seen=event.is_set()), event.set, lambda: got.update(woken=event.wait()))
    return got["seen"], got["woken"]


def a_set_and_clear():
    event = threading.Event()
    in_threads(event.wait, lambda: (event.set(), event.clear()))
    return "woken"


def a_notify():
    condition = threading.Condition()

    def wait():
        with condition:
            condition.wait()

    def notify():
        with condition:
            condition.notify()

    in_threads(wait, notify)
    return "woken"


def arrivals(parties):
    def program():
        barrier, index = threading.Barrier(parties), {}
        in_threads(*[lambda me=me: index.update({me: barrier.wait()}) for me in range(parties)])
        return tuple(index[me] for me in range(parties))

    return program


def tries():
    lock, got = threading.Lock(), {}

    def body(me):
        got[me] = lock.acquire(blocking=False)
        if got[me]:
            lock.release()

    in_threads(lambda: body("a"), lambda: body("b"))
    return got["a"], got["b"]


def producers_and_consumers():
    items, got = queue.Queue(), {}
    in_threads(*[lambda me=me: items.put(me) for me in "ab"], *[lambda me=me: got.update({me: items.get()}) for me in "AB"])
    return got["A"], got["B"]


ONE_OF_BOTH = {(True, False), (False, True)}


@pytest.mark.parametrize(
    ("program", "outcomes"),
    [
        (two_of_a_semaphore, ONE_OF_BOTH), (a_look_beside_a_set, {(True, True), (False, True)}), (a_set_and_clear, {"woken", "deadlock"}),
        (a_notify, {"woken", "deadlock"}), (arrivals(2), {(0, 1), (1, 0)}), (arrivals(3), set(itertools.permutations(range(3)))),
        (tries, {*ONE_OF_BOTH, (True, True)}), (producers_and_consumers, {("a", "b"), ("b", "a")}),
    ],
    ids=["semaphore", "event", "set and clear", "condition", "barrier of 2", "barrier of 3", "try-lock", "queue"],
)  # fmt: skip
def test_every_outcome(program, outcomes):
    """What a search that takes a primitive for one step, or does not reverse who waits, never sees."""
    assert every_outcome(program)[0] == outcomes


# ------------------------------------------------------------------ programs against brute force


def agree(texts, most=MOST_RUNS, **settings):
    """Assert that outcomes, deadlocks and the number of orderings of programs equal those of brute force, and that none is run twice."""
    came = [compare(text, most, **settings)[0] for text in texts]

    assert [text for text in came if text not in (None, "too large")] == []
    assert came.count(None) > len(came) / 3


@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_random_programs(timeouts):
    """Programs over all primitives, with nesting, conditions, timeouts, choices, failing asserts, daemons, deadlocks."""
    agree(map(drawn, range(PROGRAMS)), timeouts=timeouts)


@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_random_programs_of_the_model(timeouts):
    """Programs of another generator, whose outcomes an interpreter of its own confirms in `test_random_programs.py`."""
    agree((random_program(seed)[0] for seed in range(0, PROGRAMS, 2)), timeouts=timeouts)


HARD = {
    "who had a part in a cycle of locks may have gone on before that closed": """
def program(log):
    L, M = Lock(), Lock()
    def body1():
        with M, L:
            pass
    def body2():
        with L, M:
            pass
        L.acquire()
    t1, t2 = Thread(target=body1), Thread(target=body2)
    t1.start(); t2.start()
    t1.join(1)
""",
    "a daemon that may be cut off, and whose end is asked for": """
def program(log):
    M, S = Lock(), Semaphore(1)
    def body():
        with M:
            S.release()
        S.release()
    t = Thread(target=body, daemon=True)
    t.start()
    t.is_alive()
""",
    "what was the last event in one order has more to come after it in another": """
def program(log):
    L = Lock()
    def body1():
        if L.acquire(timeout=1):
            L.release()
    def body2():
        with L:
            sleep(1)
    def body3():
        L.acquire()
    t1, t2, t3 = Thread(target=body1), Thread(target=body2), Thread(target=body3, daemon=True)
    t1.start(); t2.start(); t3.start()
    t2.join()
""",
    "who is set going by another has not had the last event, as in the order that came first": """
def program(log):
    E, Q = Event(), SimpleQueue()
    t1, t2 = Thread(target=E.wait), Thread(target=E.set, daemon=True)
    t1.start(); t2.start()
    Q.put(4)
""",
    "a daemon that was woken, and may give up all the same, is cut off": """
def program(log):
    E = Event()
    def body1():
        E.set()
        choose('ab')
    def body2():
        E.wait(1)
    t1, t2 = Thread(target=body1), Thread(target=body2, daemon=True)
    t1.start(); t2.start()
    t1.join(1)
""",
}


@pytest.mark.parametrize("timeouts", ["idle", "any"])
@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_programs_that_are_hard_for_a_reduction(text, timeouts):
    """What random programs once found."""
    agree([text], timeouts=timeouts)


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
