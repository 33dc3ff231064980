"""unittest.mock used by threads: side effects, calls counted, patch around a class that workers use."""

import threading
from unittest import mock


class Mailer:
    def send(self, address):
        raise ConnectionError("no network in a test")


class Newsletter:
    def __init__(self, addresses):
        self.addresses = list(addresses)
        self.failed, self._lock = [], threading.Lock()

    def _deliver(self, address):
        try:
            Mailer().send(address)
        except ConnectionError:
            with self._lock:
                self.failed.append(address)

    def publish(self):
        threads = [threading.Thread(target=self._deliver, args=(address,)) for address in self.addresses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main():
    lock = threading.Lock()
    order = []

    def answer(address):
        with lock:
            order.append(address)
        if address == "bad":
            raise ConnectionError

    with mock.patch.object(Mailer, "send", side_effect=answer) as send:
        letter = Newsletter(["ann", "bad", "bob"])
        letter.publish()
    assert send.call_count == 3 and letter.failed == ["bad"]
    send.assert_any_call("bob")
    assert sorted(order) == ["ann", "bad", "bob"]

    ready = mock.Mock(spec=threading.Event)
    ready.wait.side_effect = [False, True]
    waiter = threading.Thread(target=lambda: [ready.wait(0.1), ready.wait(0.1)])
    waiter.start()
    waiter.join()
    assert ready.wait.mock_calls == [mock.call(0.1)] * 2

    unpatched = Newsletter(["ann"])
    unpatched.publish()
    assert unpatched.failed == ["ann"]
    return order
