"""Actors with mailboxes on SimpleQueue: one thread each, messages, replies through futures, supervision after a crash."""

from concurrent.futures import Future
from queue import SimpleQueue
import threading


class Actor(threading.Thread):
    _STOP = object()

    def __init__(self, name):
        super().__init__(name=name)
        self._mailbox = SimpleQueue()
        self.crashes = 0
        self.start()

    def tell(self, message, *args):
        self._mailbox.put((None, message, args))

    def ask(self, message, *args):
        reply = Future()
        self._mailbox.put((reply, message, args))
        return reply

    def stop(self):
        self._mailbox.put(self._STOP)
        self.join()

    def run(self):
        while (letter := self._mailbox.get()) is not self._STOP:
            reply, message, args = letter
            try:
                value = getattr(self, f"on_{message}")(*args)
            except Exception as error:
                self.crashes += 1
                if reply is not None:
                    reply.set_exception(error)
            else:
                if reply is not None:
                    reply.set_result(value)


class Account(Actor):
    def __init__(self, name, balance):
        self.balance = balance
        super().__init__(name)

    def on_deposit(self, amount):
        self.balance += amount
        return self.balance

    def on_withdraw(self, amount):
        if amount > self.balance:
            raise ValueError("not enough")
        self.balance -= amount
        return self.balance

    def on_transfer(self, amount, other):
        self.on_withdraw(amount)
        other.tell("deposit", amount)


def main():
    ann, bob = Account("ann", 100), Account("bob", 50)
    requests = [
        threading.Thread(target=lambda: ann.ask("transfer", 30, bob).result(timeout=60)),
        threading.Thread(target=lambda: bob.ask("transfer", 20, ann).result(timeout=60)),
        threading.Thread(target=ann.tell, args=("withdraw", 1000)),
    ]
    for thread in requests:
        thread.start()
    for thread in requests:
        thread.join()
    try:
        bob.ask("withdraw", 1000).result(timeout=60)
        raise AssertionError("not that much is there")
    except ValueError as error:
        said = str(error)
    ann.stop()
    bob.stop()
    assert (ann.balance, bob.balance) == (90, 60) and (ann.crashes, bob.crashes) == (1, 1)
    return said
