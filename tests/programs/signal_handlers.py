"""Signals: a handler that asks threads to stop, one that raises out of a wait in the main thread, the old ones put back."""

import os
import signal
import threading


class Reload(Exception):
    pass


def main():
    stopping, ready = threading.Event(), threading.Event()
    counts, lock = [], threading.Lock()

    def on_term(number, frame):
        stopping.set()

    def on_usr1(number, frame):
        raise Reload(number)

    def work():
        ready.set()
        while not stopping.wait(timeout=0.1):
            with lock:
                counts.append(1)

    before = signal.signal(signal.SIGTERM, on_term), signal.signal(signal.SIGUSR1, on_usr1)
    try:
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        ready.wait()
        try:
            signal.raise_signal(signal.SIGUSR1)
            raise AssertionError("the handler raises")
        except Reload as reload:
            assert reload.args == (signal.SIGUSR1,)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopping.wait(timeout=60)
        for worker in workers:
            worker.join()
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGUSR1, before[1])
    return stopping.is_set()
