"""A bank with a lock too few: each step of a transfer is locked, the transfer as a whole is not."""

import threading


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()

    def read(self):
        with self.lock:
            return self.balance

    def write(self, balance):
        with self.lock:
            self.balance = balance


def transfer(source, target, amount):
    source.write(source.read() - amount)
    target.write(target.read() + amount)


def main():
    alice, bob = Account(100), Account(100)
    clerks = [
        threading.Thread(target=transfer, args=(alice, bob, 10), name="clerk-1"),
        threading.Thread(target=transfer, args=(alice, bob, 20), name="clerk-2"),
    ]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()
    print(f"alice has {alice.read()}, bob has {bob.read()}")
    assert alice.read() + bob.read() == 200, "money was made or lost"


if __name__ == "__main__":
    main()
