"""Tasks that are left when asyncio.run ends: they are cancelled, and clean up; sets of tasks are waited for."""

import asyncio
import threading


class Hub:
    def __init__(self):
        self.lock = threading.Lock()
        self.closed = []

    async def connection(self, number):
        try:
            await asyncio.Event().wait()
        finally:
            with self.lock:
                self.closed.append(number)

    async def serve(self):
        self.tasks = [asyncio.create_task(self.connection(number)) for number in range(5)]
        quick = {asyncio.create_task(asyncio.sleep(0.01, result=number)) for number in range(3)}
        done, pending = await asyncio.wait(quick)
        assert not pending
        return sorted(task.result() for task in done)


def main():
    hubs = [Hub(), Hub()]
    served = []
    threads = [threading.Thread(target=lambda hub=hub: served.append(asyncio.run(hub.serve()))) for hub in hubs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served == [[0, 1, 2]] * 2
    for hub in hubs:
        assert sorted(hub.closed) == [0, 1, 2, 3, 4] and all(task.cancelled() for task in hub.tasks)
    return [hub.closed for hub in hubs]
