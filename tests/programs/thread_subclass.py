"""Thread subclasses, as production code writes them: results in attributes, short attribute names, a stop flag."""

import threading


class Counter(threading.Thread):
    """Counts words; its attributes use short names on purpose, for a scheduler must not need any of them."""

    def __init__(self, text, log):
        super().__init__(name=f"counter-{text.split()[0]}")
        self.text, self.log = text, log
        self.state = "new"
        self.path = self.label = self.pending = None
        self.result = {}

    def run(self):
        self.state = "running"
        for word in self.text.split():
            self.result[word] = self.result.get(word, 0) + 1
            with self.log.lock:
                self.log.lines.append((self.name, word))
        self.state = "done"


class Stoppable(threading.Thread):
    """Works until told to stop; `stop` waits for the end."""

    def __init__(self):
        super().__init__(daemon=True)
        self._stop_requested = threading.Event()
        self.rounds = 0

    def run(self):
        while not self._stop_requested.wait(timeout=0.01):
            self.rounds += 1

    def stop(self):
        self._stop_requested.set()
        self.join()
        return self.rounds


class Log:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []


def main():
    log = Log()
    idle = Stoppable()
    idle.start()
    counters = [Counter("to be or not to be", log), Counter("that is the question", log)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    rounds = idle.stop()

    assert [counter.state for counter in counters] == ["done", "done"]
    assert counters[0].result == {"to": 2, "be": 2, "or": 1, "not": 1}
    assert len(log.lines) == 10 and not idle.is_alive() and rounds >= 0
    assert [word for name, word in log.lines if name == "counter-that"] == ["that", "is", "the", "question"]
    return [name for name, _ in log.lines]
