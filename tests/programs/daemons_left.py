"""Daemon threads that nobody ends: a heartbeat, one that waits for ever, one that holds a lock in its sleep."""

import threading
import time


def main():
    beats = []
    lock = threading.Lock()
    enough = threading.Event()

    def heartbeat():
        while True:
            with lock:
                beats.append(len(beats))
                if len(beats) >= 3:
                    enough.set()
            time.sleep(0.01)

    def forgotten():
        threading.Event().wait()

    def sleeper(own):
        with own:
            time.sleep(3600)

    own = threading.Lock()
    for target, args in ((heartbeat, ()), (forgotten, ()), (sleeper, (own,))):
        threading.Thread(target=target, args=args, daemon=True).start()
    assert enough.wait(timeout=60)
    with lock:
        assert beats[:3] == [0, 1, 2] and beats == list(range(len(beats)))
    return "left behind"
