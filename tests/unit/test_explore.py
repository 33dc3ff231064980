"""Explorations: what they count, when they stop, what they believe."""

import subprocess
import sys
import threading
from functools import partial

import pytest

import detsched
from again import together
from detsched import DivergenceError


def take(lock):
    """A section of a lock."""
    with lock:
        pass


def race():
    """Who is first."""
    lock, log = threading.Lock(), []

    def body(me):
        with lock:
            log.append(me)

    together(lambda: body("a"), lambda: body("b"))
    return log


def fails_sometimes():
    """Fails where b is first, in one of two ways."""
    if race() == ["b", "a"]:
        raise ValueError("b was first")
    return "fine"


def passes():
    """Never fails."""
    race()
    return "fine"


# ---------------------------------------------------------------------- outcomes


def test_outcomes():
    """A histogram: every run is counted in one outcome, and each has a schedule that leads to it."""
    exploration = detsched.explore(race, runs=100, strategy="random")

    assert exploration.outcomes.keys() == {"['a', 'b']", "['b', 'a']"}
    assert sum(witness.count for witness in exploration.outcomes.values()) == exploration.runs == 100
    for key, witness in exploration.outcomes.items():
        assert repr(detsched.replay(race, schedule=witness.schedule)) == key
        assert repr(detsched.replay(race, schedule=str(witness.schedule))) == key


def test_outcomes_of_failures():
    """Failures are outcomes too, by origin."""
    exploration = detsched.explore(fails_sometimes, runs=100, strategy="random")

    assert len(exploration.outcomes) == 2
    assert sum(witness.count for witness in exploration.outcomes.values()) == 100
    (failed,) = exploration.outcomes.keys() - {"'fine'"}
    assert "ValueError" in failed
    with pytest.raises(ValueError):
        detsched.replay(fails_sometimes, schedule=exploration.outcomes[failed].schedule)


class Thing:
    """Has the default repr, with its address."""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, True, False),
        (1, 1.0, False),
        ("1", 1, False),
        (b"1", "1", False),
        (None, "None", False),
        ([1], (1,), False),
        ({1, 2}, {2, 1}, True),
        ({1}, frozenset({1}), False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({1: "x"}, {True: "x"}, False),
        ([[1, {2}], {"k": (3,)}], [[1, {2}], {"k": (3,)}], True),
        (Thing(), Thing(), True),
        ([Thing()], [Thing()], True),
        (0.0, -0.0, False),
        (float("nan"), float("nan"), True),
        ("a" * 3, "aaa", True),
    ],
)
def test_outcome_keys(one, other, same):
    """Builtin values are told apart by type and contents, whatever their order of insertion; others by their repr without addresses."""

    def program():
        threading.Lock().acquire()
        return detsched.choose([one, other])

    assert len(detsched.explore(program, runs=30).outcomes) == (1 if same else 2)


def test_a_broken_repr():
    """A value whose repr raises is an outcome like any other."""

    class Broken:
        def __repr__(self):
            raise ValueError("no")

    def program():
        race()
        return Broken()

    assert len(detsched.explore(program, runs=5).outcomes) == 1


# ---------------------------------------------------------------------- failures


def test_failures_are_told_apart_by_origin():
    """One failure for each cause: kind, type and place. How it came about does not count, nor do texts."""

    def program():
        order = race()
        if detsched.choose([True, False]):
            raise ValueError(f"one {order}")
        if order == ["b", "a"]:
            raise ValueError("two")
        raise KeyError("three")

    exploration = detsched.explore(program, runs=200, strategy="random")

    assert len(exploration.failures) == 3
    assert len({failure.origin for failure in exploration.failures}) == 3
    assert sorted(type(failure.exception).__name__ for failure in exploration.failures) == ["KeyError", "ValueError", "ValueError"]
    assert exploration.failure is exploration.failures[0]
    assert exploration.runs == 200


def test_each_failure_has_a_schedule():
    """Each failure's schedule leads to it."""
    exploration = detsched.explore(fails_sometimes, runs=50)

    for failure in exploration.failures:
        run = detsched.record(fails_sometimes, schedule=failure.schedule)
        assert failure.origin in {again.origin for again in run.failures}


def test_explore_goes_on_check_stops():
    """`explore` goes on after a failure, `check` raises the first; `keep_going` says otherwise."""
    assert detsched.explore(fails_sometimes, runs=60, strategy="random").runs == 60
    stopped = detsched.explore(fails_sometimes, runs=60, keep_going=False, strategy="random")
    assert stopped.failure is not None and stopped.runs < 60
    with pytest.raises(ValueError, match="b was first"):
        detsched.check(fails_sometimes)
    with pytest.raises(ValueError, match="b was first"):
        detsched.check(fails_sometimes, runs=60, keep_going=True)


