"""Sets and dictionaries of threads, futures, locks and events, gone through in their own order.

Such objects hash by address in plain Python, so the order of these loops is what tells a scheduler that is the same in
every process from one that is not.
"""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
import threading
import weakref


class Job(threading.Thread):
    def __init__(self, number, done):
        super().__init__()
        self.number, self.done = number, done

    def run(self):
        with self.done.lock:
            self.done.numbers.append(self.number)


class Done:
    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = []


def main():
    done = Done()
    jobs = {Job(number, done) for number in range(5)}
    started = []
    for job in jobs:
        started.append(job.number)
        job.start()
    joined = []
    while jobs:
        job = jobs.pop()
        job.join()
        joined.append(job.number)
    assert sorted(done.numbers) == sorted(joined) == sorted(started) == [0, 1, 2, 3, 4]

    order = []
    with ThreadPoolExecutor(2) as pool:
        names = {pool.submit(abs, -number): number for number in range(4)}
        weak = weakref.WeakSet(names)
        left = set(names)
        while left:
            ready, left = wait(left, return_when=FIRST_COMPLETED)
            for future in ready:
                assert future.result() == names[future]
                order.append(names[future])
        assert len(weak) == 4
        seen = [names[future] for future in weak]
    assert sorted(order) == sorted(seen) == [0, 1, 2, 3]
    return [started, joined, order, seen]
