"""Tests in classes: a fresh instance for each run."""

import threading
import unittest
from unittest import mock

import pytest
import shop
from shop import SafeTill, in_threads

import detsched

counts = {"class": 0, "method": 0, "case": 0, "down": 0, "cleanup": 0, "setUpClass": 0}


@pytest.mark.detsched(runs=8)
class TestTill:
    @classmethod
    def setup_class(cls):
        counts["class"] += 1

    def setup_method(self):
        counts["method"] += 1
        self.till = SafeTill()

    def test_fresh(self, of_class):
        assert not hasattr(self, "sold")
        self.sold = True
        in_threads(self.till.sell, self.till.sell)
        assert self.till.money == 20

    @pytest.mark.detsched(runs=2)
    def test_the_closest_marker_counts(self, of_class, counts):
        in_threads(self.till.sell)
        assert counts[0]["class"] == 1

    @detsched.interleave(runs=3)
    def test_decorated(self):
        in_threads(self.till.sell)

    @pytest.mark.detsched(False)
    def test_left_alone(self):
        assert detsched.current_run() is None
        assert (counts["class"], counts["method"]) == (1, 8 + 2 + 8 + 1)


class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        counts["setUpClass"] += 1

    def setUp(self):
        counts["case"] += 1
        self.till = SafeTill()
        self.addCleanup(lambda: counts.__setitem__("cleanup", counts["cleanup"] + 1))

    def tearDown(self):
        counts["down"] += 1

    @detsched.interleave(runs=5)
    def test_fresh(self):
        self.assertFalse(hasattr(self, "sold"))
        self.sold = True
        in_threads(self.till.sell, self.till.sell)
        self.assertEqual(self.till.money, 20)

    @detsched.interleave(runs=5)
    def test_subtests(self):
        for sales in range(3):
            with self.subTest(sales=sales):
                in_threads(*[self.till.sell] * sales)

    @detsched.interleave(runs=5)
    @mock.patch.object(shop, "embrace", lambda: 3)
    def test_with_a_mock(self):
        in_threads(lambda: self.assertEqual(shop.embrace(), 3))

    def test_zz_each_run_had_its_own(self):
        """Under pytest 3 times 5 runs, and this one."""
        self.assertEqual(counts["case"], 16)
        self.assertEqual((counts["down"], counts["cleanup"], counts["setUpClass"]), (15, 15, 1))


def test_plain():
    """Not under control: real threads."""
    assert detsched.current_run() is None
    in_threads(threading.Event().set)
