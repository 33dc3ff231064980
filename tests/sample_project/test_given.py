"""Under Hypothesis: the drawn values stay fixed while the orderings are searched. Skipped where Hypothesis is not installed."""

import unittest

import pytest
from shop import SafeTill, in_threads

import detsched

hypothesis = pytest.importorskip("hypothesis")
runs = {}


@hypothesis.given(sales=hypothesis.strategies.integers(1, 5))
@hypothesis.settings(deadline=None, max_examples=5, database=None)
@detsched.interleave
def test_given(sales):
    till = SafeTill()
    in_threads(*[till.sell] * sales)
    runs[sales] = runs.get(sales, 0) + 1
    assert till.money == 10 * sales


def test_twenty_runs_for_each_example():
    assert all(count % 20 == 0 for count in runs.values())
    assert runs


@pytest.mark.detsched(runs=3)
@hypothesis.given(hypothesis.strategies.integers(1, 5))
@hypothesis.settings(deadline=None, max_examples=5, database=None)
def test_marked(sales):
    assert detsched.current_run() is not None
    till = SafeTill()
    in_threads(*[till.sell] * sales)


class TestCase(unittest.TestCase):
    def setUp(self):
        self.till = SafeTill()

    @hypothesis.given(hypothesis.strategies.integers(1, 3))
    @hypothesis.settings(deadline=None, max_examples=5, database=None)
    @detsched.interleave
    def test_given(self, sales):
        in_threads(*[self.till.sell] * sales)
        self.assertEqual(self.till.money, 10 * sales)


def test_the_other_order_is_refused():
    with pytest.raises(detsched.InvalidSettings, match="@given above"):

        @detsched.interleave
        @hypothesis.given(hypothesis.strategies.integers())
        def test(number):
            pass
