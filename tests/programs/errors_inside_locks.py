"""Errors of every kind inside locks and waits: MemoryError, RecursionError, GeneratorExit, sys.exit, a bare except around it all."""

import sys
import threading


class Ledger:
    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.entries = []

    def note(self, text):
        with self.changed:
            self.entries.append(text)
            self.changed.notify_all()

    def dig(self, depth):
        with self.lock:  # a recursion with the lock in hand
            return self.dig(depth + 1)


def main():
    ledger = Ledger()

    def survive(action):
        try:
            with ledger.lock:
                action()
        except BaseException as error:
            ledger.note(type(error).__name__)

    def out_of_memory():
        raise MemoryError("no more")

    def abandoned_generator():
        def numbers():
            with ledger.lock:
                yield 1
                yield 2

        generator = numbers()
        next(generator)
        generator.throw(GeneratorExit)

    def unfinished():
        survive(lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        sys.exit("with work left")

    actions = (out_of_memory, abandoned_generator, lambda: sys.exit(3), lambda: [].pop())
    threads = [threading.Thread(target=survive, args=(action,)) for action in actions]
    threads.append(threading.Thread(target=unfinished))
    for thread in threads:
        thread.start()
    with ledger.changed:
        assert ledger.changed.wait_for(lambda: len(ledger.entries) == 5, timeout=60)
    for thread in threads:
        thread.join()
    survive(lambda: ledger.dig(0))
    assert sorted(ledger.entries) == ["GeneratorExit", "IndexError", "KeyboardInterrupt", "MemoryError", "RecursionError", "SystemExit"]
    assert ledger.lock.acquire(blocking=False)
    ledger.lock.release()
    return ledger.entries
