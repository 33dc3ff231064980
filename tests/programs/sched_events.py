"""The sched module: priorities at the same time, cancelled events, events entered by events, a scheduler in a thread of its own."""

import sched
import threading
import time


class Cron(threading.Thread):
    """Runs what is due; takes new events from any thread meanwhile."""

    def __init__(self):
        super().__init__(daemon=True)
        self._scheduler = sched.scheduler(time.monotonic, time.sleep)
        self._changed = threading.Condition()
        self._closed = False

    def every(self, interval, function, times):
        if times:
            with self._changed:
                self._scheduler.enter(interval, 1, self._again, (interval, function, times))
                self._changed.notify()

    def _again(self, interval, function, times):
        function()
        self.every(interval, function, times - 1)

    def run(self):
        with self._changed:
            while True:
                pause = self._scheduler.run(blocking=False)
                if self._closed and self._scheduler.empty():
                    return
                self._changed.wait(pause)

    def close(self):
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.join()


def main():
    order = []
    planner = sched.scheduler()  # time.monotonic and time.sleep by default
    planner.enter(0.02, 2, order.append, ("late, less urgent",))
    planner.enter(0.02, 1, order.append, ("late, urgent",))
    gone = planner.enter(0.015, 1, order.append, ("cancelled",))
    planner.enter(0.01, 1, lambda: planner.cancel(gone))
    planner.enterabs(time.monotonic() + 0.03, 1, order.append, ("last",))
    runner = threading.Thread(target=planner.run)
    runner.start()
    runner.join()
    assert order[-1] == "last" and set(order) == {"late, urgent", "late, less urgent", "last"}
    assert planner.empty()

    ticks, lock = [], threading.Lock()

    def tick(name):
        with lock:
            ticks.append(name)

    cron = Cron()
    cron.start()
    clients = [
        threading.Thread(target=cron.every, args=(10.0, lambda: tick("slow"), 2)),
        threading.Thread(target=cron.every, args=(3.0, lambda: tick("quick"), 4)),
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    cron.close()
    assert sorted(ticks) == ["quick"] * 4 + ["slow"] * 2
    assert ticks[:3] == ["quick"] * 3
    return ticks
