"""Alarms: a deadline by SIGALRM around a wait, an interval timer that ticks, and both taken back."""

from contextlib import contextmanager
import signal
import threading
import time


class TooLong(Exception):
    pass


@contextmanager
def at_most(seconds):
    def on_alarm(number, frame):
        raise TooLong

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main():
    answers, lock = [], threading.Lock()

    def work(seconds):
        time.sleep(seconds)
        with lock:
            answers.append(seconds)

    threads = [threading.Thread(target=work, args=(seconds,)) for seconds in (0.5, 0.5, 1800)]
    for thread in threads:
        thread.start()
    ends = []
    for thread in threads:
        try:
            with at_most(60):
                thread.join()
            ends.append("in time")
        except TooLong:
            ends.append("too long")
    for thread in threads:
        thread.join()
    assert ends == ["in time", "in time", "too long"] and answers == [0.5, 0.5, 1800]
    return ends
