"""Races between plain reads and writes are found by `check` with its defaults, and their fixed twins pass in every order."""

from functools import partial

import pytest

import detsched
from races import RACES

NAMES = [race.__name__ for race in RACES]


@pytest.mark.parametrize("race", RACES, ids=NAMES)
def test_found_and_replayed(race):
    """`check` finds the failure, and its schedule leads to it again."""
    with pytest.raises(Exception) as caught:
        detsched.check(partial(race, False))

    assert not isinstance(caught.value, detsched.DetschedError)
    found = detsched.explore(partial(race, False), keep_going=False).failure
    assert detsched.record(partial(race, False), schedule=str(found.schedule)).failure.origin == found.origin


@pytest.mark.parametrize("race", RACES, ids=NAMES)
def test_the_fixed_twin_passes(race):
    """No order of the accesses of the fixed program fails, and all of them were tried."""
    assert detsched.check(partial(race, True)).complete
