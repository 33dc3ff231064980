"""Imported late, by threads: its top level takes locks, logs, and imports another module in turn."""

import logging
import threading

_lock = threading.Lock()
SQUARES = {}

for _number in range(4):
    with _lock:
        SQUARES[_number] = _number * _number

from . import _late_names  # noqa: E402

logging.getLogger("detsched-programs.tables").debug("the tables are filled")


def square(number):
    with _lock:
        return f"{_late_names.name(number)}: {SQUARES[number]}"
