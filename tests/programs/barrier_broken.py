"""A barrier that breaks in both ways, by abort and by timeout, and is used again after a reset."""

import threading


def main():
    ends = []
    lock = threading.Lock()
    barrier = threading.Barrier(3)

    def arrive(timeout=None):
        try:
            barrier.wait(timeout)
            end = "through"
        except threading.BrokenBarrierError:
            end = "broken"
        with lock:
            ends.append(end)

    def round_of(*targets):
        threads = [threading.Thread(target=target) for target in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = ends[:]
        ends.clear()
        return seen

    # Two of three arrive, the third pulls the brake, before or after them.
    assert round_of(arrive, arrive, barrier.abort) == ["broken"] * 2
    assert barrier.broken
    barrier.reset()
    assert not barrier.broken

    # The third never comes: the first timeout breaks it for both.
    assert round_of(arrive, lambda: arrive(0.02)) == ["broken"] * 2
    barrier.reset()

    assert round_of(arrive, arrive, arrive) == ["through"] * 3
    return barrier.parties
