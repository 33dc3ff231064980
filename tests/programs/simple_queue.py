"""SimpleQueue, imported by name: the C type, which a scheduler cannot see into."""

from queue import Empty, SimpleQueue
from threading import Thread

REQUESTS = 3


def main():
    requests, replies = SimpleQueue(), SimpleQueue()

    def serve():
        while (number := requests.get()) is not None:
            replies.put((number, number**2))

    servers = [Thread(target=serve) for _ in range(2)]
    for server in servers:
        server.start()
    for number in range(REQUESTS):
        requests.put(number)
    got = [replies.get(timeout=60) for _ in range(REQUESTS)]
    for _ in servers:
        requests.put(None)
    for server in servers:
        server.join()
    try:
        replies.get(timeout=0.01)
        raise AssertionError("nothing was left")
    except Empty:
        pass
    try:
        replies.get_nowait()
        raise AssertionError("nothing was left")
    except Empty:
        pass
    assert replies.empty() and replies.qsize() == 0
    assert sorted(got) == [(0, 0), (1, 1), (2, 4)]
    return got
