"""The textbook's bounded buffer: two conditions over one lock, several producers and consumers."""

import threading


class Buffer:
    def __init__(self, size):
        lock = threading.Lock()
        self.not_full, self.not_empty = threading.Condition(lock), threading.Condition(lock)
        self.size, self.items, self.peak = size, [], 0

    def put(self, item):
        with self.not_full:
            while len(self.items) >= self.size:
                self.not_full.wait()
            self.items.append(item)
            self.peak = max(self.peak, len(self.items))
            self.not_empty.notify()

    def get(self):
        with self.not_empty:
            while not self.items:
                self.not_empty.wait()
            item = self.items.pop(0)
            self.not_full.notify()
            return item


def main():
    buffer = Buffer(2)
    got = []

    def produce(start):
        for item in range(start, start + 3):
            buffer.put(item)

    def consume():
        for _ in range(3):
            got.append(buffer.get())

    threads = [threading.Thread(target=produce, args=(start,)) for start in (0, 10)]
    threads += [threading.Thread(target=consume) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [0, 1, 2, 10, 11, 12] and not buffer.items and 1 <= buffer.peak <= 2
    return got
