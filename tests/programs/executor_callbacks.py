"""Futures that are chained by callbacks: each stage submits the next, a latch opens when all are through."""

from concurrent.futures import Future, ThreadPoolExecutor
import threading


def then(pool, future, function):
    """A future for `function` of what `future` comes to."""
    chained = Future()

    def submit(done):
        if done.cancelled():
            chained.cancel()
        elif done.exception() is not None:
            chained.set_exception(done.exception())
        else:
            pool.submit(finish, done.result())

    def finish(value):
        try:
            chained.set_result(function(value))
        except Exception as error:
            chained.set_exception(error)

    future.add_done_callback(submit)
    return chained


def main():
    left, lock, all_done = 3, threading.Lock(), threading.Event()
    seen = []

    def count_down(future):
        nonlocal left
        with lock:
            left -= 1
            seen.append(type(future.exception()).__name__)
            if not left:
                all_done.set()

    with ThreadPoolExecutor(2) as pool:
        ends = []
        for text in ("12", "0", "twelve"):
            number = then(pool, pool.submit(str.strip, f" {text} "), int)
            ends.append(then(pool, number, lambda value: 144 // value))
            ends[-1].add_done_callback(count_down)
        assert all_done.wait(timeout=60)
        # Added to a future that is done, a callback is called at once, by whoever adds it.
        caller = []
        ends[0].add_done_callback(lambda _: caller.append(threading.current_thread() is threading.main_thread()))
        assert caller == [True]
    assert ends[0].result() == 12
    assert isinstance(ends[1].exception(), ZeroDivisionError) and isinstance(ends[2].exception(), ValueError)
    return sorted(seen)
