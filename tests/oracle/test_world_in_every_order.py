"""What stands in for the standard library's own, under the reduction: the same outcomes as with every order run."""

import os
import queue
import random
import signal
import sqlite3
import threading

import pytest

import detsched


def in_threads(*bodies):
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def simple_queue():
    """Two producers: the order of their items; a consumer that looks how many there are."""
    items, sizes = queue.SimpleQueue(), []
    in_threads(lambda: items.put("a"), lambda: items.put("b"), lambda: sizes.append(items.qsize()))
    return sizes, items.get(), items.get()


def simple_queue_handed_on():
    """A consumer that waits, beside two producers."""
    items, got = queue.SimpleQueue(), []
    in_threads(lambda: items.put("a"), lambda: items.put("b"), lambda: got.append(items.get()))
    return got, items.get()


def simple_queue_not_waited_for():
    """A consumer that takes what there is."""
    items, got = queue.SimpleQueue(), []

    def take():
        try:
            got.append(items.get_nowait())
        except queue.Empty:
            got.append(None)

    in_threads(lambda: items.put("a"), take, take)
    return sorted(map(str, got))


def simple_queue_with_a_timeout():
    """A consumer that waits for a second, and one put."""
    items, got = queue.SimpleQueue(), []

    def take():
        try:
            got.append(items.get(timeout=1))
        except queue.Empty:
            got.append(None)

    in_threads(lambda: items.put("a"), take, take)
    return sorted(map(str, got))


def shared_generator():
    """Who draws first from the generator that all share."""
    random.seed(7)
    drawn = {}
    in_threads(*(lambda name=name: drawn.update({name: random.randrange(1000)}) for name in "abc"))
    return sorted(drawn.items())


def own_generators():
    """Streams of each thread's own: one outcome, whoever comes first."""
    drawn = {}
    in_threads(*(lambda name=name: drawn.update({name: random.randrange(1000)}) for name in "ab"))
    return sorted(drawn.items())


def database():
    """Two who read, add one and write, without a transaction around it."""
    connection = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True, isolation_level=None)
    connection.execute("create table t (n)")
    connection.execute("insert into t values (0)")

    def add():
        own = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True, isolation_level=None)
        (n,) = own.execute("select n from t").fetchone()
        own.execute("update t set n = ?", (n + 1,))
        own.close()

    in_threads(add, add)
    try:
        return connection.execute("select n from t").fetchone()
    finally:
        connection.close()


def signal_beside():
    """A signal to oneself, beside another thread that looks whether it has come."""
    came, seen, lock = [], [], threading.Lock()
    signal.signal(signal.SIGUSR1, lambda number, frame: came.append(number))

    def look():
        with lock:
            seen.append(len(came))

    def send():
        os.kill(os.getpid(), signal.SIGUSR1)
        with lock:
            pass

    in_threads(send, look)
    return seen, len(came)


PROGRAMS = [simple_queue, simple_queue_handed_on, simple_queue_not_waited_for, simple_queue_with_a_timeout, shared_generator, own_generators, database]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_the_reduction_misses_nothing(program, timeouts):
    """The outcomes are those of every order, both searches end, and none is run twice."""
    every = detsched.explore(program, strategy="dfs", runs=20_000, timeouts=timeouts)
    reduced = detsched.explore(program, strategy="dpor", runs=20_000, timeouts=timeouts)

    assert every.complete and reduced.complete
    assert set(reduced.outcomes) == set(every.outcomes)
    assert reduced.redundant == 0
    assert reduced.runs <= every.runs
