"""The code under test: plain threads, nothing of detsched in it."""

import threading


def in_threads(*bodies):
    """Run each body in a thread of its own, to the end."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Till:
    """Money, read and written in two steps: a race."""

    def __init__(self):
        self.lock = threading.Lock()
        self.money = 0

    def read(self):
        with self.lock:
            return self.money

    def write(self, money):
        with self.lock:
            self.money = money

    def sell(self):
        self.write(self.read() + 10)


class SafeTill(Till):
    """The same, in one step."""

    def sell(self):
        with self.lock:
            self.money += 10


def embrace():
    """Two locks, taken in two orders: a deadlock, at times."""
    left, right = threading.Lock(), threading.Lock()

    def take(first, second):
        with first, second:
            pass

    in_threads(lambda: take(left, right), lambda: take(right, left))
