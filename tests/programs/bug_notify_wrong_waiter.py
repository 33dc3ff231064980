"""One condition for two kinds of waiters, and notify for one of them: a producer wakes a producer, and the consumer sleeps on."""

import threading

FAILURE = "deadlock"


class Buffer:
    def __init__(self, size):
        self._changed = threading.Condition()
        self._items, self._size = [], size

    def put(self, item):
        with self._changed:
            while len(self._items) == self._size:
                self._changed.wait()
            self._items.append(item)
            self._changed.notify()

    def get(self):
        with self._changed:
            while not self._items:
                self._changed.wait()
            item = self._items.pop(0)
            self._changed.notify()
            return item


def main():
    buffer = Buffer(size=1)
    got = []

    def produce(name):
        for number in range(2):
            buffer.put(f"{name}{number}")

    def consume():
        got.extend(buffer.get() for _ in range(2))

    threads = [threading.Thread(target=consume) for _ in range(2)]
    threads += [threading.Thread(target=produce, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["a0", "a1", "b0", "b1"]
    return sorted(got)
