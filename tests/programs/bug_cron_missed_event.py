"""A scheduler thread that asks how long to sleep before it takes the lock: an event entered in between wakes nobody."""

import sched
import threading
import time

FAILURE = "deadlock"


class Cron(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self._scheduler = sched.scheduler(time.monotonic, time.sleep)
        self._changed = threading.Condition()
        self._closed = False

    def after(self, delay, function, *args):
        with self._changed:
            self._scheduler.enter(delay, 1, function, args)
            self._changed.notify()

    def run(self):
        while True:
            pause = self._scheduler.run(blocking=False)  # None where there is nothing to do
            with self._changed:
                if self._closed and self._scheduler.empty():
                    return
                self._changed.wait(pause)

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.join()


def main():
    ticks = []
    cron = Cron()
    cron.start()
    cron.after(3.0, ticks.append, "tick")
    cron.close()
    assert ticks == ["tick"]
    return ticks
