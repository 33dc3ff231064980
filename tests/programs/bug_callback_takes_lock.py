"""A done callback that takes the lock which the submitter still holds: it runs in the submitter where the future is done already."""

from concurrent.futures import ThreadPoolExecutor
import threading

FAILURE = "deadlock"


class Counter:
    def __init__(self, pool):
        self._pool = pool
        self._lock = threading.Lock()
        self.done = 0

    def submit(self, function, *args):
        with self._lock:
            future = self._pool.submit(function, *args)
            future.add_done_callback(self._finished)
            return future

    def _finished(self, future):
        with self._lock:
            self.done += 1


def main():
    with ThreadPoolExecutor(max_workers=1) as pool:
        counter = Counter(pool)
        futures = [counter.submit(abs, number) for number in (-1, -2)]
        results = [future.result() for future in futures]
    assert results == [1, 2] and counter.done == 2
    return counter.done
