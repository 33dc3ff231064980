"""What test runners measure for themselves is no part of a run, and nothing else is."""

import logging
import time
import unittest

import detsched


class Case(unittest.TestCase):
    """Run by the tests below."""

    __test__ = False

    def test(self):
        detsched.yield_point()


def test_a_case_is_no_event_of_its_own():
    """The time that TestCase.run takes is not the run's: the same events on every version."""

    def program():
        result = unittest.TestResult()
        Case("test").run(result)
        assert result.wasSuccessful()

    run = detsched.record(program)

    assert run.failure is None
    assert [event.operation for event in run.trace] == ["yield point"]


def test_every_other_module_has_the_time_that_it_has():
    """Inside of a run too; `unittest.case` has its own back afterwards."""
    before = vars(unittest.case).get("time")

    assert detsched.run(lambda: logging.time) is time
    assert detsched.run(lambda: time) is time
    assert vars(unittest.case).get("time") is before
