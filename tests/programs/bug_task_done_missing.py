"""task_done left out where an item is rejected: join waits for ever, if the limit was lowered before the item came out."""

import queue
import threading

FAILURE = "deadlock"


def main():
    items = queue.Queue()
    lock = threading.Lock()
    limit = 10
    kept = []

    def lower():
        nonlocal limit
        with lock:
            limit = 1

    def work():
        while True:
            item = items.get()
            with lock:
                rejected = item > limit
            if rejected:
                continue
            kept.append(item)
            items.task_done()

    threading.Thread(target=work, daemon=True).start()
    lowering = threading.Thread(target=lower)
    for item in (1, 2, 1):
        items.put(item)
    lowering.start()
    items.join()
    lowering.join()
    assert kept == [1, 2, 1]
    return kept
