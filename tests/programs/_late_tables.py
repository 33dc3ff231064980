"""Imported late, by threads: its top level takes locks and starts a thread of its own."""

import threading

_lock = threading.Lock()
SQUARES = {}


def _fill():
    with _lock:
        for number in range(4):
            SQUARES[number] = number * number


_filler = threading.Thread(target=_fill)
_filler.start()
_filler.join()


def square(number):
    with _lock:
        return SQUARES[number]
