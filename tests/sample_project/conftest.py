"""Fixtures of every scope, which count how often they are made and finished."""

import collections
import importlib.metadata

import pytest

import detsched

if not any(entry.name == "detsched" for entry in importlib.metadata.entry_points(group="pytest11")):
    pytest_plugins = ["detsched.pytest_plugin"]

detsched.Settings.register("quick", runs=4)
made = collections.Counter()
finished = collections.Counter()


@pytest.fixture
def counts():
    """How often each fixture was made, and finished."""
    return made, finished


def counted(name, value):
    made[name] += 1
    yield value
    finished[name] += 1


@pytest.fixture(scope="session")
def of_session():
    yield from counted("session", [])


@pytest.fixture(scope="module")
def of_module(of_session):
    yield from counted("module", of_session)


@pytest.fixture(scope="class")
def of_class(of_module):
    yield from counted("class", of_module)


@pytest.fixture
def box(of_session):
    """A list that the body of a test fills."""
    yield from counted("box", [])


@pytest.fixture(params=["one", "two"])
def parameter(request):
    return request.param
