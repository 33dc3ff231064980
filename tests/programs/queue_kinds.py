"""Queue, LifoQueue and PriorityQueue, each with producers, consumers, join, and timeouts that fire."""

import queue
import threading


def drained(box, items):
    """Put from two threads, take with two daemons, and wait until all is done."""
    seen = []
    lock = threading.Lock()

    def consume():
        while True:
            item = box.get()
            with lock:
                seen.append(item)
            box.task_done()

    def produce(part):
        for item in part:
            box.put(item)

    for _ in range(2):
        threading.Thread(target=consume, daemon=True).start()
    producers = [threading.Thread(target=produce, args=(part,)) for part in (items[::2], items[1::2])]
    for producer in producers:
        producer.start()
    for producer in producers:
        producer.join()
    box.join()
    assert box.unfinished_tasks == 0 and box.empty()
    return seen


def main():
    for box in (queue.Queue(), queue.Queue(maxsize=1), queue.LifoQueue(maxsize=2), queue.PriorityQueue()):
        assert sorted(drained(box, [4, 1, 3, 2])) == [1, 2, 3, 4]

    small = queue.Queue(maxsize=1)
    small.put_nowait("full")
    for refused, call in (
        (queue.Full, lambda: small.put("more", timeout=0.01)),
        (queue.Full, lambda: small.put_nowait("more")),
        (queue.Empty, lambda: queue.LifoQueue().get(timeout=0.01)),
        (queue.Empty, lambda: queue.PriorityQueue().get_nowait()),
    ):
        try:
            call()
            raise AssertionError(f"{refused.__name__} was due")
        except refused:
            pass

    urgent = queue.PriorityQueue()
    threads = [threading.Thread(target=urgent.put, args=(pair,)) for pair in ((2, "b"), (1, "a"), (3, "c"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = [urgent.get() for _ in range(3)]
    assert order == [(1, "a"), (2, "b"), (3, "c")]
    try:
        urgent.task_done()
        urgent.task_done()
        urgent.task_done()
        urgent.task_done()
        raise AssertionError("one task_done too many was due to raise")
    except ValueError:
        pass
    return order
