"""Polling until a deadline, as test helpers do: once it comes true, once it does not."""

import threading
import time


def eventually(condition, timeout, interval=0.005):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(interval)
    return False


def main():
    state = {"ready": False}
    lock = threading.Lock()

    def boot():
        time.sleep(0.02)
        with lock:
            state["ready"] = True

    def ready():
        with lock:
            return state["ready"]

    began = time.perf_counter()
    booting = threading.Thread(target=boot)
    booting.start()
    came = eventually(ready, timeout=60.0)
    never = eventually(lambda: False, timeout=0.03)
    took = time.perf_counter() - began
    booting.join()
    assert came is True and never is False
    assert took >= 0.05, "both sleeps lie between the two readings"
    return [came, never]
