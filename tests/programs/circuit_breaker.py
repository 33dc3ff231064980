"""A circuit breaker: opens after failures in a row, lets one probe through after a pause on the monotonic clock, closes again."""

import threading
import time


class Open(Exception):
    pass


class CircuitBreaker:
    def __init__(self, failures, reset_after):
        self._limit, self._reset_after = failures, reset_after
        self._lock = threading.RLock()
        self._failures, self._opened_at, self._probing = 0, None, False

    @property
    def state(self):
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "half-open" if time.monotonic() - self._opened_at >= self._reset_after else "open"

    def call(self, function):
        with self._lock:
            state = self.state
            if state == "open" or (state == "half-open" and self._probing):
                raise Open
            self._probing = state == "half-open"
        try:
            value = function()
        except Exception:
            with self._lock:
                self._failures += 1
                if self._probing or self._failures >= self._limit:
                    self._opened_at, self._probing = time.monotonic(), False
            raise
        with self._lock:
            self._failures, self._opened_at, self._probing = 0, None, False
        return value


def main():
    breaker = CircuitBreaker(failures=2, reset_after=30.0)
    lock = threading.Lock()
    healthy = False
    calls, refused = [], []

    def backend():
        with lock:
            calls.append(healthy)
        if not healthy:
            raise ConnectionError
        time.sleep(0.5)
        return "ok"

    def client():
        try:
            return breaker.call(backend)
        except Open:
            with lock:
                refused.append(1)
        except ConnectionError:
            pass

    def together(count):
        threads = [threading.Thread(target=client) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    together(3)
    assert breaker.state == "open" and len(calls) + len(refused) == 3 and len(calls) >= 2
    assert client() is None and len(refused) >= 1
    before = len(calls)
    time.sleep(31)
    assert breaker.state == "half-open"
    healthy = True
    together(3)
    assert len(calls) - before == 1, "one probe, the others were refused meanwhile"
    assert breaker.state == "closed" and client() == "ok"
    return [calls.count(False), len(refused)]
