"""A cache entry that expires between the check and the use, because both look at the clock."""

import threading
import time

FAILURE = "exception"


class Cache:
    def __init__(self):
        self._lock = threading.Lock()
        self._entries = {}

    def put(self, key, value, lifetime):
        with self._lock:
            self._entries[key] = (time.monotonic() + lifetime, value)

    def __contains__(self, key):
        with self._lock:
            return key in self._entries

    def __getitem__(self, key):
        with self._lock:
            return self._entries[key][1]

    def evict(self):
        with self._lock:
            now = time.monotonic()
            for key in [key for key, (expires, _) in self._entries.items() if expires <= now]:
                del self._entries[key]


def main():
    cache = Cache()
    cache.put("token", "secret", lifetime=1.0)
    used = []

    def evictor():
        time.sleep(1.0)
        cache.evict()

    def user():
        time.sleep(1.0)
        if "token" in cache:
            used.append(cache["token"])

    threads = [threading.Thread(target=evictor), threading.Thread(target=user)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(used)