def test_explore_never_raises_a_failure():
    """What a program raises is in the exploration."""
    exploration = detsched.explore(lambda: race() and 1 / 0, runs=3)

    assert isinstance(exploration.failure.exception, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        exploration.raise_failure()


def test_check_returns_the_exploration():
    """`check` without a failure returns what it did."""
    exploration = detsched.check(passes, runs=20, strategy="random")

    assert exploration.runs == 20
    assert exploration.failure is None
    assert exploration.failures == ()
    assert exploration.raise_failure() is None


def test_check_attaches_the_report():
    """The exception that `check` raises has the report as a note, once, and the program's own traceback."""
    with pytest.raises(ValueError) as caught:
        detsched.check(fails_sometimes)

    notes = caught.value.__notes__
    assert len(notes) == 1
    assert "detsched.replay(" in notes[0] and "ds1~" in notes[0]
    names = [entry.name for entry in caught.traceback]
    assert "fails_sometimes" in names


# ---------------------------------------------------------------------- stop rules


def test_runs():
    """`runs` is how many runs are made; 500 unless said otherwise."""
    assert detsched.explore(passes, runs=1, strategy="random").runs == 1
    assert detsched.explore(passes, runs=37, strategy="random").runs == 37
    assert detsched.explore(passes, strategy="random").runs == 500


def test_seconds():
    """`seconds` stops after the run in which they are over; at least one is made."""
    assert detsched.explore(passes, runs=None, seconds=1e-9).runs == 1
    assert detsched.explore(passes, runs=3, seconds=1000).runs == 3


def test_never_complete():
    """Random choice never knows that it has seen everything."""
    exploration = detsched.explore(passes, runs=100, strategy="random")

    assert exploration.complete is False
    assert "not complete" in exploration.summary()
    assert exploration.redundant == 0


def test_counts():
    """Steps and seconds are those of all runs."""
    exploration = detsched.explore(passes, runs=10, strategy="random")

    assert exploration.steps == sum(detsched.record(passes, seed=seed).steps for seed in range(10))
    assert exploration.elapsed > 0


def test_no_yield_point_is_a_warning():
    """A program that reaches no yield point is not passed in silence."""
    with pytest.warns(UserWarning, match="no yield point"):
        exploration = detsched.explore(int, runs=3)

    assert "NO YIELD POINT" in exploration.summary()


def test_a_program_that_is_stuck_at_once_has_a_yield_point():
    """A deadlock at the first operation is a failure, and no cause for that warning."""
    assert detsched.explore(lambda: threading.Semaphore(0).acquire(), runs=1).failure.kind == "deadlock"


def test_summary_and_report():
    """The summary is one line; the report has the failure, how to see it again, and the outcomes."""
    exploration = detsched.explore(fails_sometimes, runs=100, seed=5, strategy="random")

    assert "\n" not in exploration.summary()
    for part in ("1 failure", "100 runs", "seed 5", "2 outcomes"):
        assert part in exploration.summary()
    report = " ".join(exploration.report().split())
    for part in (exploration.summary(), "b was first", "detsched.replay(fails_sometimes", "'fine'"):
        assert part in report


# ---------------------------------------------------------------------- what no schedule decides is not covered by running all of them


class Finalized:
    """Notes which thread let go of it last."""

    def __init__(self, log):
        self._log = log

    def __del__(self):
        self._log.append(threading.current_thread().name)


def let_go():
    """Two threads that let go of an object, each without looking at the other."""
    log = []
    one = Finalized(log)
    threads = [threading.Thread(target=lambda it: None, args=(one,)) for _ in range(2)]
    del one
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def child_processes():
    """Two threads that wait for one each."""
    together(*2 * [lambda: subprocess.run([sys.executable, "-c", ""], check=True)])


@pytest.mark.parametrize("strategy", ["dpor", "auto"])
@pytest.mark.parametrize(
    ("program", "settings", "reason"),
    [(let_go, {}, "finalizers"), (child_processes, {}, "the world outside"), (passes, {"clock": "real"}, "the real clock")],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_never_complete(strategy, program, settings, reason):
    """Where something has a say that is in no schedule, no search is complete, and says why."""
    exploration = detsched.explore(program, strategy=strategy, runs=20, **settings)

    assert not exploration.complete
    assert "not complete, for" in exploration.summary() and reason in exploration.summary()


# ---------------------------------------------------------------------- divergence: nothing is believed that does not come again

kept_in_a_global: list[int] = []


class Account:
    """Keeps state in its class."""

    balance = 0


def divergence(program, *args, **settings):
    """The one failure of a program that keeps state between runs: of kind divergence."""
    exploration = detsched.explore(program, *args, **{"runs": 50, "strategy": "random", **settings})

    assert [failure.kind for failure in exploration.failures] == ["divergence"], exploration.failures
    assert isinstance(exploration.failure.exception, DivergenceError)
    with pytest.raises(DivergenceError):
        exploration.raise_failure()
    return str(exploration.failure.exception)


def test_state_in_an_argument():
    """A mutable argument that remembers: the argument is named."""

    def program(seen):
        race()
        seen.append(1)
        assert len(seen) < 5

    assert "argument 'seen'" in divergence(program, [])


def test_state_in_a_global():
    """A global that remembers is named."""
    kept_in_a_global.clear()

    def program():
        race()
        kept_in_a_global.append(1)
        assert len(kept_in_a_global) < 5

    assert "global 'kept_in_a_global'" in divergence(program)


def test_state_in_a_class_attribute():
    """A class attribute that remembers is named."""
    Account.balance = 0

    def program():
        race()
        Account.balance += 1
        assert Account.balance < 5

    assert "Account.balance" in divergence(program)


def test_state_in_a_closure():
    """A variable of an enclosing function that remembers is named."""
    count = 0

    def program():
        nonlocal count
        race()
        count += 1
        assert count < 5

    assert "'count'" in divergence(program)


def test_state_in_a_default_argument():
    """A mutable default argument that remembers is named."""

    def program(seen=[]):  # noqa: B006
        race()
        seen.append(1)
        assert len(seen) < 5

    assert "default argument" in divergence(program)


def test_state_in_an_attribute_of_an_argument():
    """An object given as an argument that remembers is named."""

    class Counter:
        def __init__(self):
            self.n = 0

    def program(counter):
        race()
        counter.n += 1
        assert counter.n < 5

    assert "argument 'counter'" in divergence(program, Counter())


def test_state_that_makes_a_failure_vanish():
    """A failure of the first run alone is not believed."""
    seen = []

    def program():
        race()
        seen.append(1)
        assert len(seen) > 1

    assert "'seen'" in divergence(program)


def test_state_that_changes_the_operations():
    """A program that does other operations in later runs diverges, whether or not it fails."""
    seen = []

    def program():
        seen.append(1)
        for _ in range(len(seen)):
            race()
        if len(seen) % 3 == 0:
            raise ValueError("third time")

    divergence(program)


@pytest.mark.parametrize("at", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("for_ever", [True, False])
def test_never_a_false_bug(at, for_ever):
    """Whenever the state strikes, for once or for good, no failure of the program is reported."""
    seen = []

    def program():
        race()
        seen.append(1)
        if len(seen) == at or (for_ever and len(seen) > at > 1):
            raise ValueError("not the schedule's fault")

    divergence(program)


def test_check_raises_divergence():
    """`check` raises DivergenceError for such a program, never its exception."""
    seen = []

    def program():
        race()
        seen.append(1)
        assert len(seen) < 5

    with pytest.raises(DivergenceError, match="keeps state between runs"):
        detsched.check(program, strategy="random")


def test_a_real_failure_of_a_program_that_keeps_harmless_state():
    """A program that counts its runs, and fails for another reason, has its failure believed."""
    seen = []

    def program():
        seen.append(1)
        fails_sometimes()

    exploration = detsched.explore(program, runs=50)

    assert [failure.kind for failure in exploration.failures] == ["exception"]


def test_state_made_inside_is_none():
    """State made inside the program, or by `setup=`, is new in each run."""

    def program(seen):
        race()
        seen.append(1)
        assert len(seen) < 2
        return "fine"

    assert detsched.explore(program, setup=list, runs=20).outcomes.keys() == {"'fine'"}


@pytest.mark.parametrize("strategy", ["dfs", "dpor", "auto"])
def test_a_systematic_search_that_departs_from_itself(strategy):
    """Where a program comes out otherwise in runs that begin alike, a search ends with that verdict, though no run failed."""
    seen = []

    def program():
        seen.append(1)
        for _ in range(1 + len(seen) // 2):
            race()

    assert "'seen'" in divergence(program, strategy=strategy, runs=None, granularity="sync")


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
def test_a_first_run_that_fills_a_cache(strategy):
    """The first run of a program may do more than later ones: a systematic search begins anew then."""
    cache = []

    def program():
        if not cache:
            race()
            cache.append(1)
        race()

    exploration = detsched.explore(program, strategy=strategy, runs=None, granularity="sync")

    assert exploration.complete and not exploration.failures


def test_a_list_that_grows_from_run_to_run():
    """A program that keeps what it saw in a list of its own does nothing else for that. But its accesses are others, so no search is complete."""
    seen = []

    def program():
        together(*3 * [lambda: seen.append(1)])

    exploration = detsched.explore(program, strategy="dpor", runs=None, granularity="access")

    assert not exploration.failures and not exploration.complete and exploration.cut


def test_what_setup_makes_is_the_same_in_every_run():
    """A reduction knows the lock that `setup=` makes again before each run."""

    def program(lock):
        together(*3 * [partial(take, lock)])

    exploration = detsched.explore(program, setup=lambda: threading.Lock(), strategy="dpor", runs=None, granularity="sync")

    assert (exploration.complete, exploration.runs, exploration.redundant) == (True, 6, 0)


def test_names_that_are_new_in_every_run():
    """A program that stores under a new name in each run, which has to be known to find its accesses, does not keep a search for ever."""

    def program():
        kept_in_a_global.append(1)
        name = f"number_{len(kept_in_a_global)}"
        together(*2 * [partial(setattr, Account, name, 1)])

    assert detsched.explore(program, strategy="random", runs=3, granularity="access").runs == 3


def test_a_failure_that_always_comes():
    """A program that always fails has its failure believed at the first run."""
    exploration = detsched.explore(lambda: race() and 1 / 0, runs=5)

    assert [failure.kind for failure in exploration.failures] == ["exception"]
