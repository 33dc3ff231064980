"""Strategies "dpor" and "dfs": the orderings that are known to be there, each once, and no other.

Known counts from the literature; random programs against brute force, which shares nothing with the reduction but the
operations; and what is told of it.
"""

import os
import threading

import pytest

import detsched
from counted import counted, program
from drawn import compare, drawn
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
