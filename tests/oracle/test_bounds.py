"""Bounds: the orderings that have a schedule within the bound, those of the least cost first, and words that say so."""

import os
import threading

import pytest

import detsched
from detsched.strategies import Bounded
from drawn import compare_within, drawn

PROGRAMS = int(os.environ.get("DETSCHED_ORACLE_PROGRAMS", "10"))
MOST_RUNS = 60 if PROGRAMS <= 100 else 2000


@pytest.mark.parametrize("timeouts", ["idle", "any"])
@pytest.mark.parametrize("kind", ["preemptions", "delays"])
def test_orderings_within_a_bound(kind, timeouts):
    """The classes that have an ordering within the bound are those that brute force has at that price, none missed and none invented;
    runs of one class are counted."""
    came = [compare_within(drawn(seed), MOST_RUNS, kind, seed % 3, timeouts=timeouts)[0] for seed in range(PROGRAMS)]

    assert [text for text in came if text not in (None, "too large")] == []
    assert came.count("too large") < 3 * len(came) / 4


def in_turn(*counts):
    """A program of threads with so many statements each: its value is in which order they came."""

    def program():
        seen = []

        def body(me, count):
            for _ in range(count):
                detsched.yield_point()
                seen.append(me)

        threads = [threading.Thread(target=body, args=(me, count)) for me, count in enumerate(counts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return "".join(map(str, seen))

    return program


def explored(program, **settings):
    return detsched.explore(program, runs=None, granularity="sync", **settings)


def blocks(order):
    """How often the next statement is of another thread."""
    return sum(one != other for one, other in zip(order, order[1:]))


@pytest.mark.parametrize("bound", range(5))
def test_orders_of_statements(bound):
    """Two threads of three statements: n preemptions, and where a thread has ended one switch more, give every order of as many blocks."""
    found = explored(in_turn(3, 3), preemptions=bound)
    orders = {order.strip("'") for order in found.outcomes}
    every = {order.strip("'") for order in explored(in_turn(3, 3), strategy="dfs").outcomes}

    assert found.complete
    assert orders == {order for order in every if blocks(order) - 1 <= bound}


@pytest.mark.parametrize("allowed", [1, 2, 3])
def test_first_failure_has_the_fewest_preemptions(allowed):
    """A program that fails where its threads take turns too often: found with as many preemptions as that takes, and not with one less."""

    def program():
        assert blocks(in_turn(3, 3)()) <= allowed

    found = explored(program, preemptions=5, keep_going=False)

    assert found.run_of(found.failure).preemptions == allowed
    assert explored(program, preemptions=allowed - 1).failures == ()


def test_summary_says_what_is_complete():
    """The bound is part of the statement where it left anything out, and no part where it did not."""
    assert "complete: all 14 orderings of synchronisation with at most 2 preemptions (" in explored(in_turn(3, 3), preemptions=2).summary()
    assert "complete: all 2 orderings of synchronisation without preemptions (" in explored(in_turn(3, 3), preemptions=0).summary()
    assert "complete: all 4 orderings of synchronisation with at most 1 delay (" in explored(in_turn(3, 3), delays=1).summary()
    assert "complete: all 20 orderings of synchronisation (" in explored(in_turn(3, 3), preemptions=9).summary()
    assert "orders of yield points with at most 1 preemption (" in explored(in_turn(2, 2), strategy="dfs", preemptions=1).summary()
    assert "not complete" in explored(in_turn(3, 3), preemptions=2, max_steps=6).summary()


def test_summary_says_what_is_complete_so_far():
    """Stopped in a later round, it names the bound of the one before."""
    found = detsched.explore(in_turn(3, 3), granularity="sync", preemptions=4, runs=50)

    assert not found.complete
    assert "preemptions=4" in found.summary()
    assert "not complete (but for all orderings of synchronisation with at most 2 preemptions" in found.summary()


def test_what_is_cut_is_counted():
    """Runs that are too long leave an exploration incomplete, within a bound as well."""
    found = explored(in_turn(3, 3), preemptions=1, max_steps=8)

    assert not found.complete
    assert found.cut == found.failed_runs > 0


def test_threads_that_poll_keep_a_bounded_search_finite():
    """A loop that polls is held until somebody has changed what it reads; the summary says so."""

    def program():
        ready = threading.Event()

        def poll():
            while not ready.is_set():
                pass

        threads = [threading.Thread(target=target) for target in (poll, ready.set)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = explored(program, preemptions=1)

    assert (found.complete, found.cut) == (True, 0)
    assert "threads that poll wait for a change" in found.summary()


def test_redundancy_is_counted_as_far_as_memory_goes(monkeypatch):
    """Beyond a number of orderings equivalent runs are no longer recognised: what is said of them is a lower bound then."""
    monkeypatch.setattr("detsched.strategies.bounded._MOST", 5)
    found = explored(in_turn(3, 3), preemptions=2)

    assert "complete: all orderings of synchronisation with at most 2 preemptions (at least" in found.summary()


@pytest.mark.parametrize("kind", ["preemptions", "delays"])
def test_estimate_of_the_last_round(kind):
    """Half-way through, the estimate is within a factor of three of what it came to."""
    whole = explored(in_turn(6, 6), **{kind: 2}).runs
    found = detsched.explore(in_turn(6, 6), granularity="sync", runs=whole // 2, **{kind: 2})

    assert whole / 3 < found.estimate < 3 * whole
    assert f"about {found.estimate:,.0f} runs in all" in found.summary()


@pytest.mark.parametrize("settings", [{"preemptions": 2}, {"strategy": "dfs"}])
def test_programs_that_do_less_from_run_to_run(settings):
    """A run that ends before it comes to where it was to branch off is no equal run: that is the verdict, and nothing is complete."""
    left = [40]

    def program():
        left[0] = max(0, left[0] - 1)
        in_turn(left[0] // 4, 1)()

    found = explored(program, **settings)

    assert found.failure.kind == "divergence"
    assert not found.complete


def test_two_bounds_at_a_time_are_refused():
    """One bound at a time, of a strategy that goes through the orderings."""
    with pytest.raises(detsched.InvalidSettings, match="one bound at a time"):
        explored(in_turn(1, 1), preemptions=1, delays=1)
    with pytest.raises(detsched.InvalidSettings, match="go through the orderings"):
        explored(in_turn(1, 1), preemptions=1, strategy="random")
    with pytest.raises(detsched.InvalidSettings, match="from 0"):
        explored(in_turn(1, 1), delays=-1)


def test_bounded_is_a_strategy_like_any_other():
    """It can be handed to a search as it is."""
    found = explored(in_turn(2, 2), strategy=lambda: Bounded("delays", 1))

    assert found.complete
    assert "with at most 1 delay" in found.summary()
