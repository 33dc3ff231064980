"""A worker that fails before the barrier: the others wait for it for ever."""

import queue
import threading

FAILURE = "deadlock"


def main():
    barrier = threading.Barrier(3)
    chunks = queue.Queue()
    for chunk in ([1, 2], [3, 4], [5, 6]):
        chunks.put(chunk)
    cancel = threading.Event()
    sums = []

    def work():
        chunk = chunks.get()
        if cancel.is_set():
            return  # neither waits at the barrier nor aborts it
        sums.append(sum(chunk))
        barrier.wait()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    cancel.set()
    for thread in threads:
        thread.join()
    return len(sums)
