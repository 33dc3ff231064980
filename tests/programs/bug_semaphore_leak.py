"""A slot that is not given back where the wait for an answer times out: after two slow answers nobody gets in."""

import queue
import threading
import time

FAILURE = "deadlock"


class Client:
    def __init__(self, slots):
        self._slots = threading.Semaphore(slots)
        self.answers = []

    def ask(self, delay, timeout):
        self._slots.acquire()
        answer = queue.Queue()
        threading.Thread(target=self._serve, args=(answer, delay), daemon=True).start()
        try:
            self.answers.append(answer.get(timeout=timeout))
        except queue.Empty:
            return  # without a release
        self._slots.release()

    @staticmethod
    def _serve(answer, delay):
        time.sleep(delay)
        answer.put("pong")


def main():
    client = Client(slots=1)
    # The answer comes just when patience ends: who is first decides.
    threads = [threading.Thread(target=client.ask, args=(delay, 0.5)) for delay in (0.5, 0.1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(client.answers)
