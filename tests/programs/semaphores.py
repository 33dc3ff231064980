"""A connection pool on a semaphore, a rendezvous, and the release too many that a bounded one refuses."""

import threading
import time


class Pool:
    def __init__(self, size):
        self._free = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self.in_use = self.peak = 0

    def __enter__(self):
        self._free.acquire()
        with self._lock:
            self.in_use += 1
            self.peak = max(self.peak, self.in_use)

    def __exit__(self, *exc):
        with self._lock:
            self.in_use -= 1
        self._free.release()


def main():
    pool = Pool(2)

    def query():
        with pool:
            time.sleep(0.001)

    clients = [threading.Thread(target=query) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert pool.in_use == 0 and 1 <= pool.peak <= 2
    try:
        pool._free.release()
        raise AssertionError("one release too many was due to raise")
    except ValueError:
        pass

    # Rendezvous: each goes on only after both have arrived.
    arrived = [threading.Semaphore(0), threading.Semaphore(0)]
    steps = []

    def meet(me):
        steps.append("before")
        arrived[me].release()
        arrived[1 - me].acquire()
        steps.append("after")

    pair = [threading.Thread(target=meet, args=(me,)) for me in (0, 1)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    assert steps == ["before", "before", "after", "after"]

    assert threading.Semaphore(0).acquire(timeout=0.01) is False
    assert threading.Semaphore(0).acquire(blocking=False) is False
    three = threading.Semaphore(0)
    takers = [threading.Thread(target=three.acquire) for _ in range(3)]
    for taker in takers:
        taker.start()
    three.release(3)
    for taker in takers:
        taker.join()
    return pool.peak
