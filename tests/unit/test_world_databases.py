"""sqlite3 in a run: a locked database is waited for in the run's time."""

import os
import sqlite3
import threading
import time
from contextlib import closing

import pytest

import detsched
from again import again, together


@pytest.fixture
def path(tmp_path):
    """Where a database may be. A program makes it anew in each run."""
    return tmp_path / "numbers.db"


def fresh(path):
    """A new database with one number in it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        if os.path.exists(f"{path}{suffix}"):
            os.remove(f"{path}{suffix}")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table numbers (n integer)")
        connection.execute("insert into numbers values (0)")
        connection.commit()


def number_in(path):
    """The number."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select n from numbers").fetchone()[0]


def test_two_writers(path):
    """Writers that take the lock at the beginning wait for each other, and nothing is lost."""

    def program():
        fresh(path)

        def write():
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                for _ in range(2):
                    connection.execute("begin immediate")
                    (n,) = connection.execute("select n from numbers").fetchone()
                    connection.execute("update numbers set n = ?", (n + 1,))
                    connection.execute("commit")

        together(write, write)
        return number_in(path)

    for seed in range(4):
        assert again(program, seed) == 4


def test_a_lost_update_is_found(path):
    """Two writers that read before they lock: some orders lose one of the updates, or are told that the database is locked."""

    def program():
        fresh(path)

        def write():
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                (n,) = connection.execute("select n from numbers").fetchone()
                connection.execute("update numbers set n = ?", (n + 1,))

        together(write, write)
        return number_in(path)

    exploration = detsched.explore(program, runs=40)

    assert exploration.failure is None, exploration.report()
    assert set(exploration.outcomes) == {"1", "2"}


def hold_for(path, seconds, timeout):
    """One thread holds the database for some time, another wants it and waits so long: what came, and when."""
    fresh(path)
    held, came = threading.Event(), []

    def holder():
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("begin exclusive")
            held.set()
            time.sleep(seconds)
            connection.execute("commit")

    def wanter():
        held.wait()
        before = time.monotonic()
        with closing(sqlite3.connect(path, timeout=timeout, isolation_level=None)) as connection:
            try:
                connection.execute("update numbers set n = 5")
                came.append("done")
            except sqlite3.OperationalError as error:
                came.append(str(error))
        came.append(round(time.monotonic() - before))

    together(holder, wanter)
    return came


@pytest.mark.parametrize("seed", range(3))
def test_a_timeout_that_fires(path, seed):
    """Who waits longer than its timeout is told that the database is locked, after that time of the run."""
    assert again(lambda: hold_for(path, 3600, 60), seed) == ["database is locked", 60]


@pytest.mark.parametrize("seed", range(3))
def test_a_timeout_that_does_not_fire(path, seed):
    """Who is patient enough gets it."""
    assert again(lambda: hold_for(path, 60, 3600), seed) == ["done", 60]


def test_the_default_timeout(path):
    """It is five seconds, as outside, by position too."""

    def program():
        fresh(path)
        found = []
        with closing(sqlite3.connect(path, isolation_level=None)) as holder:
            holder.execute("begin exclusive")
            for args in ((), (7.0,), (0,)):
                before = time.monotonic()
                with closing(sqlite3.connect(path, *args)) as connection, pytest.raises(sqlite3.OperationalError):
                    connection.execute("select n from numbers").fetchone()
                found.append(round(time.monotonic() - before))
            holder.execute("rollback")
        return found

    assert again(program) == [5, 7, 0]


