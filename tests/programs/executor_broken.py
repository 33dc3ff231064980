"""A pool whose initializer fails: it is broken, and everything that was or is submitted says so; then one made anew that works."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.thread import BrokenThreadPool
import logging
import threading


class Tokens:
    """Gives out one token for each worker, as long as there are any."""

    def __init__(self, count):
        self._lock = threading.Lock()
        self._left = count

    def take(self):
        with self._lock:
            if not self._left:
                raise PermissionError("no token left")
            self._left -= 1


def submit_all(pool, calls):
    ends = []
    for call in calls:
        try:
            ends.append(pool.submit(*call))
        except BrokenThreadPool:
            ends.append(None)
    return ends


def outcome(future):
    if future is None:
        return "refused"
    try:
        return future.result(timeout=60)
    except BrokenThreadPool:
        return "broken"


def main():
    logger = logging.getLogger("concurrent.futures")
    silent = logging.NullHandler()
    logger.addHandler(silent)
    before, logger.propagate = logger.propagate, False
    try:
        with ThreadPoolExecutor(2, initializer=Tokens(0).take) as pool:
            ends = [outcome(future) for future in submit_all(pool, [(abs, -1), (abs, -2), (abs, -3)])]
            assert set(ends) <= {"broken", "refused"} and ends[0] == "broken"
            assert outcome(submit_all(pool, [(abs, -4)])[0]) == "refused"
        with ThreadPoolExecutor(2, initializer=Tokens(2).take) as pool:
            assert [outcome(future) for future in submit_all(pool, [(abs, -1), (abs, -2)])] == [1, 2]
    finally:
        logger.propagate = before
        logger.removeHandler(silent)
    return ends
