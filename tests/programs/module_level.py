"""Everything made at import, before any control: a lock, an RLock, a condition, an event, a semaphore, queues, a registry."""

import queue
import threading

LOCK = threading.Lock()
AGAIN = threading.RLock()
CHANGED = threading.Condition()
OPENED = threading.Event()
SLOTS = threading.Semaphore(1)
JOBS = queue.Queue(maxsize=2)
RESULTS = queue.SimpleQueue()


class Registry:
    """A class attribute and an instance in a global hold locks too."""

    guard = threading.Lock()

    def __init__(self):
        self.lock = threading.Lock()
        self.items = {}

    def add(self, name):
        with Registry.guard, self.lock:
            self.items[name] = len(self.items)


REGISTRY = Registry()
total = 0


def worker(name):
    global total
    OPENED.wait()
    REGISTRY.add(name)
    while True:
        with SLOTS:
            job = JOBS.get()
        if job is None:
            break
        with LOCK:
            with AGAIN, AGAIN:
                total += job
        RESULTS.put(job)
        JOBS.task_done()
    JOBS.task_done()
    with CHANGED:
        CHANGED.notify_all()


def main():
    global total
    total = 0
    OPENED.clear()
    REGISTRY.items.clear()
    got = []
    # It waits at the C queue before anything is in there. The timeout is for schedulers that cannot see that: they fail here.
    collector = threading.Thread(target=lambda: got.extend(RESULTS.get(timeout=5) for _ in range(3)))
    threads = [collector, *(threading.Thread(target=worker, args=(name,)) for name in "ab")]
    for thread in threads:
        thread.start()
    OPENED.set()
    for job in (1, 2, 3, None, None):
        JOBS.put(job)
    JOBS.join()
    with CHANGED:
        assert CHANGED.wait_for(lambda: not JOBS.unfinished_tasks, timeout=60)
    for thread in threads:
        thread.join()
    assert total == 6 and sorted(got) == [1, 2, 3] and RESULTS.empty()
    assert sorted(REGISTRY.items) == ["a", "b"] and sorted(REGISTRY.items.values()) == [0, 1]
    return [total, got]
