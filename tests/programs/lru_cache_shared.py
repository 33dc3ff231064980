"""lru_cache and cache as production code has them: at module level, over a slow function, cleared by an admin thread."""

from functools import cache, lru_cache, singledispatch
import threading
import time

_asked = []
_asked_lock = threading.Lock()


@lru_cache(maxsize=2)
def price(item):
    with _asked_lock:
        _asked.append(item)
    time.sleep(0.01)
    return len(item) * 10


@cache
def rate(currency):
    return {"EUR": 1, "USD": 2}[currency]


@singledispatch
def show(value):
    return f"value {value}"


@show.register
def _(value: int):
    return f"number {value}"


def main():
    price.cache_clear()
    rate.cache_clear()
    _asked.clear()
    bills = []

    def customer(*items):
        bills.append(show(sum(price(item) * rate("USD") for item in items)))

    def admin():
        time.sleep(0.015)
        price.cache_clear()

    threads = [
        threading.Thread(target=customer, args=("tea", "milk")),
        threading.Thread(target=customer, args=("milk", "tea", "tea")),
        threading.Thread(target=admin),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bills) == ["number 140", "number 200"]
    assert set(_asked) == {"tea", "milk"} and 2 <= len(_asked) <= 5
    try:
        rate("GBP")
        raise AssertionError("errors are not cached, they come out")
    except KeyError:
        pass
    assert rate.cache_info().currsize == 1
    price.cache_clear()
    rate.cache_clear()
    return len(bills)
