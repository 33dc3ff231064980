"""asyncio.to_thread and run_in_executor: blocking work beside the loop, with a lock that the tasks share."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
import contextvars
import threading
import time

request = contextvars.ContextVar("request")


class Counter:
    def __init__(self):
        self._lock = threading.Lock()
        self.value = 0

    def add(self, amount):
        with self._lock:
            value = self.value
            time.sleep(0.01)
            self.value = value + amount
            return f"{request.get('-')}{amount}"


async def handle(counter, number):
    request.set(f"r{number}:")
    return await asyncio.to_thread(counter.add, number)


async def serve():
    counter = Counter()
    answers = await asyncio.gather(*(handle(counter, number) for number in (1, 2, 3)))
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(max_workers=1) as pool:
        answers.append(await loop.run_in_executor(pool, counter.add, 4))
    return counter.value, answers


def main():
    value, answers = asyncio.run(serve())
    assert value == 10
    assert answers == ["r1:1", "r2:2", "r3:3", "-4"]
    return answers
