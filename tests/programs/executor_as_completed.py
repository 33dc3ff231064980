"""as_completed and wait in each of their forms: the first result, the first error, all, and a timeout that fires."""

from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait
import concurrent.futures
import threading
import time


def fetch(name, delay):
    time.sleep(delay)
    if name == "broken":
        raise ConnectionError(name)
    return name.upper()


def main():
    gate = threading.Event()
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="fetch") as pool:
        futures = {pool.submit(fetch, name, delay): name for name, delay in (("slow", 0.03), ("fast", 0.01), ("broken", 0.02))}
        pages, errors = {}, []
        for future in as_completed(futures, timeout=60):
            try:
                pages[futures[future]] = future.result()
            except ConnectionError as error:
                errors.append(str(error))
        assert pages == {"slow": "SLOW", "fast": "FAST"} and errors == ["broken"]

        first = wait([pool.submit(fetch, "mirror", delay) for delay in (0.01, 0.5)], return_when=FIRST_COMPLETED)
        assert [future.result() for future in first.done] == ["MIRROR"] and len(first.not_done) == 1

        quick = [pool.submit(fetch, "broken", 0.0), pool.submit(fetch, "late", 30.0)]
        done, not_done = wait(quick, return_when=FIRST_EXCEPTION)
        assert quick[0] in done and not_done == {quick[1]}

        stuck = [pool.submit(gate.wait), pool.submit(str, 1)]
        try:
            for future in as_completed(stuck, timeout=0.01):
                assert future is stuck[1]
            raise AssertionError("one of them cannot be done yet")
        except concurrent.futures.TimeoutError as error:
            unfinished = str(error)
        gate.set()
        done, not_done = wait(stuck, timeout=60, return_when=ALL_COMPLETED)
        assert done == set(stuck) and not not_done
    return [unfinished, sorted(pages)]
