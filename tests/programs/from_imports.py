"""Names bound by `from … import`, some under another name, some as default arguments' values at call time."""

from queue import Queue as Box
from threading import Condition, Event, Lock, RLock, Semaphore, Thread, Timer, current_thread, get_ident
from time import monotonic, sleep
from time import time as now


class Stopwatch:
    def __init__(self):
        self.lock, self.outer = Lock(), RLock()
        self.laps = []

    def lap(self):
        with self.outer, self.lock:
            self.laps.append(monotonic())


def main():
    watch, box, done, ready = Stopwatch(), Box(), Event(), Condition(Lock())
    turn = Semaphore(1)
    idents = {}

    def run(pause):
        with turn:
            idents[current_thread().name] = get_ident()
        watch.lap()
        sleep(pause)
        watch.lap()
        box.put(pause)
        with ready:
            ready.notify_all()

    began = now()
    alarm = Timer(0.01, done.set)
    runners = [Thread(target=run, args=(pause,), name=f"runner-{pause}") for pause in (0.02, 0.01)]
    for thread in (alarm, *runners):
        thread.start()
    with ready:
        assert ready.wait_for(lambda: box.qsize() == 2, timeout=60)
    for thread in (alarm, *runners):
        thread.join()
    assert done.is_set()
    assert now() >= began and len(watch.laps) == 4
    assert watch.laps == sorted(watch.laps)
    assert len(set(idents.values())) == 2 and get_ident() not in idents.values()
    return sorted([box.get(), box.get()])
