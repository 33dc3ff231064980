"""A pool made at import, as many services have one: never shut down, used by everybody, wrapped by a decorator."""

from concurrent.futures import ThreadPoolExecutor
import functools
import threading

_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="background")
_STATS_LOCK = threading.Lock()
_stats = {"calls": 0}


def background(function):
    @functools.wraps(function)
    def submit(*args, **kwargs):
        return _POOL.submit(function, *args, **kwargs)

    return submit


@background
def resize(width, height, *, factor):
    with _STATS_LOCK:
        _stats["calls"] += 1
    return width * factor, height * factor


def main():
    _stats["calls"] = 0
    sizes = []

    def client(width):
        sizes.append(resize(width, 2, factor=10).result(timeout=60))

    clients = [threading.Thread(target=client, args=(width,)) for width in (1, 2, 3)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert sorted(sizes) == [(10, 20), (20, 20), (30, 20)]
    assert _stats["calls"] == 3
    return sizes
