"""Objects made once on first use: double-checked locking, a once decorator, a per-key lock, and one that fails at first."""

import functools
import threading
import time


class Config:
    _instance = None
    _lock = threading.Lock()
    loads = 0

    @classmethod
    def instance(cls):
        if cls._instance is None:
            with cls._lock:
                if cls._instance is None:
                    time.sleep(0.01)
                    cls.loads += 1
                    cls._instance = cls()
        return cls._instance


def once(function):
    lock = threading.RLock()
    done = []

    @functools.wraps(function)
    def wrapper():
        with lock:
            if not done:
                done.append(function())
            return done[0]

    return wrapper


class KeyedLocks:
    def __init__(self):
        self._guard = threading.Lock()
        self._locks = {}

    def __getitem__(self, key):
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())


def main():
    Config._instance, Config.loads = None, 0
    attempts, made = [], []
    locks = KeyedLocks()

    @once
    def connect():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("the first attempt fails")
        return "connection"

    def use(key):
        config = Config.instance()
        while True:
            try:
                connection = connect()
                break
            except ConnectionError:
                time.sleep(0.01)
        with locks[key]:
            made.append((id(config), connection))

    threads = [threading.Thread(target=use, args=(key,)) for key in ("x", "y", "x")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Config.loads == 1 and len(attempts) == 2 and len(set(made)) == 1 and len(made) == 3
    assert len(locks._locks) == 2
    Config._instance = None
    Config.loads = 0
    return len(made)
