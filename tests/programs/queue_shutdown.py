"""Ending consumers: Queue.shutdown where this Python has it (3.13), one sentinel each where it has not."""

import queue
import threading


def main():
    box = queue.Queue(maxsize=2)
    can_shut = hasattr(box, "shutdown")
    ended = queue.ShutDown if can_shut else ()
    taken = []
    lock = threading.Lock()

    def consume():
        while True:
            try:
                item = box.get()
            except ended:
                return
            if item is None:
                return
            with lock:
                taken.append(item)

    consumers = [threading.Thread(target=consume) for _ in range(2)]
    for consumer in consumers:
        consumer.start()
    for number in range(5):
        box.put(number)
    if can_shut:
        box.shutdown()
    else:
        for _ in consumers:
            box.put(None)
    for consumer in consumers:
        consumer.join()
    assert sorted(taken) == [0, 1, 2, 3, 4]
    return taken
