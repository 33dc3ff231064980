"""Busy waiting in its usual forms: on a flag, on a lock, on a thread's life, with and without sleep(0)."""

import threading
import time


def main():
    go, lock = threading.Event(), threading.Lock()
    went = []

    def on_flag():
        while not go.is_set():
            pass
        went.append("flag")

    def on_flag_politely():
        while not go.is_set():
            time.sleep(0)
        went.append("politely")

    def on_lock():
        while not lock.acquire(blocking=False):
            time.sleep(0)
        went.append("lock")
        lock.release()

    def until_free():
        while lock.locked():
            time.sleep(0)
        went.append("free")

    lock.acquire()
    threads = [threading.Thread(target=target) for target in (on_flag, on_flag_politely, on_lock, until_free)]
    for thread in threads:
        thread.start()
    go.set()
    lock.release()
    while any(thread.is_alive() for thread in threads):
        pass
    assert sorted(went) == ["flag", "free", "lock", "politely"]
    return went
