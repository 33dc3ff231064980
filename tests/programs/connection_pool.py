"""A pool of connections on a LifoQueue and a bounded semaphore: waiting with a timeout, broken ones replaced, closed at the end."""

from contextlib import contextmanager
import queue
import threading
import time


class PoolTimeout(Exception):
    pass


class Connection:
    def __init__(self, number):
        self.number, self.closed = number, False

    def execute(self, query):
        if query == "crash":
            self.closed = True
            raise ConnectionResetError(self.number)
        time.sleep(0.01)
        return f"{query} ok"

    def close(self):
        self.closed = True


class ConnectionPool:
    def __init__(self, size):
        self._slots = threading.BoundedSemaphore(size)
        self._idle = queue.LifoQueue()
        self._lock = threading.Lock()
        self.opened = []

    def _open(self):
        with self._lock:
            connection = Connection(len(self.opened))
            self.opened.append(connection)
            return connection

    @contextmanager
    def connection(self, timeout=None):
        if not self._slots.acquire(timeout=timeout):
            raise PoolTimeout(timeout)
        try:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = self._open()
            try:
                yield connection
            finally:
                if not connection.closed:
                    self._idle.put(connection)
        finally:
            self._slots.release()

    def close(self):
        while not self._idle.empty():
            self._idle.get().close()


def main():
    pool = ConnectionPool(size=2)
    answers, lock = [], threading.Lock()

    def client(query):
        for attempt in range(2):
            try:
                with pool.connection(timeout=60) as connection:
                    answer = connection.execute(query if attempt == 0 else "retry")
            except ConnectionResetError:
                continue
            with lock:
                answers.append(answer)
            return

    threads = [threading.Thread(target=client, args=(query,)) for query in ("select", "insert", "crash", "delete")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["delete ok", "insert ok", "retry ok", "select ok"]

    with pool.connection(), pool.connection():
        try:
            with pool.connection(timeout=0.05):
                raise AssertionError("all are taken")
        except PoolTimeout:
            pass
    pool.close()
    assert all(connection.closed for connection in pool.opened) and len(pool.opened) <= 4
    return sorted(answers)
