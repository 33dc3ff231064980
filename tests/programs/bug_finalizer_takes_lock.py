"""A finalizer that takes a plain lock: whoever drops the last reference while holding that lock waits for itself."""

import threading

FAILURE = "deadlock"


class Pool:
    def __init__(self):
        self.lock = threading.Lock()
        self.free = []
        self.current = None

    def replace(self, connection):
        with self.lock:
            self.current = connection  # drops the one before, inside the lock

    def lend(self):
        with self.lock:
            return self.current


class Connection:
    def __init__(self, pool, number):
        self.pool, self.number = pool, number

    def __del__(self):
        with self.pool.lock:
            self.pool.free.append(self.number)


def main():
    pool = Pool()
    first = Connection(pool, 1)
    pool.replace(first)
    first = None
    done = threading.Event()

    def user():
        connection = pool.lend()  # while this is in use, replacing it is harmless
        done.wait()
        assert connection is not None

    using = threading.Thread(target=user)
    replacing = threading.Thread(target=lambda: pool.replace(Connection(pool, 2)))
    using.start()
    replacing.start()
    replacing.join()
    done.set()
    using.join()
    pool.current, last = None, pool.current
    del last
    assert sorted(pool.free) == [1, 2]
    return len(pool.free)
