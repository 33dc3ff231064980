"""Thread-locals: plain, subclassed with an initial value, and context variables beside them."""

import contextvars
import threading

request = contextvars.ContextVar("request", default="none")


class Session(threading.local):
    def __init__(self, limit):
        self.limit = limit
        self.queries = []


def main():
    session, plain = Session(3), threading.local()
    plain.owner = "main"
    barrier = threading.Barrier(2)
    seen = {}

    def handle(name):
        assert not hasattr(plain, "owner"), "main's value is main's alone"
        plain.owner = name
        request.set(name)
        for number in range(session.limit):
            session.queries.append(f"{name}{number}")
            barrier.wait()
        seen[name] = (plain.owner, request.get(), session.queries)

    threads = [threading.Thread(target=handle, args=(name,)) for name in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: (name, name, [f"{name}0", f"{name}1", f"{name}2"]) for name in "xy"}
    assert plain.owner == "main" and session.queries == [] and request.get() == "none"
    return sorted(seen)
