"""Timers: some fire, some are cancelled in time, one is cancelled by another, one re-arms itself."""

import threading


def main():
    lock = threading.Lock()
    fired = []
    finished = threading.Event()

    def note(name, times=1):
        with lock:
            fired.extend([name] * times)

    def tick(left):
        note("tick")
        if left:
            threading.Timer(0.01, tick, args=(left - 1,)).start()
        else:
            finished.set()

    cancelled = threading.Timer(60.0, note, args=("never",))
    cancelled.start()
    also_cancelled = threading.Timer(30.0, note, args=("neither",))
    also_cancelled.start()
    early = threading.Timer(0.005, note, args=("early",), kwargs={"times": 2})
    early.start()
    killer = threading.Timer(0.02, also_cancelled.cancel)
    killer.start()
    unborn = threading.Timer(0.001, note, args=("unborn",))
    unborn.cancel()
    unborn.start()
    tick(2)

    assert finished.wait(timeout=30)
    cancelled.cancel()
    for timer in (cancelled, also_cancelled, early, killer, unborn):
        timer.join()
    early.cancel()  # after the fact: no effect, no error
    assert sorted(fired) == ["early", "early", "tick", "tick", "tick"]
    return fired
