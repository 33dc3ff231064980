"""Iterators that several threads share: a locked one over a generator, itertools.count for numbers, tee'd readers, chunks."""

import itertools
import threading


class Locked:
    """Next from any thread: a generator that two threads enter at once raises ValueError."""

    def __init__(self, iterable):
        self._iterator = iter(iterable)
        self._lock = threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self._lock:
            return next(self._iterator)


def lines(lock):
    for number in range(6):
        with lock:  # a yield point inside the generator
            text = f"line {number}"
        yield text


def main():
    source = Locked(lines(threading.Lock()))
    tickets = itertools.count(1)
    taken, lock = [], threading.Lock()

    def read():
        for line in source:
            with lock:
                taken.append((next(tickets), line))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(line for _, line in taken) == [f"line {number}" for number in range(6)]
    assert [ticket for ticket, _ in taken] == [1, 2, 3, 4, 5, 6]

    entered = []

    def enter_twice(generator):
        try:
            entered.append(next(generator))
        except (ValueError, StopIteration) as error:
            entered.append(type(error).__name__)

    shared = lines(threading.Lock())
    threads = [threading.Thread(target=enter_twice, args=(shared,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entered) in (["ValueError", "line 0"], ["line 0", "line 1"])
    shared.close()
    return [line for _, line in taken]
