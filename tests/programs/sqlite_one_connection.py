"""sqlite3 in memory, one connection for all threads behind a lock: transactions, rollback, a user function."""

import sqlite3
import threading


class Store:
    def __init__(self):
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.create_function("double", 1, lambda number: number * 2)
        with self._lock, self._connection:
            self._connection.execute("CREATE TABLE stock (item TEXT PRIMARY KEY, count INTEGER CHECK (count >= 0))")

    def add(self, item, count):
        with self._lock, self._connection:
            self._connection.execute(
                "INSERT INTO stock VALUES (?, ?) ON CONFLICT (item) DO UPDATE SET count = count + excluded.count", (item, count)
            )

    def take(self, *items):
        """All of them or none."""
        with self._lock, self._connection:
            for item in items:
                self._connection.execute("UPDATE stock SET count = count - 1 WHERE item = ?", (item,))

    def counts(self):
        with self._lock:
            return self._connection.execute("SELECT item, count, double(count) FROM stock ORDER BY item").fetchall()

    def close(self):
        with self._lock:
            self._connection.close()


def main():
    store = Store()
    store.add("nut", 2)
    store.add("bolt", 1)
    refused, lock = [], threading.Lock()

    def order():
        try:
            store.take("nut", "bolt")
        except sqlite3.IntegrityError:
            with lock:
                refused.append(1)

    threads = [threading.Thread(target=order) for _ in range(2)] + [threading.Thread(target=store.add, args=("nut", 5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = store.counts()
    store.close()
    assert counts == [("bolt", 0, 0), ("nut", 6, 12)] and len(refused) == 1
    return counts
