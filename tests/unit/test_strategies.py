"""Strategies of one's own, and those that misbehave."""

import threading

import pytest

import detsched
from detsched import InvalidSettings, Strategy


def program():
    """Two threads with two lock sections each: what order they came in."""
    lock, log = threading.Lock(), []

    def body(me):
        for _ in range(2):
            with lock:
                log.append(me)

    threads = [threading.Thread(target=body, args=(me,), name=me) for me in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "".join(log)


class Youngest(Strategy):
    """Always the thread that was started last."""

    def choose(self, step):
        return step.enabled[-1]


class Oldest(Strategy):
    """Always the thread that was started first."""

    def choose(self, step):
        return step.enabled[0]


def test_a_strategy_decides():
    """What a strategy chooses is what happens."""
    assert detsched.run(program, strategy=Youngest) == "aabb"

    class Backwards(Strategy):
        def choose(self, step):
            main = step.enabled[0]
            return main if main.name == "MainThread" else step.enabled[-1]

    assert detsched.run(program, strategy=Backwards) == "bbaa"


@pytest.mark.parametrize("strategy", [Youngest, Youngest(), lambda: Youngest()], ids=["class", "instance", "factory"])
def test_class_instance_factory(strategy):
    """A strategy is given as a class, an instance or a factory."""
    assert detsched.run(program, strategy=strategy) == "aabb"
    assert detsched.explore(program, strategy=strategy, runs=3).outcomes.keys() == {"'aabb'"}


def test_no_subclass_needed():
    """Whatever has `begin` and `choose` is a strategy."""

    class Plain:
        def begin(self, run):
            pass

        def choose(self, step):
            return step.enabled[-1]

    assert detsched.run(program, strategy=Plain) == "aabb"
    assert detsched.run(program, strategy=Plain()) == "aabb"
    assert detsched.run(lambda: detsched.choose("abc"), strategy=Plain) == "a"


def test_what_a_step_shows():
    """A step has the threads that can go on in the order of their starts, each with its pending operation, name and path."""
    seen = []

    class Look(Strategy):
        def choose(self, step):
            assert len(step.enabled) >= 2
            assert [t.path for t in step.enabled] == sorted(t.path for t in step.enabled)
            assert all(t.pending is not None and t.pending.enabled() and t.pending.describe() for t in step.enabled)
            assert step.current is None or step.current is step.log.threads[-1]
            assert step.index == len(step.log)
            seen.append((step.index, {t.name for t in step.enabled}, [t.pending.kind for t in step.enabled]))
            return step.enabled[-1]

    run = detsched.record(program, strategy=Look, granularity="sync")

    assert run.failure is None
    assert seen[0][0] >= 1
    assert [index for index, _, _ in seen] == sorted({index for index, _, _ in seen})
    assert set().union(*(names for _, names, _ in seen)) == {"MainThread", "a", "b"}
    assert {kind for _, _, kinds in seen for kind in kinds} <= {"start", "join", "acquire", "release"}


def test_no_question_without_a_choice():
    """A strategy is asked only where there are at least two threads that can go on."""

    class Never(Strategy):
        def choose(self, step):
            raise AssertionError("asked")

    def alone():
        lock = threading.Lock()
        for _ in range(5):
            with lock:
                pass
        return "done"

    assert detsched.run(alone, strategy=Never) == "done"


def test_pending_is_known_before_the_first_choice():
    """Also of a thread that was just started the next operation is known."""
    firsts = []

    class Look(Strategy):
        def choose(self, step):
            firsts.append({t.name: t.pending.kind for t in step.enabled})
            return step.enabled[0]

    detsched.run(program, strategy=Look)

    assert firsts[0] == {"MainThread": "start", "a": "acquire"}


def test_begin_and_end():
    """`begin` gets the number and the seed of each run, `end` what happened; once each per run, in turn."""
    calls = []

    class Look(Strategy):
        def begin(self, run):
            calls.append(("begin", run.index, run.seed))

        def choose(self, step):
            return step.enabled[-1]

        def end(self, log, failures):
            calls.append(("end", len(log), len(failures)))
            return True

    exploration = detsched.explore(program, strategy=Look, runs=3, seed=10)

    assert [call for call in calls if call[0] == "begin"] == [("begin", 0, 10), ("begin", 1, 11), ("begin", 2, 12)]
    assert [call[0] for call in calls] == ["begin", "end"] * 3
    assert sum(call[1] for call in calls if call[0] == "end") == exploration.steps


def test_end_stops_the_search():
    """A strategy with nothing left to try ends the exploration."""

    class Once(Youngest):
        def end(self, log, failures):
            return False

    assert detsched.explore(program, strategy=Once, runs=None).runs == 1


def test_end_sees_failures():
    """`end` is given the failures of the run."""
    seen = []

    class Look(Youngest):
        def end(self, log, failures):
            seen.extend(failure.kind for failure in failures)
            return False

    detsched.explore(lambda: threading.Semaphore(0).acquire(), strategy=Look)

    assert seen == ["deadlock"]


def test_state_survives_from_run_to_run():
    """One strategy object makes all runs of an exploration."""

    class Alternate(Strategy):
        turn = 0

        def begin(self, run):
            self.turn += 1

        def choose(self, step):
            main = step.enabled[0]
            return main if main.name == "MainThread" else step.enabled[-(self.turn % 2)]

    assert detsched.explore(program, strategy=Alternate, runs=4).outcomes.keys() == {"'aabb'", "'bbaa'"}


def test_choose_value():
    """`choose_value` answers `detsched.choose`; the default answer is the first option."""

    class Last(Youngest):
        def choose_value(self, count):
            return count - 1

    assert detsched.run(lambda: detsched.choose("abc"), strategy=Last) == "c"
    assert detsched.run(lambda: detsched.choose("abc"), strategy=Youngest) == "a"


# ---------------------------------------------------------------------- misbehaving


class Chooses(Strategy):
    """Answers with something else."""

    answer = None

    def choose(self, step):
        return self.answer


@pytest.mark.parametrize("answer", [None, 0, "a", True, object()], ids=repr)
def test_an_answer_that_is_no_thread(answer):
    """An answer that is none of the enabled threads is an error that names the strategy and the answer."""
    strategy = type("Chooses", (Chooses,), {"answer": answer})

    for call in (detsched.run, detsched.record, detsched.explore, detsched.check):
        with pytest.raises(InvalidSettings, match="Chooses chose .*step.enabled"):
            call(program, strategy=strategy)
    assert detsched.run(program) in {"aabb", "abab", "abba", "baab", "baba", "bbaa"}


def test_a_thread_that_cannot_go_on():
    """A thread that is blocked may not be chosen."""

    class Stubborn(Strategy):
        def begin(self, run):
            self.first = None

        def choose(self, step):
            blocked = [t for t in self.first.live if t not in step.enabled] if self.first else []
            return blocked[0] if blocked else step.enabled[-1]

    class Remember(Strategy):
        seen = None

        def choose(self, step):
            known = {t.name: t for t in step.enabled}
            self.seen = {**(self.seen or {}), **known}
            gone = [t for t in self.seen.values() if t not in step.enabled]
            return gone[0] if gone else step.enabled[-1]

    with pytest.raises(InvalidSettings, match="Remember chose"):
        detsched.run(program, strategy=Remember)


@pytest.mark.parametrize("answer", [-1, 3, 1.0, None, "0", True], ids=repr)
def test_a_wrong_value(answer):
    """An answer to `choose` that is no index is an error that names the strategy."""

    class Wrong(Youngest):
        def choose_value(self, count):
            return answer

    with pytest.raises(InvalidSettings, match="Wrong answered"):
        detsched.run(lambda: detsched.choose("abc"), strategy=Wrong)


@pytest.mark.parametrize("method", ["begin", "choose", "end"])
def test_an_error_in_a_strategy(method):
    """An error in a strategy comes out as it is, is no failure of the program, and leaves a usable process."""

    def broken(self, *args):
        raise LookupError("broken strategy")

    strategy = type("Broken", (Youngest,), {method: broken})

    with pytest.raises(LookupError, match="broken strategy"):
        detsched.explore(program, strategy=strategy, runs=3)
    assert detsched.run(program, strategy=Youngest) == "aabb"


def test_a_strategy_without_choose():
    """The base class chooses nothing."""
    with pytest.raises(NotImplementedError):
        detsched.run(program, strategy=Strategy)


@pytest.mark.parametrize("factory", [lambda: None, lambda: 3, int, dict, lambda: "random"])
def test_a_factory_that_makes_no_strategy(factory):
    """A factory whose product is no strategy is refused with what it made."""
    with pytest.raises(InvalidSettings, match="strategy"):
        detsched.run(program, strategy=factory)


def test_a_strategy_that_starts_a_run():
    """A strategy may not start a run of its own."""

    class Nested(Youngest):
        def choose(self, step):
            detsched.run(int)

    with pytest.raises(detsched.UncontrolledError):
        detsched.run(program, strategy=Nested)
    assert detsched.run(program, strategy=Youngest) == "aabb"


# ---------------------------------------------------------------------- those that come with detsched


def test_random_finds_every_order():
    """Random choice finds all six orders of this program."""
    assert detsched.explore(program, strategy="random", runs=300).outcomes.keys() == {"'aabb'", "'abab'", "'abba'", "'baab'", "'baba'", "'bbaa'"}


def test_random_is_a_function_of_the_seed():
    """The same seed gives the same explorations, another one another."""

    def histogram(seed):
        return {key: (witness.count, witness.schedule) for key, witness in detsched.explore(program, runs=50, seed=seed).outcomes.items()}

    assert histogram(1) == histogram(1)
    assert histogram(1) != histogram(1000)


def test_run_is_the_first_run_of_explore():
    """`run` with a seed is the first run of an exploration with that seed."""
    for seed in range(5):
        (outcome,) = detsched.explore(program, runs=1, seed=seed).outcomes
        assert repr(detsched.run(program, seed=seed)) == outcome


def test_round_robin():
    """Round robin makes the same run whatever the seed, every thread in turn."""
    schedules = {detsched.record(program, strategy="roundrobin", seed=seed).schedule for seed in range(5)}

    assert len(schedules) == 1
    assert detsched.record(program, strategy="roundrobin").switches > 5


def finalizer_in_between():
    """The last reference to a resource goes while the log is locked, if the other thread does all of its steps in a window of one."""
    log = threading.Lock()

    class Resource:
        def __del__(self):
            with log:
                pass

    things = [Resource()]

    def report():
        with log:
            there = list(things)
            detsched.yield_point()
            del there

    def clean():
        for _ in range(30):
            detsched.yield_point()
        things.clear()

    threads = [threading.Thread(target=target) for target in (report, clean)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_auto_goes_through_preemptions_where_the_reduction_sees_nothing():
    """Who drops the last reference is no operation: when DPOR has nothing left to try, its turns go to the schedules of few preemptions."""
    found = detsched.explore(finalizer_in_between, runs=200, keep_going=False)
    at_random = detsched.explore(finalizer_in_between, runs=200, keep_going=False, strategy="random")

    assert found.failure is not None and found.failure.kind == "deadlock"
    assert at_random.failure is None


def test_auto_lives_with_what_is_in_no_schedule():
    """Once it is known that something else has a say, schedules of few preemptions that come out otherwise than before are no divergence."""
    runs = []

    def work(things):
        own = threading.Lock()
        for _ in range(6):
            with own:
                pass
        things.clear()

    def program():
        runs.append(1)
        things = [Dying()]
        threads = [threading.Thread(target=work, args=(things,)) for _ in range(2)]
        if len(runs) > 100 and len(runs) % 3 == 0:  # stands for the world outside
            threads.append(threading.Thread(target=work, args=(things,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = detsched.explore(program, runs=200)

    assert found.failure is None, found.report()
    assert found.runs == 200 and not found.complete


class Dying:
    """Something whose end is code of the program."""

    def __del__(self):
        detsched.yield_point()
