"""Does shrinking reach the simplest schedule, of the same failure, with bounded effort, the same each time?"""

import threading

import pytest

import detsched
from detsched._search import shrink
from detsched._search.shrink import RUNS
from detsched.strategies import RandomWalk

from test_finds import CASES, SETTINGS
from kernels import MINIMUM, SAFESTACK, Shared, in_threads, named, reorder, reorder20, safestack, twostage, wronglock


def found(program, **settings):
    """The first failure of a program, shrunk: the exploration, and the run that the failure is shown by.

    The programs say themselves which accesses are steps, and how soon random choice fails is known of them.
    """
    usual = {"runs": 5000, "strategy": "random", "granularity": "sync"}
    exploration = detsched.explore(program, keep_going=False, shrink=True, **{**usual, **settings})
    assert exploration.failure is not None
    return exploration, exploration.run_of(exploration.failure)


@pytest.mark.parametrize("program", MINIMUM, ids=lambda program: program.__name__)
def test_known_minimum(program):
    """Programs whose smallest number of preemptions is known shrink to exactly that, in few runs, and to what replays."""
    exploration, run = found(program)

    assert run.preemptions == MINIMUM[program]
    assert run.shrunk is not None and run.shrunk.runs <= RUNS
    again = detsched.record(program, schedule=str(run.schedule))
    assert exploration.failure.origin in {failure.origin for failure in again.failures}


@pytest.mark.parametrize("seed", (1_000, 2_000, 3_000))
@pytest.mark.parametrize("program", [p for p in MINIMUM if p.__name__ in ("bluetooth", "twostage", "reorder", "wronglock")], ids=lambda p: p.__name__)
def test_whichever_run_failed_first(program, seed):
    """The minimum does not depend on the schedule that the search happened to find."""
    _, run = found(program, seed=seed)

    assert (run.preemptions, run.switches) == (1, {"bluetooth": 4, "twostage": 4, "reorder": 5, "wronglock": 6}[program.__name__])


class AllAtOnce(RandomWalk):
    """Random choice among threads that are all there before one of them runs: what fails with many threads fails sooner."""

    def choose(self, step):
        return next((thread for thread in step.enabled if thread.pending.kind == "start"), None) or super().choose(step)


@pytest.mark.parametrize(
    "program",
    [lambda: wronglock(7), lambda: reorder(9), reorder20, lambda: twostage(19)],
    ids=["wronglock with 8 threads", "reorder with 10", "reorder with 20", "twostage with 20"],
)
def test_many_threads(program):
    """However many threads and switches there are: one preemption is left."""
    _, run = found(program, strategy=AllAtOnce)

    assert run.preemptions == 1
    assert run.shrunk.runs <= RUNS


def test_many_preemptions_are_needed():
    """Where a failure needs seven preemptions (the least, by a search of the whole state space of this program), one of 29 comes to at most nine."""

    class Order(detsched.Strategy):
        def begin(self, run):
            self.left = [f"work-{number}" for number in SAFESTACK]

        def choose(self, step):
            there = {thread.name: thread for thread in step.enabled}
            while "MainThread" not in there and self.left:
                chosen = there.get(self.left.pop(0))
                if chosen is not None:
                    return chosen
            return there.get("MainThread", step.enabled[0])

    _, run = found(safestack, strategy=Order, runs=1)

    assert run.shrunk.before[0] == 29
    assert 7 <= run.preemptions <= 9
    assert run.shrunk.runs <= RUNS


def test_slow_programs_are_cut_short(monkeypatch):
    """No further run begins when the time is over; the report says so, and shows the best that was found until then."""
    program = next(p for p in MINIMUM if p.__name__ == "wronglock")
    whole = found(program)[1]
    now = iter(range(1_000_000))
    monkeypatch.setattr(shrink, "_clock", lambda: next(now))  # each look at the clock is a second later
    exploration, run = found(program)

    assert whole.shrunk.runs > run.shrunk.runs == 19
    assert run.shrunk.hurried and not whole.shrunk.hurried
    assert "in 19 runs, cut short after 20 s: there may be a simpler one" in " ".join(exploration.report().split())
    assert "cut short" not in whole.report()


def test_same_every_time():
    """The same failure shrinks to the same schedule."""
    program = next(p for p in MINIMUM if p.__name__ == "wronglock")
    first, second = found(program)[1], found(program)[1]

    assert str(first.schedule) == str(second.schedule)
    assert first.shrunk == second.shrunk


def test_same_failure_only():
    """A schedule is never shrunk to another failure, however much simpler that one is."""

    def program():
        s = Shared(a=0)

        def add():
            value = s.a
            s.a = value + 1

        def look():
            if s.a == 0:
                raise KeyError("came early")  # needs no preemption at all

        in_threads(add, named(add, "add-2"), look)
        assert s.a == 2

    exploration = detsched.explore(program, runs=300, shrink=True, granularity="sync")
    by_type = {type(failure.exception): exploration.run_of(failure) for failure in exploration.failures}

    assert set(by_type) == {KeyError, AssertionError}
    assert by_type[KeyError].preemptions == 0
    assert by_type[AssertionError].preemptions == 1


