"""Locks with timeouts: one that fires, one that does not, and two accounts locked by try and back off instead of in an order."""

import threading
import time


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source, target, amount, pause):
    for attempt in range(1, 50):
        with source.lock:
            if target.lock.acquire(timeout=0.01):
                try:
                    source.balance -= amount
                    target.balance += amount
                    return attempt
                finally:
                    target.lock.release()
        time.sleep(pause * attempt)  # not the same for both, or they might step aside for each other for ever
    raise TimeoutError("out of attempts")


def main():
    first, second = Account(100), Account(100)
    threads = [
        threading.Thread(target=transfer, args=(first, second, 10, 0.001)),
        threading.Thread(target=transfer, args=(second, first, 30, 0.003)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (first.balance, second.balance) == (120, 80)

    got = {}
    held = threading.Lock()
    recursive = threading.RLock()
    held.acquire()
    recursive.acquire()

    def try_for(name, lock, timeout):
        began = time.monotonic()
        got[name] = lock.acquire(timeout=timeout)
        waited = time.monotonic() - began
        if got[name]:
            lock.release()
        else:
            assert waited >= timeout - 1e-9

    threads = [
        threading.Thread(target=try_for, args=("impatient", held, 0.05)),
        threading.Thread(target=try_for, args=("patient", held, 60)),
        threading.Thread(target=try_for, args=("recursive", recursive, 0.05)),
        threading.Thread(target=try_for, args=("at once", held, 0)),
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    held.release()
    recursive.release()
    for thread in threads:
        thread.join()
    assert got == {"impatient": False, "patient": True, "recursive": False, "at once": False}
    return got
