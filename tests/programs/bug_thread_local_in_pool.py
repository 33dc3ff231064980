"""State in a thread-local that outlives its task: the next task on the same worker sees somebody else's user."""

from concurrent.futures import ThreadPoolExecutor
import threading

FAILURE = "exception"

_local = threading.local()


def login(user):
    _local.user = user
    return f"hello {user}"


def whoami():
    return getattr(_local, "user", "nobody")


def main():
    gate = threading.Barrier(2)
    with ThreadPoolExecutor(max_workers=2) as pool:
        meeting = [pool.submit(gate.wait) for _ in range(2)]  # both workers are there
        for future in meeting:
            future.result()
        greeting = pool.submit(login, "ann")
        other = pool.submit(whoami)
        assert greeting.result() == "hello ann"
        assert other.result() == "nobody", "the state of another request"
    return other.result()
