"""The decorators: the body of a test becomes the program of `check`."""

import functools
import inspect
import threading

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
    """Bare: 500 runs of the body."""
    calls.clear()

    @detsched.interleave
    def body():
        race(False)

    assert body() is None
    assert len(calls) == 500
    assert set(calls) == {"a", "b"}


def test_with_settings():
    """With settings by name."""
    calls.clear()

    @detsched.interleave(runs=7, seed=3)
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
    decorated = detsched.example(token)(detsched.interleave(runs=500)(body_to_replay))
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
    decorated = detsched.example(token)(detsched.interleave(runs=10)(program))
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