def test_answers_go_towards_the_first_option():
    """What choose() answered becomes as small as the failure allows, one by one."""

    def program():
        values = []

        def work():
            values.append(sum(detsched.choose(range(10)) for _ in range(3)))

        in_threads(work)
        assert values[0] < 5

    _, run = found(program)

    assert sum(run.schedule.values) == 5 and run.schedule.values[0] == 0


def test_long_failure():
    """Some 2,500 steps and more than a thousand switches shrink to what matters within the budget of runs."""

    def program():
        s = Shared(a=0)
        own = [Shared(x=0) for _ in range(4)]
        locks = [threading.Lock(), threading.Lock()]

        def work(i):
            for _ in range(150):
                with locks[i % 2]:
                    own[i].x += 1
            value = s.a
            s.a = value + 1

        in_threads(*(named(lambda i=i: work(i), f"work-{i}") for i in range(4)))
        assert s.a == 4

    _, run = found(program, max_steps=30_000, strategy="random")

    assert run.shrunk.before[1] > 1_000
    assert (run.preemptions, run.switches) == (1, 6)
    assert run.shrunk.runs <= RUNS


def test_a_wait_in_a_loop_is_no_trap():
    """A program that spins until another thread has set a flag: plans that leave the other one out end in time."""

    def program():
        s = Shared(ready=False, value=0)

        def wait():
            while not s.ready:
                detsched.yield_point()
            assert s.value == 1

        def give():
            s.ready = True
            s.value = 1

        in_threads(wait, give)

    exploration, run = found(program)

    assert isinstance(exploration.failure.exception, AssertionError)
    assert run.preemptions == 1 and run.shrunk.runs <= RUNS


def test_a_livelock_stays_a_fair_one():
    """A thread that spins until another one does something does not shrink to a run in which that one is merely never let go."""

    def program():
        begun, stop = threading.Event(), threading.Event()

        def spin():
            begun.set()
            while not stop.is_set():
                pass

        spinner = threading.Thread(target=spin, name="spinner")
        spinner.start()
        begun.wait()
        spinner.join()
        stop.set()

    exploration, run = found(program, max_steps=2_000)

    assert exploration.failure.kind == "livelock"
    assert [(waiting.thread, waiting.operation) for waiting in run.failure.positions if waiting.blocked] == [("MainThread", "join spinner")]


def test_shrink_can_be_turned_off():
    """With shrink=False the failure is shown by the schedule that it was found by."""
    program = next(p for p in MINIMUM if p.__name__ == "wronglock")
    exploration = detsched.explore(program, runs=100, keep_going=False, granularity="sync")

    assert exploration.run_of(exploration.failure).shrunk is None


def test_a_deadlock_keeps_its_cycle():
    """A deadlock of three threads does not shrink to one of two."""

    def program():
        forks = [threading.Lock() for _ in range(3)]

        def eat(i):
            with forks[i]:
                with forks[(i + 1) % 3]:
                    pass

        in_threads(*(named(lambda i=i: eat(i), f"eat-{i}") for i in range(3)))

    exploration, run = found(program)

    assert len(exploration.failure.cycle) == 3
    assert run.preemptions == 1


CAUSES = {
    "account": {"m"},
    "bluetooth": {"Shared['stopping']"},
    "deadlock01": {"a", "b"},
    "din_phil": {"g", "Shared['phil']"},
    "din_phil3": {"g", "Shared['phil']"},
    "lazy01": {"m"},
    "token_ring": {"g"},
    "twostage": {"l1", "l2"},
    "reorder": {"Shared['a']", "Shared['b']"},
    "reorder5": {"Shared['a']", "Shared['b']"},
    "wronglock": {"Shared['d']"},
}
"""What the two steps whose order decides are about, by the source of each program. The others fail in every schedule."""


@pytest.mark.parametrize("program", MINIMUM, ids=lambda program: program.__name__)
def test_cause(program):
    """The reversal that makes the run pass is one of the right pair, and passes; where every schedule fails, none is named."""
    _, run = found(program)
    wanted = CAUSES.get(program.__name__)
    if wanted is None:
        assert run.pair is None
        return

    first = run.story.events[run.pair.first]
    assert first.about.partition(" (")[0] in wanted
    assert run.passing.failure is None


OBJECTS = {
    "lost_update": "Counter.lock", "check_then_act": "checking", "abba_deadlock": "a b", "woken_for_nothing": "ready",
    "notified_too_early": "changed", "double_initialisation": "Service.guard", "cleared_too_late": "called",
    "timer_cancelled_too_late": "timer", "submitted_after_shutdown": "lock", "empty_after_all": "box.mutex",
    "started_in_constructor": "lock", "joined_under_lock": "lock", "torn_read": "lock",
}  # fmt: skip
"""What the cause of the usual bugs is about."""


@pytest.mark.parametrize("name", OBJECTS)
def test_cause_of_usual_bugs(name):
    """Each of the usual bugs is put down to the object where it is, by a reversal that passes."""
    buggy, _, within, _ = CASES[name]
    exploration, run = found(buggy, runs=within, **SETTINGS.get(name, {}))

    assert run.preemptions <= 1
    assert run.story.events[run.pair.first].about.partition(" (")[0] in OBJECTS[name].split()
    assert run.passing.failure is None
