"""A pipeline as programs really have them: an executor, a queue, logging and a timer. It is correct: check finds nothing."""

import logging
import queue
import threading
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger("pipeline")


def fetch(number):
    log.info("fetching %d", number)
    return number * number


def main():
    logging.basicConfig(level=logging.WARNING)
    results = queue.Queue(maxsize=2)
    done = threading.Event()
    total = []

    def consume():
        while (item := results.get()) is not None:
            total.append(item)
            results.task_done()
        results.task_done()
        done.set()

    heartbeat = threading.Timer(30.0, log.warning, args=("still at work",))
    heartbeat.start()
    consumer = threading.Thread(target=consume, name="consumer")
    consumer.start()
    with ThreadPoolExecutor(max_workers=3) as pool:
        for square in pool.map(fetch, range(5)):
            results.put(square)
    results.put(None)
    results.join()
    assert done.wait(timeout=5)
    heartbeat.cancel()
    consumer.join()
    print("sum of squares:", sum(total))
    assert sum(total) == 30


if __name__ == "__main__":
    main()
