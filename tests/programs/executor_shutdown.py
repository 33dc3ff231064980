"""The ways to shut an executor down: waiting, not waiting, cancelling what is queued, refusing what comes later."""

from concurrent.futures import CancelledError, ThreadPoolExecutor
import threading


def cancelling():
    started, gate = threading.Event(), threading.Event()

    def first():
        started.set()
        gate.wait()
        return "done"

    pool = ThreadPoolExecutor(max_workers=1)
    running = pool.submit(first)
    queued = [pool.submit(str, number) for number in range(3)]
    started.wait()
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    assert running.result() == "done"
    ends = []
    for future in queued:
        try:
            ends.append(future.result())
        except CancelledError:
            ends.append("cancelled")
    pool.shutdown(wait=True)
    return ends


def not_waiting():
    pool = ThreadPoolExecutor(max_workers=2)
    futures = [pool.submit(lambda number=number: number + 1) for number in range(4)]
    pool.shutdown(wait=False)
    try:
        pool.submit(print)
        refused = False
    except RuntimeError:
        refused = True
    return refused, [future.result() for future in futures]


def abandoned():
    # Neither shut down nor joined: the end of the program is what ends its workers.
    pool = ThreadPoolExecutor(max_workers=2)
    return pool.submit(sum, (1, 2, 3)).result()


def main():
    assert cancelling() == ["cancelled"] * 3
    assert not_waiting() == (True, [1, 2, 3, 4])
    assert abandoned() == 6
    return "shut"
