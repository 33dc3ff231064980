"""A broker with weakly held subscribers, each with its own thread and queue; one leaves while messages come."""

import queue
import threading
import weakref


class Broker:
    def __init__(self):
        self._lock = threading.RLock()
        self._subscribers = weakref.WeakSet()

    def join(self, subscriber):
        with self._lock:
            self._subscribers.add(subscriber)

    def leave(self, subscriber):
        with self._lock:
            self._subscribers.discard(subscriber)
            subscriber.inbox.put(None)

    def publish(self, message):
        with self._lock:
            for subscriber in sorted(self._subscribers, key=lambda each: each.name):
                subscriber.inbox.put(message)


class Subscriber(threading.Thread):
    def __init__(self, name, broker):
        super().__init__(name=name)
        self.inbox = queue.SimpleQueue()
        self.got = []
        broker.join(self)

    def run(self):
        for message in iter(self.inbox.get, None):
            self.got.append(message)


def main():
    broker = Broker()
    stays, leaves = Subscriber("stays", broker), Subscriber("leaves", broker)
    stays.start()
    leaves.start()
    publishers = [threading.Thread(target=broker.publish, args=(message,)) for message in ("news", "more")]
    leaver = threading.Thread(target=broker.leave, args=(leaves,))
    for thread in (*publishers, leaver):
        thread.start()
    for thread in (*publishers, leaver):
        thread.join()
    broker.leave(stays)
    for subscriber in (stays, leaves):
        subscriber.join()
    assert sorted(stays.got) == ["more", "news"]
    assert set(leaves.got) <= {"more", "news"} and leaves.got == stays.got[: len(leaves.got)]
    return [stays.got, leaves.got]
