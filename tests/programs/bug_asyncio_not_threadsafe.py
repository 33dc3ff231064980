"""A future of a loop that another thread sets directly: the loop sleeps on, for nobody called call_soon_threadsafe."""

import asyncio
import threading

FAILURE = "deadlock"


async def ask(server):
    reply = asyncio.get_running_loop().create_future()
    server.put(reply)
    server.count()
    return await reply


class Server(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self._ready = threading.Condition()
        self._requests = []
        self._stats = threading.Lock()
        self.asked = 0

    def count(self):
        with self._stats:
            self.asked += 1

    def put(self, reply):
        with self._ready:
            self._requests.append(reply)
            self._ready.notify()

    def run(self):
        with self._ready:
            while not self._requests:
                self._ready.wait()
            self._requests.pop().set_result("pong")  # in this thread: wrong


def main():
    server = Server()
    server.start()
    answer = asyncio.run(ask(server))
    assert answer == "pong"
    return answer
