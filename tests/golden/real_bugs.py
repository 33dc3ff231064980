"""Ten small programs, each with a bug that has shipped in a package that many use, in words of our own; and one for each granularity.

The lines of this file are in the reports: what is added goes to the end.
"""

import queue
import threading

from failing import in_threads


class Double:
    """Stands in for an object; what it is asked for is made at the first touch."""

    def __init__(self):
        self.parts = {}

    def part(self, name):
        found = self.parts.get(name)
        if found is None:
            found = Double()
            self.parts[name] = found
        return found


def part_made_twice():
    """As in a library of mocks: two first touches, two children for one attribute."""
    double = Double()
    got = []
    in_threads(ann=lambda: got.append(double.part("db")), bob=lambda: got.append(double.part("db")))
    assert got[0] is got[1], "two parts of one name"


def remembered(function):
    """Keeps what a function has returned, under a lock; but calls it outside of the lock."""
    kept, lock = {}, threading.Lock()

    def call(key):
        with lock:
            if key in kept:
                return kept[key]
        value = function(key)
        with lock:
            kept[key] = value
        return value

    return call


def connected_twice():
    """As in a library of caches: two first callers get two values for one key."""
    connect = remembered(lambda host: [host])
    got = []
    in_threads(ann=lambda: got.append(connect("db")), bob=lambda: got.append(connect("db")))
    assert got[0] is got[1], "two connections to one host"


class Client:
    def __init__(self):
        self.last = 0

    def number(self):
        self.last += 1
        if self.last == 65536:
            self.last = 1
        return self.last


def number_given_twice():
    """As in a client of a message broker: two messages get one number."""
    client = Client()
    numbers = []
    in_threads(ann=lambda: numbers.append(client.number()), bob=lambda: numbers.append(client.number()))
    assert len(set(numbers)) == 2, numbers


class Kept:
    """An attribute that is computed once. One lock for all objects that have it."""

    def __init__(self, compute):
        self.compute = compute
        self.lock = threading.RLock()

    def of(self, shape):
        with self.lock:
            return self.compute(shape)


def unrelated_objects():
    """As in the standard library until 3.11: objects that have nothing to do with each other deadlock."""
    width = Kept(lambda shape: height.of(shape["inside"]) if shape else 1)
    height = Kept(lambda shape: width.of(shape["inside"]) if shape else 1)
    door, window = {"inside": {}}, {"inside": {}}
    in_threads(ann=lambda: width.of(door), bob=lambda: height.of(window))


class Promise:
    def __init__(self):
        self.done = False
        self.callbacks = []

    def then(self, callback):
        if self.done:
            callback()
        else:
            self.callbacks.append(callback)

    def keep(self):
        self.done = True
        for callback in self.callbacks:
            callback()


def callback_lost():
    """As in a client of a log broker: what is added while the promise is kept is never called."""
    promise = Promise()
    called = []
    in_threads(asker=lambda: promise.then(lambda: called.append(1)), keeper=promise.keep)
    assert called, "never called"


class Clerk(threading.Thread):
    """Answers questions until it is told to stop."""

    def __init__(self):
        super().__init__(name="clerk")
        self.inbox = queue.Queue()

    def run(self):
        while True:
            answer = self.inbox.get()
            if answer is None:
                return
            answer.put("yes")

    def ask(self):
        answer = queue.Queue()
        self.inbox.put(answer)
        return answer


def asked_after_the_stop():
    """As in a library of actors: who asks behind the stop waits for ever."""
    clerk = Clerk()
    clerk.start()
    answers = []
    in_threads(customer=lambda: answers.append(clerk.ask()), boss=lambda: clerk.inbox.put(None))
    clerk.join()
    answers[0].get()


class Shelf:
    def __init__(self):
        self.files = {"a": 1, "b": 2}

    def size(self):
        total = 0
        for size in self.files.values():
            total += size
        return total

    def add(self, name):
        self.files[name] = 3


def listed_while_added():
    """As in a library of file systems: a listing walks over a dictionary that grows."""
    shelf = Shelf()
    in_threads(lister=shelf.size, writer=lambda: shelf.add("c"))


class Database:
    def __init__(self):
        self.lock = threading.Lock()
        self.pool = Pool(self)

    def connect(self):
        with self.lock:
            self.pool.take()


class Pool:
    def __init__(self, database):
        self.lock = threading.Lock()
        self.database = database

    def take(self):
        with self.lock:
            pass

    def close_all(self):
        with self.lock:
            with self.database.lock:
                pass


def closed_while_connecting():
    """As in a library of databases: one way through two classes takes the locks in the other order."""
    database = Database()
    in_threads(worker=database.connect, janitor=database.pool.close_all)


class Log:
    def __init__(self):
        self.lock = threading.Lock()
        self.lines = []

    def write(self, make):
        with self.lock:
            self.lines.append(make())


def finalizer_that_logs():
    """As in a library of logs: the last reference to something that logs when it dies goes while the log is locked."""
    log = Log()

    class Resource:
        def __del__(self):
            log.write(lambda: "closed")

    things, sizes = [Resource()], []

    def report():
        there = list(things)
        sizes.append(len(there))
        del there

    in_threads(reporter=lambda: log.write(report), cleaner=lambda: things.clear())


class Hits:
    def __init__(self):
        self.by_page = {"home": 0}

    def count(self, page):
        self.by_page[page] += 1


def hit_lost():
    """As in a library of rate limits: one line that reads and writes."""
    hits = Hits()
    in_threads(ann=lambda: hits.count("home"), bob=lambda: hits.count("home"))
    assert hits.by_page["home"] == 2


def unordered():
    """A data race, where races are failures: nothing else need be wrong."""
    hits = Hits()
    in_threads(ann=lambda: hits.count("home"), bob=lambda: hits.count("home"))


def add_one(number):
    return number + 1


class Tally:
    def __init__(self):
        self.votes = 0

    def vote(self):
        self.votes = add_one(self.votes)


def vote_lost():
    """One that a GIL does not prevent: the call is where it is handed over."""
    tally = Tally()
    in_threads(ann=tally.vote, bob=tally.vote)
    assert tally.votes == 2


GRANULARITY = {
    part_made_twice: "access", connected_twice: "sync", number_given_twice: "access", unrelated_objects: "sync",
    callback_lost: "line", asked_after_the_stop: "sync", listed_while_added: "access", closed_while_connecting: "sync",
    finalizer_that_logs: "access", hit_lost: "opcode", unordered: "access", vote_lost: "gil",
}  # fmt: skip
"""At which granularity each is searched: one of every kind."""
