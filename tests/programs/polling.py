"""Polling with sleep, in the forms that services have: for a result, for a state with growing pauses, for threads to end."""

import threading
import time


class Job:
    def __init__(self, duration):
        self._lock = threading.Lock()
        self._state = "queued"
        self.duration = duration

    def run(self):
        for state in ("running", "done"):
            time.sleep(self.duration / 2)
            with self._lock:
                self._state = state

    def status(self):
        with self._lock:
            return self._state


def wait_until(predicate, pauses):
    for attempt, pause in enumerate(pauses, 1):
        if predicate():
            return attempt
        time.sleep(pause)
    raise TimeoutError(f"not within {sum(pauses)} s")


def main():
    jobs = [Job(duration) for duration in (0.5, 2.0, 2.0)]
    threads = [threading.Thread(target=job.run) for job in jobs]
    began = time.time()
    for thread in threads:
        thread.start()
    attempts = wait_until(lambda: all(job.status() == "done" for job in jobs), pauses=[0.1 * 2**n for n in range(8)])
    assert attempts == 6  # 0, 0.1, 0.3, 0.7, 1.5, 3.1 seconds
    assert 3.0 < time.time() - began < 3.2
    try:
        wait_until(lambda: jobs[0].status() == "failed", pauses=[3600] * 10)
        raise AssertionError("it never fails")
    except TimeoutError as error:
        said = str(error)
    assert time.time() - began > 36000, "ten hours went by"
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
    return said
