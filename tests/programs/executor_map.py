"""Executor.map: results in the order of the inputs, an initializer, nested submission, a mapping cut short by an error."""

from concurrent.futures import ThreadPoolExecutor
import threading


def main():
    ready = []
    lock = threading.Lock()

    def greet(word):
        with lock:
            ready.append(word)

    def reciprocal(number):
        with lock:
            pass
        return 60 // number

    with ThreadPoolExecutor(max_workers=3, initializer=greet, initargs=("hello",)) as pool:
        shares = list(pool.map(reciprocal, range(1, 6)))
        powers = list(pool.map(pow, [2, 3, 4], [3, 2, 1]))
        got = []
        try:
            for share in pool.map(reciprocal, [1, 2, 0, 3], timeout=60):
                got.append(share)
        except ZeroDivisionError:
            got.append("cut")
        depth = pool.submit(lambda: pool.submit(reciprocal, 6)).result().result()

    assert shares == [60, 30, 20, 15, 12]
    assert powers == [8, 9, 4]
    assert got == [60, 30, "cut"]
    assert depth == 10
    assert 1 <= len(ready) <= 3 and set(ready) == {"hello"}
    return len(ready)
