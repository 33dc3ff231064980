"""sqlite3 with two writers on one file: each waits for the other's transaction by its busy timeout."""

from pathlib import Path
import sqlite3
import tempfile
import threading
import time


def connect(path):
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
    return connection


def deposit(path, amount, times):
    connection = connect(path)
    try:
        for _ in range(times):
            connection.execute("BEGIN IMMEDIATE")
            (balance,) = connection.execute("SELECT balance FROM account").fetchone()
            time.sleep(0.01)  # with the write lock in hand
            connection.execute("UPDATE account SET balance = ?", (balance + amount,))
            connection.execute("COMMIT")
    finally:
        connection.close()


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bank.db")
        connection = connect(path)
        connection.execute("CREATE TABLE account (balance INTEGER)")
        connection.execute("INSERT INTO account VALUES (0)")
        writers = [threading.Thread(target=deposit, args=(path, amount, 2)) for amount in (1, 10)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        (balance,) = connection.execute("SELECT balance FROM account").fetchone()
        connection.close()
    assert balance == 22
    return balance
