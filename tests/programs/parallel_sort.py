"""Quicksort that hands one half to a thread while threads are to be had, and does it itself when not."""

import threading


def main():
    spare = threading.BoundedSemaphore(2)
    handed_over = []

    def sort(items):
        if len(items) < 2:
            return items
        pivot, rest = items[0], items[1:]
        low, high = [x for x in rest if x < pivot], [x for x in rest if x >= pivot]
        if spare.acquire(blocking=False):
            result = []
            handed_over.append(len(low))

            def work():
                try:
                    result.extend(sort(low))
                finally:
                    spare.release()

            helper = threading.Thread(target=work)
            helper.start()
            upper = sort(high)
            helper.join()
            return [*result, pivot, *upper]
        return [*sort(low), pivot, *sort(high)]

    items = [5, 3, 8, 1, 9, 2, 7]
    assert sort(items) == sorted(items)
    assert spare.acquire(blocking=False) and spare.acquire(blocking=False)
    assert not spare.acquire(blocking=False)
    return len(handed_over)
