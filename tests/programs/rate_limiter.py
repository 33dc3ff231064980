"""A token bucket on the clock: five calls at a rate of one per 10 ms from three threads."""

import threading
import time


class RateLimiter:
    def __init__(self, interval):
        self._interval = interval
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def acquire(self):
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval
        if at > now:
            time.sleep(at - now)
        return at


def main():
    limiter = RateLimiter(0.01)
    lock = threading.Lock()
    granted = []

    def call(times):
        for _ in range(times):
            at = limiter.acquire()
            assert time.monotonic() >= at - 1e-6
            with lock:
                granted.append(at)

    began = time.monotonic_ns()
    threads = [threading.Thread(target=call, args=(times,)) for times in (2, 2, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic_ns() - began
    granted.sort()
    assert len(granted) == 5
    assert all(later - earlier >= 0.01 - 1e-6 for earlier, later in zip(granted, granted[1:]))
    assert took >= 39_000_000
    return len(granted)
