"""Coroutines: asyncio.run inside of a plain test."""

import asyncio
import threading

import pytest


@pytest.mark.detsched(runs=3)
def test_asyncio_run(box):
    async def put(value):
        await asyncio.sleep(0)
        box.append(value)

    async def main():
        await asyncio.gather(put(1), put(2))
        await asyncio.sleep(60)
        assert await asyncio.to_thread(len, box) == 2

    asyncio.run(main())
    assert box == [1, 2]
    thread = threading.Thread(target=lambda: asyncio.run(put(3)))
    thread.start()
    thread.join()
    assert box == [1, 2, 3]
