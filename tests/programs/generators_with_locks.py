"""Generators that hold a lock while they are suspended: run to the end, closed half-way, and dropped."""

import contextlib
import threading


def main():
    lock = threading.Lock()
    rows = list(range(4))
    got = []

    def scan():
        with lock:
            yield from rows

    @contextlib.contextmanager
    def transaction(name):
        lock.acquire()
        try:
            yield name
            got.append(f"{name} committed")
        finally:
            lock.release()

    def whole():
        got.append(sum(scan()))

    def half():
        rows_of = scan()
        first = next(rows_of), next(rows_of)
        assert lock.locked()
        rows_of.close()
        got.append(first)

    def dropped():
        iterator = scan()
        next(iterator)
        del iterator  # the last reference: its `with` ends here
        got.append("dropped")

    def commits():
        with transaction("t1"):
            pass
        try:
            with transaction("t2"):
                raise KeyError("rolled back")
        except KeyError:
            got.append("t2 rolled back")

    threads = [threading.Thread(target=target) for target in (whole, half, dropped, commits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not lock.locked()
    assert sorted(map(str, got)) == ["(0, 1)", "6", "dropped", "t1 committed", "t2 rolled back"]
    return [str(item) for item in got]
