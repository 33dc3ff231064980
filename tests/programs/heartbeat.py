"""A heartbeat that is started and stopped with its service: a daemon thread with an end, on Event.wait(interval)."""

import threading
import time


class Heartbeat:
    def __init__(self, interval, beat):
        self._interval = interval
        self._beat = beat
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._stopping.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def _run(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            self._beat()
            due += self._interval
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return


def main():
    beats, lock = [], threading.Lock()

    def beat():
        with lock:
            beats.append(time.monotonic())

    with Heartbeat(1.0, beat):
        time.sleep(3.5)  # the service does its work
    assert len(beats) == 4
    gaps = [round(later - earlier, 1) for earlier, later in zip(beats, beats[1:])]
    assert gaps == [1.0, 1.0, 1.0]

    try:
        with Heartbeat(10.0, beat):
            raise OSError("the service fails")
    except OSError:
        pass
    assert 4 <= len(beats) <= 5
    return gaps
