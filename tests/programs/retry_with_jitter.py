"""Retries with random jitter, sampled load balancing, tokens and ids: random, secrets, uuid and os.urandom in threads."""

import os
import random
import secrets
import threading
import time
import uuid


class Backend:
    def __init__(self, name, failures):
        self.name = name
        self._lock = threading.Lock()
        self._failures = failures
        self.ids = set()

    def call(self, request_id):
        with self._lock:
            self.ids.add(request_id)
            if self._failures:
                self._failures -= 1
                raise ConnectionError(self.name)
            return self.name


def call_with_retries(backends, base=0.1):
    request_id = uuid.uuid4()
    for attempt in range(10):
        try:
            return random.choice(backends).call(request_id)
        except ConnectionError:
            time.sleep(random.uniform(0, base * 2**attempt))
    raise TimeoutError


def main():
    backends = [Backend("a", 2), Backend("b", 1)]
    answers, pauses = [], random.Random(7)

    def client():
        time.sleep(pauses.random())
        answers.append((call_with_retries(backends), secrets.token_hex(8), os.urandom(4)))

    threads = [threading.Thread(target=client) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name for name, _, _ in answers} <= {"a", "b"} and len(answers) == 3
    assert len({token for _, token, _ in answers}) == 3 and len(backends[0].ids | backends[1].ids) == 3
    return [(name, token, noise.hex()) for name, token, noise in answers]
