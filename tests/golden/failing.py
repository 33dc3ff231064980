"""Programs that fail, one for each thing that a report has to explain. Their reports are beside them, word for word.

The lines of this file are in the reports: what is added goes to the end.
"""

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import detsched


def in_threads(**bodies):
    """Each body in a thread that is called like its keyword."""
    threads = [threading.Thread(target=body, name=name) for name, body in bodies.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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


def lost_update():
    """Read and write are locked, but apart."""
    account = Account(0)

    def deposit():
        balance = account.read()
        account.write(balance + 10)

    in_threads(ann=deposit, bob=deposit)
    assert account.read() == 20, "a deposit is gone"


def lost_update_without_lock():
    """No lock at all: the accesses themselves are the steps."""
    file = {"visits": 0}

    def visit():
        detsched.access(file, "visits", write=False)
        visits = file["visits"]
        detsched.access(file, "visits", write=True)
        file["visits"] = visits + 1

    in_threads(first=visit, second=visit)
    assert file["visits"] == 2


def lock_order():
    """Two locks in two orders."""
    door, window = threading.Lock(), threading.Lock()

    def leave():
        with door:
            with window:
                pass

    def air():
        with window:
            with door:
                pass

    in_threads(leaving=leave, airing=air)


def philosophers():
    """A cycle of three."""
    forks = [threading.Lock() for _ in range(3)]

    def dine(seat):
        with forks[seat]:
            with forks[(seat + 1) % 3]:
                pass

    in_threads(plato=lambda: dine(0), kant=lambda: dine(1), hume=lambda: dine(2))


def joined_under_lock():
    """Waits for the end of a thread that waits for the lock."""
    lock = threading.RLock()

    def work():
        with lock:
            pass

    worker = threading.Thread(target=work, name="worker")
    with lock:
        worker.start()
        worker.join()


def notified_too_early():
    """A notification is not kept for who comes later."""
    changed = threading.Condition()

    def wait():
        with changed:
            changed.wait()

    def finish():
        with changed:
            changed.notify_all()

    in_threads(waiting=wait, finishing=finish)


def woken_for_nothing():
    """`if` where `while` belongs."""
    ready = threading.Condition()
    items = []

    def take():
        with ready:
            if not items:
                ready.wait()
            items.pop()

    def give():
        with ready:
            items.append("item")
            ready.notify()

    in_threads(taker=take, thief=take, giver=give, other_giver=give)


def cleared_too_late():
    """An event that is cleared after the work."""
    called = threading.Event()
    lock = threading.Lock()
    waiting, done = [], []

    def work():
        while len(done) < 2:
            called.wait()
            with lock:
                done.extend(waiting)
                waiting.clear()
            called.clear()

    def call(job):
        with lock:
            waiting.append(job)
        called.set()

    in_threads(worker=work, one=lambda: call(1), two=lambda: call(2))


def check_then_act():
    """What was checked under one lock is done under another."""
    checking, selling = threading.Lock(), threading.Lock()
    free, sold = {"1A"}, []

    def buy():
        with checking:
            is_free = "1A" in free
        if is_free:
            with selling:
                free.discard("1A")
                sold.append("1A")

    in_threads(ann=buy, bob=buy)
    assert len(sold) == 1, "sold twice"


def torn_read():
    """Two values that belong together, read one after the other."""
    lock = threading.Lock()
    span = {"low": 0, "high": 1}

    def move():
        with lock:
            span.update(low=10, high=11)

    def read():
        with lock:
            low = span["low"]
        with lock:
            high = span["high"]
        assert high - low == 1, (low, high)

    in_threads(mover=move, reader=read)


def came_too_early():
    """Nothing makes the reader wait for the writer."""
    lock = threading.Lock()
    settings = {}

    def load():
        with lock:
            settings["port"] = 80

    def serve():
        with lock:
            return settings["port"]

    in_threads(loading=load, serving=serve)


def semaphore_released_twice():
    """Given back once too often on the way out of an error."""
    printer = threading.Semaphore(1)
    lock = threading.Lock()
    users, most = [], []

    def use():
        with lock:
            users.append(1)
            most.append(len(users))
        with lock:
            users.pop()

    def jam():
        printer.acquire()
        try:
            raise OSError("paper jam")
        except OSError:
            printer.release()
        finally:
            printer.release()

    def print_page():
        with printer:
            use()

    in_threads(jam=jam, page_1=print_page, page_2=print_page)
    assert max(most) == 1, "two at the printer"


def pool_starved():
    """Tasks that wait for tasks of their own pool."""
    with ThreadPoolExecutor(2, thread_name_prefix="pool") as pool:

        def parent(number):
            return pool.submit(abs, -number).result()

        assert list(pool.map(parent, (1, 2))) == [1, 2]


def queue_looked_empty():
    """Looks whether there is something, and then takes it."""
    jobs = queue.Queue()
    jobs.put("last")

    def take():
        if not jobs.empty():
            jobs.get_nowait()

    in_threads(ann=take, bob=take)


def spins_for_ever():
    """A loop that waits for what waits for the loop."""
    stop = threading.Event()
    begun = threading.Event()

    def spin():
        begun.set()
        while not stop.is_set():
            pass

    spinner = threading.Thread(target=spin, name="spinner")
    spinner.start()
    begun.wait()
    spinner.join()
    stop.set()


def too_long():
    """A loop that does end, later than the limit."""
    lock = threading.Lock()
    count = 0
    while count < 100_000:
        with lock:
            count += 1


def cancelled_too_late():
    """A timer that has begun cannot be cancelled."""
    lock = threading.Lock()
    ends = []

    def end(how):
        with lock:
            ends.append(how)

    timer = threading.Timer(0.1, end, args=("timeout",))
    timer.name = "timer"
    timer.start()
    time.sleep(0.1)
    timer.cancel()
    end("answer")
    timer.join()
    assert len(ends) == 1, ends


def wrong_answer():
    """A value from the schedule is part of the failure."""
    lock = threading.Lock()
    replies = []

    def ask():
        with lock:
            replies.append(detsched.choose(["ok", "late", "refused"]))

    in_threads(client=ask)
    assert replies != ["refused"]


def nine_threads():
    """More threads than columns."""
    lock = threading.Lock()
    count = 0

    def add():
        nonlocal count
        with lock:
            value = count
        with lock:
            count = value + 1

    in_threads(**{f"adder-{number}": add for number in range(9)})
    assert count == 9


_seen = []


def remembers():
    """Keeps state between runs: nothing that it does can be believed."""
    lock = threading.Lock()

    def work():
        with lock:
            _seen.append(1)

    in_threads(worker=work)
    assert len(_seen) % 3, "every third run"


def markup():
    """Names that a terminal or a browser might take for orders."""
    lock = detsched.name(threading.Lock(), "\x1b[31mred<b>")

    def work():
        with lock:
            raise ValueError("</script><script>alert(1)</script>\x1b[2J")

    in_threads(**{"<script>alert(1)</script>\n": work})


class Counter:
    def __init__(self):
        self.hits = 0

    def hit(self):
        hits = self.hits
        self.hits = hits + 1


def lost_update_of_attribute():
    """Plain attributes: the accesses themselves are the steps, with the values that they read and wrote."""
    counter = Counter()
    in_threads(ann=counter.hit, bob=counter.hit)
    assert counter.hits == 2


def lost_update_by_lines():
    """The same, with a step before each line."""
    lost_update_of_attribute()


AT = {check_then_act: "access", lost_update_of_attribute: "access", lost_update_by_lines: "line"}
"""The granularity of those that need a finer one than synchronisation."""
BY = {remembers: "random"}
"""The strategy, where it takes more runs than there are orderings."""
PROGRAMS = [
    lost_update, lost_update_without_lock, lock_order, philosophers, joined_under_lock, notified_too_early, woken_for_nothing,
    cleared_too_late, check_then_act, torn_read, came_too_early, semaphore_released_twice, pool_starved, queue_looked_empty,
    spins_for_ever, too_long, cancelled_too_late, wrong_answer, nine_threads, remembers, markup,
    lost_update_of_attribute, lost_update_by_lines,
]  # fmt: skip
