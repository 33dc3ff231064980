"""wait_for: a countdown latch on a Condition over a plain Lock, and a predicate that never comes true in time."""

import threading


class Latch:
    def __init__(self, count):
        self.changed = threading.Condition(threading.Lock())
        self.count = count

    def count_down(self):
        with self.changed:
            self.count -= 1
            if self.count == 0:
                self.changed.notify_all()

    def wait(self, timeout=None):
        with self.changed:
            return self.changed.wait_for(lambda: self.count <= 0, timeout)


def main():
    latch, stuck = Latch(3), Latch(1)
    opened = []

    def waiter(timeout):
        opened.append(latch.wait(timeout))

    threads = [threading.Thread(target=waiter, args=(timeout,)) for timeout in (None, 60.0)]
    threads += [threading.Thread(target=latch.count_down) for _ in range(3)]
    for thread in threads:
        thread.start()
    timed_out = stuck.wait(0.02)
    for thread in threads:
        thread.join()
    assert opened == [True, True]
    assert timed_out is False
    with stuck.changed:
        assert stuck.changed.wait_for(lambda: "already", timeout=0) == "already"
    return [opened, timed_out]
