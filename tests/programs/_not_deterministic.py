"""Programs that are not deterministic by their own fault: each does what production code has been seen to do."""

from contextlib import closing
import os
from pathlib import Path
import sqlite3
import threading


def in_threads(*targets):
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Node:
    """Has no order of its own, so it is sorted by its address."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()


def address_order():
    """Locks "in one order": that of the addresses."""
    nodes = [Node(name) for name in "ab"]

    def lock_all():
        for node in sorted(nodes, key=id):
            with node.lock:
                pass

    in_threads(lock_all, lock_all)


def clock_of_a_library():
    """Polls until a deadline on a clock that SQLite reads by itself, in C."""
    lock = threading.Lock()
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:

        def now():
            return connection.execute("SELECT (julianday('now') - 2440587.5) * 86400").fetchone()[0]

        def poll():
            end = now() + 0.002
            while now() < end:
                with lock:
                    pass

        in_threads(poll)


def process_id():
    """Spreads its work over shards by the process's number."""
    shards = [threading.Lock(), threading.Lock()]

    def work():
        with shards[os.getpid() % len(shards)]:
            pass

    in_threads(work, work)


def changing_file(path):
    """Starts as many workers as a file says."""
    lock = threading.Lock()

    def work():
        with lock:
            pass

    in_threads(*[work] * int(Path(path).read_text()))


def changing_file_after_long(path):
    """Asks a file what to do when much has been done already."""
    steps, report = threading.Lock(), threading.Lock()

    def work():
        for _ in range(20):
            with steps:
                pass
        if Path(path).read_text() == "verbose":
            with report:
                pass

    in_threads(work, work)


_greeted = set()
_guard = threading.Lock()


def state_kept():
    """Greets everybody once: once in a process, not once in a run."""
    lock = threading.Lock()

    def greet(name):
        with _guard:
            new = name not in _greeted
            _greeted.add(name)
        if new:
            with lock:
                pass

    in_threads(lambda: greet("ann"), lambda: greet("bob"))
