"""Fixtures: those of a function are made anew for each run, wider ones once."""

import logging
import os
import threading
import warnings

import pytest
from shop import SafeTill, Till, in_threads

import detsched

pytestmark = pytest.mark.detsched(runs=12)
paths = set()
values = []


@pytest.fixture(autouse=True)
def around():
    values.append("made")
    yield
    values.append("finished")


def test_a_list_that_the_body_fills(box, of_module):
    """Empty in each run."""
    in_threads(lambda: box.append(1), lambda: box.append(2))
    assert sorted(box) == [1, 2]


@pytest.mark.detsched(runs=500)
def test_a_list_that_the_body_fills_500_times(box):
    """The same result in run 1 and run 500."""
    box.append(threading.Lock())
    with box[0]:
        pass
    assert len(box) == 1


@pytest.mark.detsched(False)
def test_how_often_they_were_made(counts):
    """Not under control itself, so it sees the counts of the two before: 12 and 500 runs."""
    made, finished = counts
    assert detsched.current_run() is None
    assert made["box"] == finished["box"] > 0
    assert (made["session"], finished["session"]) == (1, 0)
    assert made["module"] == finished["module"] + 1
    assert values.count("made") == 513
    assert values.count("finished") == 512


def test_tmp_path(tmp_path):
    """An empty directory in each run, and the same one: its name is the program's to see."""
    assert list(tmp_path.iterdir()) == []
    in_threads(lambda: (tmp_path / "a").write_text("x"), lambda: (tmp_path / "b").mkdir())
    paths.add(tmp_path)
    assert len(paths) == 1
    threading.Lock().acquire()


def test_monkeypatch(monkeypatch):
    """Undone after each run."""
    assert "SAMPLE" not in os.environ
    monkeypatch.setenv("SAMPLE", "1")
    monkeypatch.setattr(Till, "sell", SafeTill.sell)
    till = Till()
    in_threads(till.sell, till.sell)
    assert till.money == 20


def test_monkeypatch_was_undone():
    assert "SAMPLE" not in os.environ
    assert Till.sell is not SafeTill.sell
    threading.Lock().acquire()


def test_capsys(capsys):
    """What this run printed, and no other one."""
    in_threads(lambda: print("x"), lambda: print("x"))
    assert capsys.readouterr().out == "x\nx\n"


def test_capfd(capfd):
    in_threads(lambda: os.write(1, b"x"), lambda: os.write(1, b"x"))
    assert capfd.readouterr().out == "xx"


def test_caplog(caplog):
    """What this run logged, and no other one."""
    in_threads(lambda: logging.warning("first"), lambda: logging.warning("second"))
    assert sorted(caplog.messages) == ["first", "second"]


def test_warnings(recwarn):
    """pytest.warns and recwarn see this run's warnings."""
    with pytest.warns(UserWarning, match="mine"):
        in_threads(lambda: warnings.warn("mine"))
    with pytest.raises(ValueError):
        int("x")
    assert len(recwarn) == 0


def test_request(request):
    """Finalizers run at the end of each run, marks and properties do not pile up."""
    request.addfinalizer(lambda: values.append("final"))
    request.applymarker(pytest.mark.usefixtures())
    assert len([mark for mark in request.node.own_markers if mark.name == "usefixtures"]) == 1
    threading.Lock().acquire()


def test_finalizers_ran_for_each_run():
    assert values.count("final") == 12
    threading.Lock().acquire()


def test_record_property(record_property, request):
    record_property("colour", "red")
    assert [name for name, _ in request.node.user_properties].count("colour") == 1
    threading.Lock().acquire()


@pytest.fixture(scope="module")
def asked_for_inside():
    values.append("asked for inside")
    return threading.Lock()


def test_wide_fixture_asked_for_inside_a_run(request):
    """It is made once, outside of the run that asks for it, and outlives it."""
    lock = request.getfixturevalue("asked_for_inside")
    in_threads(lock.acquire, lambda: None)
    lock.release()
    assert values.count("asked for inside") == 1
