"""Functions and classes kept as class attributes, for tests to override: a clock, a sleep, a lock factory, a source of randomness."""

import queue
import random
import threading
import time


class Poller:
    now = time.monotonic
    sleep = time.sleep
    jitter = random.random
    Lock = threading.Lock
    make_queue = queue.Queue
    start_thread = staticmethod(threading.Thread)

    def __init__(self, interval):
        self.interval = interval
        self.lock = self.Lock()
        self.found = self.make_queue()

    def poll(self, source, patience):
        end = self.now() + patience
        while self.now() < end:
            with self.lock:
                if source:
                    self.found.put(source.pop())
                    return True
            self.sleep(self.interval * (1 + self.jitter()))
        return False


class QuickPoller(Poller):
    def sleep(self, seconds):
        time.sleep(min(seconds, 0.05))


def main():
    source, slow, quick = [], Poller(interval=0.1), QuickPoller(interval=0.1)
    ends = []

    def watch(poller, patience):
        ends.append(poller.poll(source, patience))

    threads = [
        slow.start_thread(target=watch, args=(slow, 60.0)),
        quick.start_thread(target=watch, args=(quick, 60.0)),
        threading.Thread(target=watch, args=(Poller(interval=0.1), 0.15)),
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    source.extend(["a", "b"])
    for thread in threads:
        thread.join()
    assert sorted(ends) == [False, True, True]
    assert {slow.found.get_nowait(), quick.found.get_nowait()} == {"a", "b"}
    return ends
