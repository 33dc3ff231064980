"""A mailbox on a Condition: one reader gives up after its timeout, the other gets the letter in time."""

import threading
import time


class Mailbox:
    def __init__(self):
        self._condition = threading.Condition()
        self._letters = []

    def put(self, letter):
        with self._condition:
            self._letters.append(letter)
            self._condition.notify()

    def get(self, timeout):
        deadline = time.monotonic() + timeout
        with self._condition:
            while not self._letters:
                left = deadline - time.monotonic()
                if left <= 0 or not self._condition.wait(left):
                    if not self._letters:
                        return None
            return self._letters.pop(0)


def main():
    empty, used = Mailbox(), Mailbox()
    got = {}

    def reader(name, box, timeout):
        got[name] = box.get(timeout)

    threads = [
        threading.Thread(target=reader, args=("patient", used, 60.0)),
        threading.Thread(target=reader, args=("forsaken", empty, 0.02)),
        threading.Thread(target=used.put, args=("hello",)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {"patient": "hello", "forsaken": None}
    return got
