"""Finalizers that take locks: __del__, weakref.finalize and weakref callbacks, some by reference count, some by a collection."""

import gc
import threading
import weakref


class Registry:
    def __init__(self):
        self.lock = threading.RLock()  # a finalizer may run while this thread holds it
        self.closed = []

    def note(self, name):
        with self.lock:
            self.closed.append(name)


class Connection:
    def __init__(self, name, registry):
        self.name, self.registry = name, registry

    def __del__(self):
        self.registry.note(f"del {self.name}")


class Page:
    def __init__(self):
        self.parent = self  # a cycle: only a collection finds it


def main():
    registry = Registry()
    dropped = threading.Event()

    def by_count(name):
        connection = Connection(name, registry)
        with registry.lock:
            registry.closed.append(f"use {name}")
            del connection  # runs __del__ with the lock in hand

    def by_collection():
        page = Page()
        weakref.finalize(page, registry.note, "finalize page")
        del page
        gc.collect(0)
        dropped.set()

    def by_callback():
        connection = Connection("weak", registry)
        reference = weakref.ref(connection, lambda _: registry.note("callback weak"))
        del connection
        assert reference() is None

    threads = [threading.Thread(target=by_count, args=(name,)) for name in ("x", "y")]
    threads += [threading.Thread(target=by_collection), threading.Thread(target=by_callback)]
    for thread in threads:
        thread.start()
    assert dropped.wait(timeout=60)
    for thread in threads:
        thread.join()
    closed = registry.closed
    assert sorted(closed) == ["callback weak", "del weak", "del x", "del y", "finalize page", "use x", "use y"]
    for name in ("x", "y"):
        assert closed.index(f"del {name}") == closed.index(f"use {name}") + 1
    return closed
