"""The decorators: the body of a test becomes the program of `check`."""

import _thread
import asyncio
import functools
import inspect
import os
import sys
import threading
import unittest

import pytest

import detsched
from detsched import InvalidSchedule, InvalidSettings

calls: list[object] = []


def race(fail):
    """Two threads; fails where b is first, if asked to."""
    lock, log = threading.Lock(), []

    def body(me):
        with lock:
            log.append(me)

    threads = [threading.Thread(target=body, args=(me,)) for me in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls.append(log[0])
    assert not (fail and log[0] == "b"), "b was first"


def test_bare():
    """Bare: as many runs of the body as it takes, at most 500."""
    calls.clear()

    @detsched.interleave
    def body():
        race(False)

    assert body() is None
    assert 2 <= len(calls) <= 500
    assert set(calls) == {"a", "b"}


def test_with_settings():
    """With settings by name."""
    calls.clear()

    @detsched.interleave(runs=7, seed=3, strategy="random")
    def body():
        race(False)

    body()

    assert len(calls) == 7


def test_a_failure_is_raised():
    """The body's failure comes out, with the report."""

    @detsched.interleave
    def body():
        race(True)

    with pytest.raises(AssertionError, match="b was first") as caught:
        body()
    assert any("replay" in note for note in caught.value.__notes__)


def test_it_looks_like_the_function():
    """Name, docstring and signature are the function's: test runners read them."""

    @detsched.interleave
    def body(self, one, *, two=2):
        """Does something."""

    assert body.__name__ == "body"
    assert body.__doc__ == "Does something."
    assert list(inspect.signature(body).parameters) == ["self", "one", "two"]


def test_arguments():
    """Arguments go to the body, by position and by name: fixtures come by name."""
    seen = []

    @detsched.interleave(runs=2)
    def body(one, *, two):
        race(False)
        seen.append((one, two))

    body(1, two=2)

    assert set(seen) == {(1, 2)}


def test_arguments_called_like_settings():
    """An argument that has the name of a setting is the body's all the same."""
    seen = []

    @detsched.interleave(runs=2)
    def body(seed, runs):
        race(False)
        seen.append((seed, runs))

    body(seed="s", runs="r")

    assert set(seen) == {("s", "r")}


def test_methods():
    """It goes onto methods."""

    class Case:
        @detsched.interleave(runs=3)
        def test(self):
            race(False)
            calls.append(self)

    calls.clear()
    case = Case()
    case.test()

    assert calls.count(case) == 3


@detsched.interleave(runs=20)
@pytest.mark.parametrize("count", [1, 2])
def test_with_parametrize_and_fixtures(count, tmp_path):
    """It goes together with parametrize and fixtures of pytest."""
    race(False)
    assert count in (1, 2)
    assert tmp_path.exists()


@detsched.interleave
def test_plain():
    """A test like any other."""
    race(False)


def test_wrong_settings_are_refused_where_they_are_written():
    """At decoration, not at the call."""
    with pytest.raises(InvalidSettings, match="'runs'"):
        detsched.interleave(rnus=3)
    with pytest.raises(InvalidSettings):
        detsched.interleave(runs=0)
    with pytest.raises(InvalidSettings, match="by name"):
        detsched.interleave(100)


def test_classes_and_coroutines_are_refused():
    """With what to write instead."""

    class Case:
        pass

    async def coroutine():
        pass

    with pytest.raises(InvalidSettings, match="class Case"):
        detsched.interleave(Case)
    with pytest.raises(InvalidSettings, match="asyncio.run"):
        detsched.interleave(coroutine)
    with pytest.raises(InvalidSettings, match="asyncio.run"):
        detsched.interleave(runs=3)(coroutine)


def test_partial():
    """A partial can be decorated."""
    decorated = detsched.interleave(runs=2)(functools.partial(race, False))

    assert decorated() is None


# ---------------------------------------------------------------------- tests of unittest


class Case(unittest.TestCase):
    """Collected by nobody: run by the tests below."""

    __test__ = False
    log: list[str] = []

    def setUp(self):
        self.box = []
        self.log.append("setUp")
        self.addCleanup(self.log.append, "cleanup")

    def tearDown(self):
        self.log.append("tearDown")

    @detsched.interleave(runs=3, strategy="random", granularity="sync")
    def test_passes(self):
        self.assertEqual(self.box, [])
        self.box.append(1)
        race(False)

    @detsched.interleave
    def test_fails(self):
        race(True)

    @detsched.interleave
    def test_fails_in_a_subtest(self):
        with self.subTest(n=1):
            race(True)

    @detsched.interleave
    def test_skips(self):
        self.skipTest("not here")

    @detsched.interleave
    @unittest.expectedFailure
    def test_expected(self):
        race(True)

    @unittest.expectedFailure
    @detsched.interleave
    def test_expected_outside(self):
        race(True)

    @detsched.interleave(runs=3)
    def test_fails_to_clean_up(self):
        self.addCleanup(int, "x")
        race(False)

    @detsched.interleave(runs=3)
    def test_exits(self):
        race(False)
        sys.exit(0)


def result_of(name):
    """What comes of one of the tests of Case."""
    Case.log.clear()
    result = unittest.TestResult()
    Case(name).run(result)
    return result


def test_a_fresh_case_for_each_run():
    """With its setUp, tearDown and cleanups inside of each of 3 runs; and unittest's own, around them."""
    result = result_of("test_passes")

    assert result.wasSuccessful()
    assert Case.log == ["setUp", *["setUp", "tearDown", "cleanup"] * 3, "tearDown", "cleanup"]


def test_cases_that_fail(tmp_path, monkeypatch):
    """As failures of unittest, with a traceback that begins at the test and a line that replays it."""
    monkeypatch.chdir(tmp_path)
    for name in ("test_fails", "test_fails_in_a_subtest"):
        ((_, text),) = result_of(name).failures
        assert f"python3 -m unittest {__name__}.Case.{name}" in text or f"pytest {os.environ['PYTEST_CURRENT_TEST'].split(' ')[0]}" in text
        assert "b was first" in text
        assert f"{os.sep}detsched{os.sep}_" not in text


@pytest.mark.parametrize("name", ["test_fails_to_clean_up", "test_exits"])
def test_cases_in_error(name, tmp_path, monkeypatch):
    """A cleanup that fails, and sys.exit, are errors of the test as ever."""
    monkeypatch.chdir(tmp_path)

    result = result_of(name)

    assert len(result.errors) == 1


def test_cases_that_are_skipped_or_expected_to_fail(tmp_path, monkeypatch):
    """One run says so; on either side of the decorator."""
    monkeypatch.chdir(tmp_path)

    assert len(result_of("test_skips").skipped) == 1
    assert len(result_of("test_expected").expectedFailures) == 1
    assert len(result_of("test_expected_outside").expectedFailures) == 1


# ---------------------------------------------------------------------- where it cannot be


def test_refused_inside_a_running_event_loop():
    """The loop would stand still; the error says what to write."""

    @detsched.interleave
    def body():
        pass

    async def main():
        body()

    with pytest.raises(detsched.UncontrolledError, match="asyncio.run\\(\\) inside of it"):
        asyncio.run(main())


def test_refused_in_a_second_thread():
    """While another one is in a search, between two runs as within one; that one goes on undisturbed."""
    errors, begun, go_on = [], _thread.allocate_lock(), _thread.allocate_lock()
    begun.acquire()
    go_on.acquire()

    def second():
        begun.acquire()
        try:
            detsched.interleave(runs=2)(lambda: race(False))()
        except detsched.UncontrolledError as error:
            errors.append(str(error))
        finally:
            go_on.release()

    def between():
        if not errors:
            begun.release()
            go_on.acquire()

    other = threading.Thread(target=second)
    other.start()
    exploration = detsched.check(lambda given: race(False), runs=3, setup=between)
    other.join()

    assert exploration.runs == 3
    assert len(errors) == 1
    assert "another thread of this process" in errors[0]


def test_refused_inside_a_run():
    """A run within a run."""

    @detsched.interleave
    def body():
        pass

    with pytest.raises(detsched.UncontrolledError, match="inside a run"):
        detsched.run(lambda: body())


# ---------------------------------------------------------------------- the line to paste


def test_the_line_of_a_plain_call(tmp_path, monkeypatch):
    """A call of detsched.replay, which does it again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_CURRENT_TEST")

    @detsched.interleave
    def body(*wanted):
        race(*wanted)

    with pytest.raises(AssertionError) as caught:
        body(True)

    line = next(line for line in caught.value.__notes__[0].splitlines() if line.startswith("replay:")).removeprefix("replay:").strip()
    assert line.startswith("detsched.replay(body, True, schedule=")
    with pytest.raises(AssertionError, match="b was first"):
        eval(line, {"detsched": detsched, "body": body})


def test_the_schedule_in_the_environment(tmp_path, monkeypatch):
    """DETSCHED_SCHEDULE is replayed instead of a search, step by step; for another program it is refused."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DETSCHED_SCHEDULE", failing_token())
    calls.clear()

    with pytest.raises(AssertionError, match="b was first"):
        detsched.interleave(body_to_replay)()
    assert calls == ["b"]
    with pytest.raises(InvalidSchedule, match="another program"):
        detsched.interleave(race)(False)


