"""A housekeeping daemon that polls for ever beside the work: expired entries go, the work is not disturbed, and the program ends."""

import threading
import time


class Cache:
    """Entries that expire, and a daemon thread that sweeps them; nobody ever stops it."""

    def __init__(self, lifetime, interval):
        self._lifetime, self._interval = lifetime, interval
        self._lock = threading.Lock()
        self._entries = {}
        self.swept = 0
        threading.Thread(target=self._sweep_for_ever, name="sweeper", daemon=True).start()

    def put(self, key, value):
        with self._lock:
            self._entries[key] = (time.monotonic() + self._lifetime, value)

    def get(self, key):
        with self._lock:
            expires, value = self._entries.get(key, (0.0, None))
            return value if time.monotonic() < expires else None

    def _sweep_for_ever(self):
        while True:
            time.sleep(self._interval)
            now = time.monotonic()
            with self._lock:
                stale = [key for key, (expires, _) in self._entries.items() if expires <= now]
                for key in stale:
                    del self._entries[key]
                self.swept += len(stale)


def main():
    cache = Cache(lifetime=5.0, interval=1.0)
    ready = threading.Event()

    def writer():
        cache.put("a", 1)
        cache.put("b", 2)
        ready.set()

    thread = threading.Thread(target=writer)
    thread.start()
    ready.wait()
    assert cache.get("a") == 1
    time.sleep(3.0)
    cache.put("a", 3)
    time.sleep(3.5)
    assert cache.get("a") == 3 and cache.get("b") is None and cache.swept == 1
    thread.join()
    return cache.swept
