"""Skips, expected failures, and what else is neither passed nor failed."""

import unittest

import pytest
from shop import SafeTill, Till, in_threads

import detsched

runs = {"late": 0}


def race():
    till = Till()
    in_threads(till.sell, till.sell)
    assert till.money == 20


@pytest.mark.detsched
def test_skipped():
    pytest.skip("not here")


@pytest.mark.detsched
def test_skipped_by_import():
    pytest.importorskip("there_is_no_such_module")


@pytest.mark.skipif(True, reason="never")
@detsched.interleave
def test_skipped_by_a_mark():
    raise AssertionError


@pytest.mark.detsched(runs=6)
def test_skipped_late():
    """Passed: a skip in a later run is the end of that run."""
    runs["late"] += 1
    in_threads(SafeTill().sell)
    if runs["late"] == 3:
        pytest.skip("later")


@pytest.mark.detsched
@pytest.mark.xfail(reason="a known race", raises=AssertionError)
def test_xfailed():
    race()


@pytest.mark.detsched
def test_xfailed_inside():
    in_threads(SafeTill().sell)
    pytest.xfail("known")


class TestCase(unittest.TestCase):
    @detsched.interleave
    @unittest.expectedFailure
    def test_xfailed(self):
        race()

    @detsched.interleave
    def test_skipped(self):
        self.skipTest("not here")

    @unittest.skip("not here")
    @detsched.interleave
    def test_skipped_by_a_mark(self):
        raise AssertionError
