"""asyncio.run in two threads at once: tasks, gather, sleep, a timeout that fires, a queue; each loop for itself."""

import asyncio
import threading


async def crawl(name, pages):
    queue = asyncio.Queue()
    seen = []

    async def worker():
        while True:
            page = await queue.get()
            await asyncio.sleep(0.01)
            seen.append(page)
            queue.task_done()

    workers = [asyncio.create_task(worker()) for _ in range(2)]
    for page in range(pages):
        queue.put_nowait(f"{name}{page}")
    await queue.join()
    for task in workers:
        task.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    try:
        await asyncio.wait_for(asyncio.Event().wait(), timeout=3600)
    except asyncio.TimeoutError:
        seen.append("timeout")
    return seen


def main():
    found, lock = {}, threading.Lock()

    def run(name):
        seen = asyncio.run(crawl(name, 3))
        with lock:
            found[name] = seen

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {name: [f"{name}0", f"{name}1", f"{name}2", "timeout"] for name in "ab"}
    return sorted(found)
