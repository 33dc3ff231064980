"""multiprocessing.pool.ThreadPool: map, starmap, imap in both orders, apply_async with callbacks, errors, close and join."""

from multiprocessing.pool import ThreadPool
import threading


def main():
    lock = threading.Lock()
    calls, called_back, failed = [], [], []

    def square(number):
        with lock:
            calls.append(number)
        return number * number

    def greet():
        with lock:
            calls.append("hello")

    with ThreadPool(processes=2, initializer=greet) as pool:
        assert pool.map(square, range(4)) == [0, 1, 4, 9]
        assert pool.starmap(pow, [(2, 3), (3, 2)]) == [8, 9]
        assert list(pool.imap(square, (5, 6))) == [25, 36]
        assert sorted(pool.imap_unordered(square, (7, 8), chunksize=1)) == [49, 64]
        answer = pool.apply_async(square, (9,), callback=called_back.append)
        error = pool.apply_async(lambda: 1 // 0, error_callback=failed.append)
        assert answer.get(timeout=60) == 81
        try:
            error.get(timeout=60)
            raise AssertionError("an error was due")
        except ZeroDivisionError:
            pass
        pool.close()
        pool.join()
    assert called_back == [81] and len(failed) == 1
    assert calls.count("hello") == 2
    return sorted(call for call in calls if call != "hello")
