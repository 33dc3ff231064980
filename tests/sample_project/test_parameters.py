"""Parameters: each set is a test with runs of its own."""

import pytest
from shop import SafeTill, in_threads

import detsched

seen = []


@detsched.interleave(runs=6)
@pytest.mark.parametrize(("sales", "money"), [(1, 10), (3, 30)])
def test_parametrize(sales, money, box):
    till = SafeTill()
    in_threads(*[till.sell] * sales)
    box.append(till.money)
    seen.append(money)
    assert box == [money]


@pytest.mark.detsched(runs=3)
def test_fixture_with_parameters(parameter, box):
    box.append(parameter)
    assert len(box) == 1
    in_threads(lambda: seen.append(parameter))


@pytest.mark.detsched(runs=3)
@pytest.mark.parametrize("parameter", ["three"], indirect=True)
def test_indirect(parameter):
    in_threads(lambda: seen.append(parameter))


def test_each_had_its_runs():
    """This one is not under control."""
    assert detsched.current_run() is None
    assert {value: seen.count(value) for value in seen} == {10: 6, 30: 6, "one": 3, "two": 3, "three": 3}
