"""A read-write lock on one Condition: readers share, a writer is alone."""

import threading


class ReadWriteLock:
    def __init__(self):
        self._ready = threading.Condition()
        self._readers = 0
        self._writing = False

    def acquire_read(self):
        with self._ready:
            while self._writing:
                self._ready.wait()
            self._readers += 1

    def release_read(self):
        with self._ready:
            self._readers -= 1
            if not self._readers:
                self._ready.notify_all()

    def acquire_write(self):
        with self._ready:
            while self._writing or self._readers:
                self._ready.wait()
            self._writing = True

    def release_write(self):
        with self._ready:
            self._writing = False
            self._ready.notify_all()


def main():
    guard = ReadWriteLock()
    table = {"version": 0, "copy": 0}
    seen = []
    tick = threading.Lock()

    def read():
        guard.acquire_read()
        try:
            before = table["version"]
            with tick:
                pass
            assert before == table["copy"] == table["version"]
            seen.append(before)
        finally:
            guard.release_read()

    def write():
        guard.acquire_write()
        try:
            table["version"] += 1
            with tick:
                pass
            table["copy"] += 1
        finally:
            guard.release_write()

    threads = [threading.Thread(target=target) for target in (write, read, read, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table == {"version": 2, "copy": 2}
    assert len(seen) == 2 and all(0 <= version <= 2 for version in seen)
    return seen
