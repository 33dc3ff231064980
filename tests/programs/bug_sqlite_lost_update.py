"""Read, add, write, each in a transaction of its own: what the other writer wrote in between is gone."""

from contextlib import closing
from pathlib import Path
import sqlite3
import tempfile
import threading

FAILURE = "exception"


def connect(path):
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
    return closing(connection)


def deposit(path, amount):
    with connect(path) as connection:
        (balance,) = connection.execute("SELECT balance FROM account").fetchone()
        connection.execute("UPDATE account SET balance = ?", (balance + amount,))


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bank.db")
        with connect(path) as connection:
            connection.execute("CREATE TABLE account (balance INTEGER)")
            connection.execute("INSERT INTO account VALUES (0)")
            writers = [threading.Thread(target=deposit, args=(path, amount)) for amount in (1, 10)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            (balance,) = connection.execute("SELECT balance FROM account").fetchone()
    assert balance == 11, f"{balance} where 11 was paid in"
    return balance
