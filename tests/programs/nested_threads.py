"""A tree of threads: each splits its range and starts two more, down to leaves that add up."""

import threading


def main():
    totals = []
    lock = threading.Lock()

    def add(low, high):
        if high - low <= 2:
            with lock:
                totals.append(sum(range(low, high)))
            return
        middle = (low + high) // 2
        halves = [threading.Thread(target=add, args=bounds) for bounds in ((low, middle), (middle, high))]
        for half in halves:
            half.start()
        for half in halves:
            half.join()

    root = threading.Thread(target=add, args=(0, 8), name="root")
    root.start()
    root.join()
    assert sorted(totals) == [1, 5, 9, 13]
    return sum(totals)