def test_skips_without_unittest():
    """A skip in the first run is handed on; in a later one it is the end of that run."""
    runs = []

    @detsched.interleave(runs=5, strategy="random", granularity="sync")
    def body(when):
        runs.append(1)
        race(False)
        if len(runs) == when:
            pytest.skip("here")

    with pytest.raises(pytest.skip.Exception):
        body(1)
    assert len(runs) == 1
    body(4)
    assert len(runs) == 6


# ---------------------------------------------------------------------- example


def body_to_replay():
    """Fails where b is first."""
    race(True)


def failing_token():
    """A schedule under which b is first."""
    return str(detsched.explore(body_to_replay).failure.schedule)


def test_example_is_tried_first():
    """The schedule of an example is the first run."""
    token = failing_token()
    decorated = detsched.example(token)(detsched.interleave(runs=500, shrink=False)(body_to_replay))
    calls.clear()

    with pytest.raises(AssertionError, match="b was first"):
        decorated()
    assert calls[0] == "b"
    assert len(calls) <= 3


@pytest.mark.parametrize("order", ["outside", "inside"])
def test_example_on_either_side(order):
    """`example` stands above or below `interleave`."""
    token = failing_token()
    mark = detsched.example(token)
    if order == "outside":
        decorated = mark(detsched.interleave(body_to_replay))
    else:

        @functools.wraps(body_to_replay)
        def copy():
            race(True)

        decorated = detsched.interleave(mark(copy))
    calls.clear()

    with pytest.raises(AssertionError):
        decorated()
    assert calls[0] == "b"


def test_the_search_goes_on_after_an_example_that_passes():
    """An example that passes is one run, and the search makes its own."""

    def program():
        race(False)

    token = str(detsched.record(program, seed=2).schedule)
    decorated = detsched.example(token)(detsched.interleave(runs=10, strategy="random")(program))
    calls.clear()

    decorated()

    assert len(calls) >= 10


def test_an_example_that_no_longer_fits():
    """An example that the program has outgrown is passed over with a warning, and the search goes on."""

    def program(more=True):
        race(False)
        if more:
            race(False)

    token = str(detsched.record(functools.partial(program, False)).schedule)
    decorated = detsched.example(token)(detsched.interleave(runs=5)(program))

    with pytest.warns(UserWarning, match="no longer fits"):
        decorated()


def test_a_damaged_example_is_refused_at_once():
    """Where it is written."""
    with pytest.raises(InvalidSchedule):
        detsched.example("ds1~sync")
