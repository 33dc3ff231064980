"""Saved failures: written on a confirmed failure, tried first, dropped when they have passed for a while."""

import contextlib
import os
import threading
import warnings

import pytest

import detsched
from detsched import Schedule
from detsched._testing import saved as module
from detsched.strategies import Follow

state = {"broken": True, "more": 0, "calls": []}


@pytest.fixture(autouse=True)
def anew(tmp_path, monkeypatch):
    """A folder of its own, and nothing counted yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    module._counted.clear()
    module._complained.clear()
    state.update(broken=True, more=0, calls=[])


@detsched.interleave(runs=50, strategy="random", shrink=False)
def race():
    """Fails where b is first, if it is broken. `more` makes the schedules of before unfit."""
    lock, log = threading.Lock(), []

    def body(me):
        for _ in range(state["more"]):
            detsched.yield_point()
        with lock:
            log.append(me)

    threads = [threading.Thread(target=body, args=(me,)) for me in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state["calls"].append(log[0])
    assert not (state["broken"] and log[0] == "b"), "b was first"


def fail():
    """Run the test, which has to fail; the report. As in a process of its own."""
    module._counted.clear()
    state["calls"].clear()
    with pytest.raises(AssertionError, match="b was first") as caught:
        race()
    return caught.value.__notes__[0]


def succeed():
    """Run the test, which has to pass, as in a process of its own."""
    module._counted.clear()
    state["calls"].clear()
    race()


def files():
    """What is in the folder."""
    return sorted(name for name in os.listdir(".detsched") if name != ".gitignore") if os.path.isdir(".detsched") else []


def entries():
    """The lines of the one file."""
    (name,) = files()
    with open(os.path.join(".detsched", name), encoding="utf-8") as file:
        return [line.split(None, 2) for line in file if not line.startswith("#")]


def test_a_failure_is_saved():
    """One file of plain text: the token, how often it passed since, what it led to; and a .gitignore."""
    fail()

    ((token, passes, what),) = entries()
    assert Schedule.parse(token)
    assert passes == "0"
    assert "b was first" in what
    with open(".detsched/.gitignore", encoding="utf-8") as file:
        assert file.read() == "*\n"
    assert "race" in files()[0]


def test_it_is_tried_first():
    """The next time the first run fails already, and the report says why it was that one."""
    fail()

    report = fail()

    assert state["calls"][0] == "b"
    assert "found by a saved schedule; replayed: the same failure again" in report
    assert len(entries()) == 1


def test_nothing_is_saved_without_a_failure():
    """No folder appears."""
    state["broken"] = False

    succeed()

    assert not os.path.exists(".detsched")


def test_divergence_is_not_saved():
    """A failure that was not confirmed is not to be believed."""
    kept = []

    @detsched.interleave(runs=20, strategy="random")
    def keeps_state():
        kept.append(1)
        worker = threading.Thread(target=len, args=("",))
        worker.start()
        worker.join()
        assert len(kept) < 3

    with pytest.raises(detsched.DivergenceError):
        keeps_state()
    assert not os.path.exists(".detsched")


def test_it_is_dropped_when_it_has_passed_for_a_while():
    """Ten times in a row; the file goes with the last schedule."""
    fail()
    state["broken"] = False

    for count in range(1, 10):
        succeed()
        assert state["calls"][0] == "b"
        assert [passes for _, passes, _ in entries()] == [str(count)]
    succeed()

    assert files() == []


def test_a_failure_in_between_counts_anew():
    """A schedule that fails again is as new."""
    fail()
    state["broken"] = False
    succeed()
    state["broken"] = True

    fail()

    assert entries()[0][1] == "0"


def test_passes_are_counted_once_in_a_process():
    """A test that explores many times, as under Hypothesis, does not wear its schedules out."""
    fail()
    state["broken"] = False

    for _ in range(20):
        race()

    assert entries()[0][1] == "1"


def test_one_that_no_longer_fits_is_followed_as_far_as_it_fits():
    """The report says how far; and what failed is saved as it is now."""
    fail()
    before = entries()[0][0]
    state["more"] = 1

    report = fail()

    if "found by a saved schedule" in report:
        assert "which fits the program as it is now for" in report
    assert [token for token, _, _ in entries()] != [before]
    assert "found by a saved schedule; replayed" in fail()


def test_a_damaged_file_is_ignored():
    """With a warning that names it; the search goes on, and a failure is saved in its place."""
    fail()
    (name,) = files()
    for damage in ("nonsense\n", "ds1~sync~x 0\n", "\xff", "@/etc/passwd 0 x\n", str(Schedule("race-0000", (("0", 1),))) + " -1 x\n"):
        with open(os.path.join(".detsched", name), "w", encoding="latin-1") as file:
            file.write(damage)
        with pytest.warns(UserWarning, match="saved failures are ignored"):
            fail()
        fail()
        assert len(entries()) == 1


def test_a_schedule_of_another_program_is_left_alone():
    """A test that was renamed keeps its file, and does not stumble over what is in it."""
    fail()
    (name,) = files()
    other = str(Schedule("other-0000", (("0", 3),)))
    with open(os.path.join(".detsched", name), "w", encoding="utf-8") as file:
        file.write(f"{other} 0 something\n")

    fail()

    assert [token for token, _, _ in entries()][-1] == other


def test_a_folder_that_cannot_be_written():
    """One warning for all tests; the failure comes out as ever."""
    with open(".detsched", "w", encoding="utf-8"):
        pass

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fail()
        fail()

    assert [str(warning.message)[:22] for warning in caught if "not saved" in str(warning.message)] == ["failures are not saved"]


def test_a_folder_that_cannot_be_written_where_warnings_are_errors():
    """The failure of the test is what is raised."""
    with open(".detsched", "w", encoding="utf-8"):
        pass

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(AssertionError, match="b was first") as caught:
            race()

    assert any("not saved" in note for note in caught.value.__notes__)


def test_nowhere(monkeypatch):
    """database=None: nothing is written, nothing is read."""
    monkeypatch.setenv("DETSCHED_DATABASE", "none")

    fail()

    assert not os.path.exists(".detsched")


def test_another_folder(monkeypatch, tmp_path):
    """The setting names it."""
    monkeypatch.setenv("DETSCHED_DATABASE", str(tmp_path / "elsewhere"))

    fail()

    assert not os.path.exists(".detsched")
    assert len(list((tmp_path / "elsewhere").glob("*.txt"))) == 1


def test_read_only(monkeypatch):
    """Under the profile "ci" saved failures are tried, and nothing is written."""
    fail()
    before = entries()
    monkeypatch.setenv("CI", "true")
    state["broken"] = False

    succeed()

    assert state["calls"][0] == "b"
    assert entries() == before
    os.remove(os.path.join(".detsched", files()[0]))
    state["broken"] = True
    fail()
    assert files() == []


def test_written_as_a_whole(monkeypatch):
    """A process that dies while it writes leaves the old file, and no other."""
    fail()
    before = entries()
    state["more"] = 2

    def die(source, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(os, "replace", die)
        race()

    assert entries() == before


def test_several_failures_of_one_test():
    """Each is kept; the newest come first."""

    @detsched.interleave(runs=50, strategy="random", granularity="sync", keep_going=True)
    def two():
        log = []
        threads = [threading.Thread(target=log.append, args=(me,)) for me in "ab"]
        for thread in threads:
            thread.start()
            detsched.yield_point()
        lock = threading.Lock()
        order = []

        def take(me):
            with lock:
                order.append(me)

        threads = [threading.Thread(target=take, args=(me,)) for me in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if order[0] == "a":
            raise KeyError("a")
        raise ValueError("b")

    with pytest.raises((KeyError, ValueError)):
        two()

    assert sorted(what.split()[0] for _, _, what in entries()) == ["KeyError", "ValueError"]


def test_long_schedules_have_a_file_as_long_as_they_are_saved():
    """Which holds each operation in words; it goes when the schedule does."""
    state["more"] = 200

    report = fail()

    name = next(name for name in files() if name.endswith(".json"))
    assert f"@{os.path.join('.detsched', name)} " in report
    assert Schedule.parse("@" + os.path.join(".detsched", name)).operations is not None
    state["broken"] = False
    for _ in range(10):
        succeed()
    assert files() == []


# ---------------------------------------------------------------------- following


def turns(*turns):
    """A schedule of these turns."""
    return Schedule("race-0000", turns)


def followed(schedule, program):
    """The strategy and the run, after it has followed a schedule."""
    follow = Follow(schedule)
    run = detsched.record(program, strategy=lambda: follow)
    follow.end(run._execution.log, ())
    return follow, run


def program():
    """Two threads of two lock operations each."""
    lock = threading.Lock()
    threads = [threading.Thread(target=lambda: lock.acquire() and lock.release()) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_follow_a_schedule_that_fits():
    """The run is the same as the recorded one, for any seed."""
    for seed in range(10):
        schedule = detsched.record(program, seed=seed).schedule

        follow, run = followed(schedule, program)

        assert run.schedule == schedule
        assert follow.whole
        assert follow.fitted == len(schedule)


def test_follow_one_that_departs():
    """It counts how far it fitted, and goes on to the end by random choice."""
    follow, run = followed(turns(("0", 2), ("2", 2), ("7", 1)), program)

    assert run.failure is None
    assert not follow.whole
    assert follow.fitted == 4
    assert run.schedule.segments[:2] == (("0", 2), ("2", 2))


def test_follow_one_that_is_too_short():
    """The program goes on where the schedule ends."""
    follow, run = followed(turns(("0", 2), ("2", 1)), program)

    assert run.failure is None
    assert not follow.whole
    assert follow.fitted == 3


def test_follow_one_that_is_too_long():
    """The program ends where the schedule goes on."""
    schedule = detsched.record(program, seed=1).schedule
    longer = turns(*schedule.segments, ("1", 5))

    follow, run = followed(longer, program)

    assert run.failure is None
    assert not follow.whole
    assert follow.fitted == len(schedule)


def test_follow_answers():
    """Answers to choose() come from the schedule, then by random choice within the options."""

    def ask():
        return [detsched.choose("abc") for _ in range(4)]

    follow, run = followed(Schedule("race-0000", (), values=(2, 1, 9)), ask)

    assert run.value[:2] == ["c", "b"]
    assert set(run.value) <= set("abc")
