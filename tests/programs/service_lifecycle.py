"""A service of several threads, started and stopped in order by an ExitStack; one part fails to start and the rest is undone."""

from contextlib import ExitStack, contextmanager
import queue
import threading


class Part:
    def __init__(self, name, log, fails=False):
        self.name, self.log, self.fails = name, log, fails
        self.inbox = queue.Queue()
        self.ready = threading.Event()
        self.error = None
        self.thread = threading.Thread(target=self._run, name=name)

    def _run(self):
        if self.fails:
            self.error = OSError(f"{self.name}: port taken")
            self.ready.set()
            return
        self.log("up", self.name)
        self.ready.set()
        while self.inbox.get() != "stop":
            pass
        self.log("down", self.name)

    def start(self):
        self.thread.start()
        assert self.ready.wait(timeout=60)
        if self.error is not None:
            self.thread.join()
            raise self.error

    def stop(self):
        self.inbox.put("stop")
        self.thread.join()


@contextmanager
def service(*parts):
    with ExitStack() as stack:
        for part in parts:
            part.start()
            stack.callback(part.stop)
        yield parts


def main():
    events, lock = [], threading.Lock()

    def log(*event):
        with lock:
            events.append(" ".join(event))

    with service(Part("store", log), Part("api", log), Part("ui", log)) as parts:
        poster = threading.Thread(target=lambda: [part.inbox.put("ping") for part in parts])
        poster.start()
        poster.join()
    assert events == ["up store", "up api", "up ui", "down ui", "down api", "down store"]

    events.clear()
    try:
        with service(Part("store", log), Part("api", log, fails=True), Part("ui", log)):
            raise AssertionError("the api cannot start")
    except OSError as error:
        events.append(str(error))
    assert events == ["up store", "down store", "api: port taken"]
    return events
