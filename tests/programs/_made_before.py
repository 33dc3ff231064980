"""Locks and such that exist before control begins, where no sweep over module globals finds them easily.

Each function is a program: two threads that take turns at the object, one of them asleep with it in hand.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
import queue
import threading
import time

LOCKS = [threading.Lock(), threading.Lock()]
TABLE = {"users": {"lock": threading.Lock()}}
POOL = ThreadPoolExecutor(max_workers=2)
MAIL = queue.SimpleQueue()


class Slotted:
    __slots__ = ("lock",)

    def __init__(self):
        self.lock = threading.Lock()


SLOTTED = Slotted()


def taken_twice(lock):
    def work():
        with lock:
            time.sleep(0.01)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not lock.locked()


def in_list():
    taken_twice(LOCKS[0])


def in_nested_dictionary():
    taken_twice(TABLE["users"]["lock"])


def in_slots():
    taken_twice(SLOTTED.lock)


def in_default_argument(lock=threading.Lock()):  # noqa: B008
    taken_twice(lock)


def _enclosing():
    lock = threading.Lock()
    return lambda: taken_twice(lock)


in_closure = _enclosing()


def _with_cached_property():
    class Report:
        @cached_property
        def text(self):
            time.sleep(0.01)
            return "text"

    def program():
        report = Report()
        texts = []
        threads = [threading.Thread(target=lambda: texts.append(report.text)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == ["text", "text"]

    return program


in_property_of_local_class = _with_cached_property()


def in_simple_queue():
    got = []
    there = threading.Event()

    def read():
        there.set()
        got.append(MAIL.get())

    reader = threading.Thread(target=read)
    reader.start()
    there.wait()
    MAIL.put("letter")
    reader.join()
    assert got == ["letter"]


def in_executor():
    assert POOL.submit(abs, -3).result() == 3


def sleep_in_default_argument(sleep=time.sleep):
    began = time.monotonic()
    sleep(0.01)
    assert time.monotonic() - began >= 0.01 - 1e-6
