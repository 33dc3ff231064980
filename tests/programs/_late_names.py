"""Imported by a module that is imported late: its top level uses a queue and an executor's module."""

from concurrent.futures import ThreadPoolExecutor  # noqa: F401
import queue

_names = queue.Queue()
for _name in ("zero", "one", "two", "three"):
    _names.put(_name)
NAMES = [_names.get() for _ in range(4)]


def name(number):
    return NAMES[number]
