"""What stands in for the standard library's own, under the reduction: the same outcomes as with every order run."""

import os
import queue
import random
import signal
import sqlite3
import threading
from contextlib import closing

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

    def connect():
        return closing(sqlite3.connect("file:/shared?vfs=memdb", uri=True, isolation_level=None))

    def add():
        with connect() as own:
            try:
                (n,) = own.execute("select n from t").fetchone()
                own.execute("update t set n = ?", (n + 1,))
            except sqlite3.OperationalError:
                pass  # locked for too long

    with connect() as connection:
        connection.execute("create table t (n)")
        connection.execute("insert into t values (0)")
        in_threads(add, add)
        return connection.execute("select n from t").fetchone()


def database_locked():
    """Two who write in a transaction: one waits for the other, or gives up after its time."""
    came = []

    def connect():
        return closing(sqlite3.connect("file:/shared?vfs=memdb", uri=True, isolation_level=None, timeout=1))

    def add():
        with connect() as own:
            try:
                own.execute("begin immediate")
                own.execute("insert into t values (1)")
                own.execute("commit")
            except sqlite3.OperationalError as error:
                came.append(str(error))

    with connect() as connection:
        connection.execute("create table t (n)")
        in_threads(add, add)
        return connection.execute("select count(*) from t").fetchone(), came


def signal_beside():
    """A signal while the main thread, which handles it, is at work: between which of its steps the handler is called."""
    came, seen, lock = [], [], threading.Lock()
    signal.signal(signal.SIGUSR1, lambda number, frame: came.append(number))
    thread = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    thread.start()
    for _ in range(2):
        with lock:
            seen.append(len(came))
    thread.join()
    return seen, len(came)


def signal_handler_that_waits():
    """A handler with steps of its own, while the main thread waits for a lock."""
    log, lock, noted = [], threading.Lock(), threading.Lock()

    def handle(number, frame):
        with noted:
            log.append("handled")

    def send():
        with lock:
            os.kill(os.getpid(), signal.SIGUSR1)
        with noted:
            log.append("sent")

    signal.signal(signal.SIGUSR1, handle)
    thread = threading.Thread(target=send)
    thread.start()
    with lock:
        with noted:
            log.append("locked")
    thread.join()
    return log


PROGRAMS = [simple_queue, simple_queue_handed_on, simple_queue_not_waited_for, simple_queue_with_a_timeout, shared_generator, own_generators, database, database_locked, signal_beside, signal_handler_that_waits]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("timeouts", ["idle", "any"])
def test_the_reduction_misses_nothing(program, timeouts):
    """The outcomes are those of every order, both searches end, and none is run twice."""
    every = detsched.explore(program, strategy="dfs", runs=20_000, granularity="sync", timeouts=timeouts)
    reduced = detsched.explore(program, strategy="dpor", runs=20_000, granularity="sync", timeouts=timeouts)

    assert every.complete and reduced.complete
    assert set(reduced.outcomes) == set(every.outcomes)
    assert reduced.redundant == 0
    assert reduced.runs <= every.runs
