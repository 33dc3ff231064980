"""The other ways to come by a name: star imports, aliases, in a function, getattr, class attributes, factories, annotations."""

import concurrent.futures as cf
from concurrent.futures import ThreadPoolExecutor as Pool, wait as wait_for_all
from dataclasses import dataclass, field
from functools import partial
import importlib
import queue as queues
from queue import *  # noqa: F403
import threading as t
from threading import *  # noqa: F403
from threading import Barrier as Meeting, BoundedSemaphore as Bounded, local
from time import perf_counter as clock, sleep as pause


@dataclass
class Account:
    balance: int = 0
    lock: t.Lock = field(default_factory=t.Lock)  # the real factory, kept since the class was made


class Vault:
    Lock = Lock  # noqa: F405
    make_condition = staticmethod(Condition)  # noqa: F405

    def __init__(self):
        self.lock = self.Lock()
        self.changed = self.make_condition(self.lock)


make_bounded = partial(Bounded, 1)
FACTORIES = {"recursive": RLock, "event": Event, "queue": Queue}  # noqa: F405


def pay(account, amount, wait=pause, now=clock):
    before = now()
    with account.lock:
        balance = account.balance
        wait(0.01)
        account.balance = balance + amount
    assert now() - before >= 0.009


def main():
    from threading import Thread, current_thread

    account, vault, slot, own = Account(), Vault(), make_bounded(), local()
    meeting = Meeting(2)
    recursive, done, box = FACTORIES["recursive"](), FACTORIES["event"](), FACTORIES["queue"]()
    spawn = getattr(importlib.import_module("threading"), "Thread")
    assert spawn is Thread is t.Thread

    def work(amount):
        own.name = current_thread().name
        pay(account, amount)
        meeting.wait()
        with slot, recursive, recursive:
            box.put(own.name)
        with vault.changed:
            vault.changed.notify_all()

    threads = [Thread(target=work, args=(1,), name="one"), spawn(target=work, args=(2,), name="two"), t.Timer(0.5, done.set)]
    for thread in threads:
        thread.start()
    with vault.changed:
        assert vault.changed.wait_for(lambda: box.qsize() == 2, timeout=60)
    for thread in threads:
        thread.join()
    assert account.balance == 3 and done.is_set()
    names = {box.get_nowait(), box.get_nowait()}
    assert names == {"one", "two"}
    try:
        box.get(timeout=0.01)
    except Empty as empty:  # noqa: F405
        assert isinstance(empty, queues.Empty)
    with Pool(1) as pool:
        assert wait_for_all([pool.submit(pay, account, 4)], return_when=cf.ALL_COMPLETED).not_done == set()
    assert account.balance == 7
    return sorted(names)
