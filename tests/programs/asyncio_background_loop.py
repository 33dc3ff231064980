"""A loop in a thread of its own, as libraries for synchronous code have it: run_coroutine_threadsafe, call_soon_threadsafe."""

import asyncio
import threading


class BackgroundLoop:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()

    def call(self, coroutine, timeout=60):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()


async def work(number, log):
    log.append(f"begin {number}")
    await asyncio.sleep(0.01 * number)
    log.append(f"end {number}")
    if number == 3:
        raise LookupError(number)
    return number * number


def main():
    background = BackgroundLoop()
    log, answers, lock = [], [], threading.Lock()

    def client(number):
        try:
            answer = background.call(work(number, log))
        except LookupError as error:
            answer = repr(error)
        with lock:
            answers.append(answer)

    clients = [threading.Thread(target=client, args=(number,)) for number in (1, 2, 3)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    background.close()
    assert sorted(map(str, answers)) == ["1", "4", "LookupError(3)"]
    assert sorted(log) == sorted(f"{what} {number}" for what in ("begin", "end") for number in (1, 2, 3))
    assert background.loop.is_closed()
    return sorted(map(str, answers))
