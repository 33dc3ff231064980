"""Exceptions inside tasks: kept by futures, raised where asked for, retried, and a future cancelled before it ran."""

from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, TimeoutError
import threading


class Flaky:
    """Fails the first times it is called, whoever calls."""

    def __init__(self, failures):
        self.lock = threading.Lock()
        self.left = failures

    def __call__(self, item):
        with self.lock:
            if self.left:
                self.left -= 1
                raise ConnectionError(item)
        return item.upper()


def retry(call, item, attempts=5):
    for _ in range(attempts):
        try:
            return call(item)
        except ConnectionError:
            continue
    raise AssertionError("out of attempts")


def main():
    flaky = Flaky(3)
    gate = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        words = list(pool.map(lambda item: retry(flaky, item), ["a", "b", "c"]))
        assert words == ["A", "B", "C"]

        failed = pool.submit(int, "seven")
        error = failed.exception()
        assert isinstance(error, ValueError)
        try:
            failed.result()
        except ValueError as raised:
            assert raised is error

        blocked = [pool.submit(gate.wait) for _ in range(2)]
        waiting = pool.submit(print, "never")
        try:
            blocked[0].result(timeout=0.01)
            raise AssertionError("it cannot be done yet")
        except TimeoutError:
            pass
        assert waiting.cancel() and waiting.cancelled()
        try:
            waiting.result()
            raise AssertionError("it was cancelled")
        except CancelledError:
            pass
        gate.set()
        assert [future.result() for future in blocked] == [True, True]

    by_hand = Future()
    setter = threading.Thread(target=by_hand.set_exception, args=(KeyError("k"),))
    setter.start()
    assert isinstance(by_hand.exception(timeout=60), KeyError)
    setter.join()
    return words
