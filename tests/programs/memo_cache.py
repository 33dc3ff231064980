"""A cache with one computation per key: the first asker computes, later ones wait for its future."""

from concurrent.futures import Future
import functools
import threading


class Memo:
    def __init__(self, function):
        self._function = function
        self._lock = threading.Lock()
        self._futures = {}
        self.computed = []

    def __call__(self, key):
        with self._lock:
            future = self._futures.get(key)
            mine = future is None
            if mine:
                future = self._futures[key] = Future()
        if mine:
            try:
                self.computed.append(key)
                future.set_result(self._function(key))
            except Exception as error:
                future.set_exception(error)
        return future.result()


def main():
    @functools.lru_cache(maxsize=None)
    def fib(number):
        return number if number < 2 else fib(number - 1) + fib(number - 2)

    memo = Memo(fib)
    failing = Memo(lambda key: 1 // key)
    values = []
    errors = []

    def ask(key):
        values.append(memo(key))
        try:
            failing(0)
        except ZeroDivisionError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(key,)) for key in (10, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(values) == [55, 55, 6765]
    assert sorted(memo.computed) == [10, 20] and failing.computed == [0]
    assert len(errors) == 3 and all(error is errors[0] for error in errors)
    return values
