"""asyncio in a run: event loops in main and in threads, on the run's clock, woken from inside."""

import asyncio
import concurrent.futures
import os
import signal
import threading
import time

import pytest

import detsched
from again import again, together


def test_a_sleep_of_hours():
    """`asyncio.sleep` is on the run's clock, and the loop's own clock with it."""

    async def main():
        loop = asyncio.get_running_loop()
        before = loop.time(), time.monotonic()
        await asyncio.sleep(36_000)
        return round(loop.time() - before[0]), round(time.monotonic() - before[1])

    assert again(lambda: asyncio.run(main())) == (36_000, 36_000)


def test_tasks_are_in_the_order_of_their_times():
    """Tasks that sleep go on in the order of their times, whatever the seed is: one thread has one order."""

    async def main():
        log = []

        async def task(hours):
            await asyncio.sleep(hours * 3600)
            log.append(hours)

        await asyncio.gather(*map(task, (5, 1, 3)))
        return log

    assert {str(again(lambda: asyncio.run(main()), seed)) for seed in range(5)} == {"[1, 3, 5]"}


def test_timeouts():
    """`wait_for` and `timeout` fire when their time has come, and only then."""

    async def main():
        found = []
        try:
            await asyncio.wait_for(asyncio.sleep(7200), 3600)
        except TimeoutError:
            found.append("late")
        found.append(await asyncio.wait_for(asyncio.sleep(3600, "in time"), 7200))
        try:
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        except TimeoutError:
            found.append("never set")
        return found

    assert again(lambda: asyncio.run(main())) == ["late", "in time", "never set"]


def test_loops_in_threads():
    """A loop in each of several threads, with locks and queues of asyncio inside, and a lock of threading between."""

    def program():
        lock, log = threading.Lock(), []

        async def producer(queue):
            for number in range(3):
                await asyncio.sleep(1)
                await queue.put(number)

        async def main(name):
            queue = asyncio.Queue(1)
            task = asyncio.create_task(producer(queue))
            for _ in range(3):
                number = await queue.get()
                with lock:
                    log.append((name, number))
            await task

        together(*[lambda name=name: asyncio.run(main(name)) for name in "ab"])
        return log

    orders = set()
    for seed in range(10):
        log = again(program, seed)
        assert [number for name, number in log if name == "a"] == [0, 1, 2]
        assert [number for name, number in log if name == "b"] == [0, 1, 2]
        orders.add(str(log))
    assert len(orders) > 1


def test_to_thread():
    """`asyncio.to_thread` and the default executor: the loop waits for controlled threads."""

    async def main():
        log = []

        def work(seconds):
            time.sleep(seconds)
            log.append(threading.current_thread() is threading.main_thread())
            return seconds

        found = await asyncio.gather(*[asyncio.to_thread(work, seconds) for seconds in (3600, 60)])
        loop = asyncio.get_running_loop()
        found.append(await loop.run_in_executor(None, work, 5))
        return found, log

    for seed in range(2):
        assert again(lambda: asyncio.run(main()), seed) == ([3600, 60, 5], [False] * 3)


def test_call_soon_threadsafe():
    """A thread that calls a loop wakes it, however long it would have slept."""

    def program():
        log = []

        async def main():
            loop, woken = asyncio.get_running_loop(), asyncio.Event()

            def call():
                time.sleep(10)
                loop.call_soon_threadsafe(lambda: (log.append("called"), woken.set()))

            thread = threading.Thread(target=call)
            thread.start()
            await asyncio.wait_for(woken.wait(), 86_400)
            log.append(round(loop.time() - 100_000))
            thread.join()

        asyncio.run(main())
        return log

    for seed in range(2):
        assert again(program, seed) == ["called", 10]


def test_call_soon_from_another_thread_is_lost():
    """`call_soon` from another thread does not wake the loop: it comes with the next thing that does, as outside."""

    def program():
        async def main():
            loop, woken = asyncio.get_running_loop(), asyncio.Event()
            threading.Timer(10, lambda: loop.call_soon(woken.set)).start()
            asyncio.create_task(asyncio.sleep(500))
            await woken.wait()
            return round(loop.time() - 100_000)

        return asyncio.run(main())

    assert again(program) == 500


def test_run_coroutine_threadsafe():
    """A loop in a background thread, asked from two others; a result comes back as a concurrent future."""

    def program():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        log = []

        async def double(number):
            await asyncio.sleep(number)
            return 2 * number

        def ask(number):
            log.append(asyncio.run_coroutine_threadsafe(double(number), loop).result())

        together(lambda: ask(2), lambda: ask(2000))
        late = asyncio.run_coroutine_threadsafe(double(99), loop)
        with pytest.raises(concurrent.futures.TimeoutError):
            late.result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(loop), return_exceptions=True))
        loop.close()
        return log

    for seed in range(2):
        assert again(program, seed) == [4, 4000]


def test_a_loop_that_nobody_wakes():
    """A loop that waits for what never comes is a deadlock, and it is said at once."""

    async def main():
        await asyncio.Event().wait()

    failure = detsched.record(lambda: asyncio.run(main())).failure

    assert failure.kind == "deadlock"
    assert "MainThread" in str(failure.exception)


def test_a_loop_and_a_lock():
    """A loop blocked by a lock whose holder waits for the loop: a deadlock between two threads."""

    def program():
        lock, held = threading.Lock(), threading.Event()

        async def main():
            loop = asyncio.get_running_loop()

            async def answer():
                return 1

            def ask():
                with lock:
                    held.set()
                    asyncio.run_coroutine_threadsafe(answer(), loop).result()

            thread = threading.Thread(target=ask, name="asker")
            thread.start()
            await asyncio.to_thread(held.wait)
            with lock:
                pass

        asyncio.run(main())

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"
    assert "asker" in str(failure.exception)


def test_an_exception_in_a_task():
    """An exception of a task comes out of the run as itself."""

    async def main():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(3600))
            group.create_task(asyncio.to_thread(lambda: 1 / 0))

    with pytest.raises(ExceptionGroup) as caught:
        detsched.run(lambda: asyncio.run(main()))

    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]


def test_streams_between_tasks(tmp_path):
    """A connection within one loop, through a socket pair."""
    import socket

    async def main():
        one, other = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=one)
        _, far = await asyncio.open_connection(sock=other)
        asyncio.get_running_loop().call_later(3600, far.write, b"hello\n")
        line = await reader.readline()
        for end in (writer, far):
            end.close()
            await end.wait_closed()
        return line

    assert again(lambda: asyncio.run(main())) == b"hello\n"


def test_loops_are_undone():
    """After a run asyncio is as it was, and works in real time."""
    before = vars(asyncio.selector_events.BaseSelectorEventLoop)["_write_to_self"]

    detsched.run(lambda: asyncio.run(asyncio.sleep(1000)))

    assert vars(asyncio.selector_events.BaseSelectorEventLoop)["_write_to_self"] is before
    began = time.perf_counter()
    asyncio.run(asyncio.sleep(0.05))
    assert time.perf_counter() - began >= 0.04


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no signals of the user's")
def test_a_signal_handler_of_a_loop():
    """`add_signal_handler`: a signal that a thread of the program sends wakes the loop, which calls the handler."""

    async def main():
        stopped = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stopped.set)
        sender = threading.Thread(target=lambda: (time.sleep(1), os.kill(os.getpid(), signal.SIGUSR1)))
        sender.start()
        await stopped.wait()
        sender.join()
        return "stopped"

    for seed in range(3):
        assert again(lambda: asyncio.run(main()), seed) == "stopped"
