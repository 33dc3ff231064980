"""submit, as_completed, wait in all its modes, and callbacks."""

from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait
import threading
import time


def main():
    gate = threading.Event()
    told = []
    lock = threading.Lock()

    def fetch(page):
        time.sleep(0.01 * page)
        return page * page

    def guarded():
        gate.wait()
        return "late"

    def fail():
        raise LookupError("no such page")

    def tell(future):
        with lock:
            told.append(future.result())

    with ThreadPoolExecutor(4, thread_name_prefix="fetch") as pool:
        pages = {pool.submit(fetch, page): page for page in (3, 1, 2)}
        for future in pages:
            future.add_done_callback(tell)
        order = []
        for future in as_completed(pages, timeout=60):
            assert future.result() == pages[future] ** 2
            order.append(pages[future])

        late, early = pool.submit(guarded), pool.submit(fetch, 0)
        done, left = wait([late, early], return_when=FIRST_COMPLETED)
        assert done == {early} and left == {late}
        done, left = wait([late], timeout=0.01)
        assert not done and left == {late}

        broken = pool.submit(fail)
        done, left = wait({late, broken}, return_when=FIRST_EXCEPTION)
        assert broken in done and late in left
        gate.set()
        done, left = wait([late, early, broken], return_when=ALL_COMPLETED)
        assert len(done) == 3 and not left

    assert sorted(order) == [1, 2, 3]
    assert sorted(told) == [1, 4, 9]
    return order
