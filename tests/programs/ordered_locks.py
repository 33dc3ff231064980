"""Bank transfers that take both locks in one order, with an auditor who takes them all, and try-locks with back-off."""

import contextlib
import threading
import time


class Account:
    def __init__(self, number, balance):
        self.number, self.balance = number, balance
        self.lock = threading.Lock()


def transfer(source, target, amount):
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        source.balance -= amount
        target.balance += amount


def transfer_politely(source, target, amount):
    """Takes the locks in any order, and lets go of the first when it cannot have the second."""
    while True:
        with source.lock:
            if target.lock.acquire(timeout=0.001):
                try:
                    source.balance -= amount
                    target.balance += amount
                    return
                finally:
                    target.lock.release()
        time.sleep(0.001 * source.number)


def main():
    accounts = [Account(number, 100) for number in (1, 2, 3)]
    one, two, three = accounts
    audits = []

    def audit():
        with contextlib.ExitStack() as stack:
            for account in accounts:
                stack.enter_context(account.lock)
            audits.append(sum(account.balance for account in accounts))

    threads = [
        threading.Thread(target=transfer, args=(one, two, 30)),
        threading.Thread(target=transfer, args=(two, one, 10)),
        threading.Thread(target=transfer_politely, args=(two, three, 5)),
        threading.Thread(target=transfer_politely, args=(three, two, 7)),
        threading.Thread(target=audit),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    balances = [account.balance for account in accounts]
    assert audits == [300] and balances == [80, 122, 98]
    return balances
