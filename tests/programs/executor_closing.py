"""More ways in which pools end: twice, from two threads at once, by a task of their own, with a task that fails on the way."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
import threading


def by_two_threads():
    pool = ThreadPoolExecutor(2)
    futures = [pool.submit(abs, -number) for number in range(3)]
    closers = [threading.Thread(target=pool.shutdown, kwargs={"wait": True}) for _ in range(2)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join()
    pool.shutdown()
    return [future.result(timeout=0) for future in futures]


def by_a_task():
    pool = ThreadPoolExecutor(1)
    last = pool.submit(pool.shutdown, wait=False)
    last.result()
    try:
        pool.submit(abs, 1)
        return "open"
    except RuntimeError:
        return "closed"


def in_a_stack(log):
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(1))
        stack.callback(log.append, "stack closed")
        future = pool.submit(int, "seven")
        stack.callback(lambda: log.append(type(future.exception()).__name__))
    return future.done()


def with_an_error_inside():
    try:
        with ThreadPoolExecutor(2) as pool:
            future = pool.submit(sum, (1, 2))
            raise LookupError
    except LookupError:
        return future.result(timeout=0)  # __exit__ waited for it


def main():
    log = []
    assert by_two_threads() == [0, 1, 2]
    assert by_a_task() == "closed"
    assert in_a_stack(log) and log == ["ValueError", "stack closed"]
    assert with_an_error_inside() == 3
    return log