def test_no_waiting_with_a_lock_in_hand(path):
    """A connection that holds a lock and wants a stronger one, which another is about to get, is told at once."""

    def program():
        fresh(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader, closing(sqlite3.connect(path, isolation_level=None)) as writer:
            reader.execute("begin")
            reader.execute("select n from numbers").fetchall()
            writer.execute("begin immediate")
            writer.execute("update numbers set n = 1")
            before = time.monotonic()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                reader.execute("update numbers set n = 2")
            passed = time.monotonic() - before
            reader.execute("rollback")
            writer.execute("commit")
        return round(passed), number_in(path)

    assert again(program) == (0, 1)


def test_nobody_lets_go(path):
    """Two connections of one thread: the second waits for the first in vain, and is told when its time is over."""

    def program():
        fresh(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as one, closing(sqlite3.connect(path, timeout=30)) as other:
            one.execute("begin exclusive")
            before = time.monotonic()
            try:
                other.execute("select n from numbers")
            except sqlite3.OperationalError as error:
                return str(error), round(time.monotonic() - before)
            finally:
                one.execute("rollback")

    assert again(program) == ("database is locked", 30)


def test_with_blocks(path):
    """`with connection:` commits, and rolls back on an exception."""

    def program():
        fresh(path)
        with closing(sqlite3.connect(path)) as connection:
            with connection:
                connection.execute("update numbers set n = 1")
            with pytest.raises(KeyError), connection:
                connection.execute("update numbers set n = 2")
                raise KeyError
        return number_in(path)

    assert again(program) == 1


def test_every_way_to_execute(path):
    """Connection and cursor, one statement, many, and a script; rows, row counts, and cursors of the program's own."""

    class Cursor(sqlite3.Cursor):
        def first(self):
            return self.fetchone()[0]

    def program():
        fresh(path)
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            connection.executemany("insert into numbers values (?)", [(1,), (2,)])
            connection.executescript("insert into numbers values (3); insert into numbers values (4);")
            cursor = connection.cursor()
            cursor.execute("update numbers set n = n + 10 where n > :least", {"least": 2})
            connection.commit()
            own = connection.cursor(Cursor)
            assert isinstance(connection, sqlite3.Connection) and isinstance(cursor, sqlite3.Cursor)
            own.execute("select count(*) from numbers")
            return cursor.rowcount, own.first(), [row["n"] for row in connection.execute("select n from numbers order by n")]

    assert again(program) == (2, 5, [0, 1, 2, 13, 14])


def test_a_factory_of_the_program(path):
    """A subclass of Connection stays one."""

    class Mine(sqlite3.Connection):
        def double(self):
            return 2 * self.execute("select n from numbers").fetchone()[0]

    def program():
        fresh(path)
        with closing(sqlite3.connect(path, factory=Mine)) as connection:
            connection.execute("update numbers set n = 21")
            return isinstance(connection, Mine), connection.double()

    assert again(program) == (True, 42)


def test_databases_in_memory():
    """Each `:memory:` is a database of its own, and other threads' do not matter to it."""

    def program():
        sums = {}

        def body(name):
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.execute("create table t (x)")
                connection.executemany("insert into t values (?)", [(i,) for i in range(5)])
                sums[name] = connection.execute("select sum(x) from t").fetchone()[0]

        together(*[lambda name=name: body(name) for name in "ab"])
        return sorted(sums.items())

    assert again(program) == [("a", 10), ("b", 10)]


def test_errors_of_sqlite(path):
    """Other errors are what they are outside, with their codes."""

    def program():
        fresh(path)
        with closing(sqlite3.connect(path)) as connection:
            with pytest.raises(sqlite3.OperationalError, match="no such table") as caught:
                connection.execute("select * from missing")
            with pytest.raises(sqlite3.ProgrammingError):
                connection.execute("select ?", ())
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("select 1")
        return caught.value.sqlite_errorname

    assert again(program) == "SQLITE_ERROR"


def test_threads_may_not_share_a_connection(path):
    """A connection is for the thread that made it, unless it says otherwise."""

    def program():
        fresh(path)
        came = []
        with closing(sqlite3.connect(path)) as own, closing(sqlite3.connect(path, check_same_thread=False)) as shared:

            def body():
                try:
                    own.execute("select n from numbers")
                except sqlite3.ProgrammingError:
                    came.append("refused")
                came.append(shared.execute("select n from numbers").fetchone()[0])

            together(body)
        return came

    assert again(program) == ["refused", 0]


def test_databases_are_undone(path):
    """After the run connections are the standard library's own, and wait in real time."""
    before = sqlite3.connect, sqlite3.dbapi2.connect, sqlite3.Connection, sqlite3.Cursor

    detsched.run(lambda: fresh(path))

    assert (sqlite3.connect, sqlite3.dbapi2.connect, sqlite3.Connection, sqlite3.Cursor) == before
    with closing(sqlite3.connect(path, isolation_level=None)) as one, closing(sqlite3.connect(path, timeout=0.1)) as other:
        assert type(one) is sqlite3.Connection
        one.execute("begin exclusive")
        began = time.perf_counter()
        with pytest.raises(sqlite3.OperationalError):
            other.execute("select n from numbers")
        assert time.perf_counter() - began >= 0.05
