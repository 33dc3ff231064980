"""A debouncer: each call cancels the timer of the one before, so that only the last of a burst goes through."""

import threading
import time


class Debounced:
    def __init__(self, wait, function):
        self._wait = wait
        self._function = function
        self._lock = threading.Lock()
        self._timer = None
        self._generation = 0

    def __call__(self, *args):
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._generation += 1
            self._timer = threading.Timer(self._wait, self._fire, args=(self._generation, *args))
            self._timer.daemon = True
            self._timer.start()

    def _fire(self, generation, *args):
        # Cancelling a timer that has begun does nothing: the generation decides.
        with self._lock:
            if generation != self._generation:
                return
            self._timer = None
        self._function(*args)

    def flush(self):
        with self._lock:
            timer = self._timer
        if timer is not None:
            timer.join()


def main():
    saved = []
    save = Debounced(0.05, saved.append)
    for text in ("h", "he", "hell"):
        save(text)
        time.sleep(0.01)
    typists = [threading.Thread(target=save, args=(text,)) for text in ("hello", "hello!")]
    for typist in typists:
        typist.start()
    for typist in typists:
        typist.join()
    save.flush()
    assert len(saved) == 1 and saved[0] in ("hello", "hello!"), saved
    save("bye")
    save.flush()
    assert saved[1:] == ["bye"]
    return saved
