"""Every test in here has to fail, and the report has to say why."""

import sys
import threading
import unittest

import pytest
from shop import Till, embrace, in_threads

import detsched

kept = []


def race():
    till = Till()
    in_threads(till.sell, till.sell)
    assert till.money == 20


@pytest.mark.detsched
def test_race(box):
    print("seen in the failing run")
    race()


@detsched.interleave
@pytest.mark.parametrize("name", ["it's", "a b", "[x]"])
def test_parametrised(name):
    race()


@pytest.mark.detsched
def test_deadlock(monkeypatch):
    monkeypatch.setenv("SAMPLE_DEADLOCK", "1")
    embrace()


@pytest.mark.detsched(runs=3)
def test_exit():
    sys.exit(1)


@pytest.mark.detsched(runs=3)
def test_in_a_thread():
    def fail():
        pytest.fail("in a thread")

    in_threads(fail)


@pytest.fixture
def fails_to_finish():
    yield
    raise ValueError("cannot be finished")


@pytest.mark.detsched(runs=3)
def test_teardown(fails_to_finish):
    in_threads(lambda: None)


@pytest.mark.detsched(runs=3)
def test_body_and_teardown(fails_to_finish):
    raise KeyError("the body")


@pytest.mark.detsched(runs=30)
def test_keeps_state():
    kept.append(1)
    in_threads(threading.Event().set)
    assert len(kept) < 3


class TestCase(unittest.TestCase):
    @detsched.interleave
    def test_race(self):
        race()

    @detsched.interleave
    def test_subtest(self):
        with self.subTest(n=1):
            race()
