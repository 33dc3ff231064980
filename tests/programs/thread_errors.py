"""Exceptions that escape threads, taken by the program's own threading.excepthook, SystemExit among them."""

import sys
import threading


class Broken(RuntimeError):
    pass


def main():
    taken = []
    lock = threading.Lock()

    def hook(args):
        with lock:
            taken.append((args.exc_type.__name__, str(args.exc_value), args.thread.name))

    def fail(number):
        with lock:
            pass
        raise Broken(f"number {number}")

    def leave():
        sys.exit("quietly")

    def fails_while_cleaning():
        try:
            raise Broken("first")
        finally:
            with lock:
                pass

    before, threading.excepthook = threading.excepthook, hook
    try:
        threads = [threading.Thread(target=fail, args=(number,), name=f"t{number}") for number in (1, 2)]
        threads += [threading.Thread(target=leave, name="exit"), threading.Thread(target=fails_while_cleaning, name="clean")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = before
    # The hook is told of SystemExit as well: to pass over it is the default hook's doing.
    assert sorted(taken) == [
        ("Broken", "first", "clean"),
        ("Broken", "number 1", "t1"),
        ("Broken", "number 2", "t2"),
        ("SystemExit", "quietly", "exit"),
    ]
    return [name for _, _, name in taken]
