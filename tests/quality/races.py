"""Races between plain reads and writes, each with its fixed twin: programs that fail in some order of their accesses, and ones that never do."""

import threading
from collections import deque


def together(*bodies):
    """Each in a thread of its own; the first exception is raised here."""
    errors = []

    def guarded(body):
        try:
            body()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Box:
    """Something with attributes."""

    def __init__(self, **attributes):
        self.lock = threading.Lock()
        for name, value in attributes.items():
            setattr(self, name, value)


class Counter:
    def __init__(self):
        self.lock = threading.Lock()
        self.n = 0


balance = 0
instance = None


def lost_update_through_a_temporary(fixed):
    counter = Counter()

    def deposit():
        value = counter.n
        counter.n = value + 1

    def guarded():
        with counter.lock:
            deposit()

    together(*[guarded if fixed else deposit] * 2)
    assert counter.n == 2


def lost_update_on_an_attribute(fixed):
    counter = Counter()

    def deposit():
        if fixed:
            with counter.lock:
                counter.n += 1
        else:
            counter.n += 1

    together(deposit, deposit)
    assert counter.n == 2


def lost_update_on_a_global(fixed):
    global balance
    balance = 0
    lock = threading.Lock()

    def deposit():
        global balance
        if fixed:
            with lock:
                balance += 1
        else:
            balance += 1

    together(deposit, deposit)
    assert balance == 2


def lost_update_on_a_nonlocal(fixed):
    total, lock = 0, threading.Lock()

    def deposit():
        nonlocal total
        if fixed:
            with lock:
                total += 1
        else:
            total += 1

    together(deposit, deposit)
    assert total == 2


def lost_update_on_a_list_item(fixed):
    totals, lock = [0], threading.Lock()

    def deposit():
        if fixed:
            with lock:
                totals[0] += 1
        else:
            totals[0] += 1

    together(deposit, deposit)
    assert totals == [2]


def lost_update_on_a_dict_item(fixed):
    totals, lock = {"a": 0}, threading.Lock()

    def deposit():
        if fixed:
            with lock:
                totals["a"] += 1
        else:
            totals["a"] += 1

    together(deposit, deposit)
    assert totals == {"a": 2}


def check_then_act_on_a_dict(fixed):
    cache, lock, made = {}, threading.Lock(), []

    def get():
        if "key" not in cache:
            made.append(1)
            cache["key"] = object()

    def guarded():
        with lock:
            get()

    together(*[guarded if fixed else get] * 2)
    assert len(made) == 1


def check_then_act_on_a_set(fixed):
    seen, lock, first = set(), threading.Lock(), []

    def visit():
        if "page" not in seen:
            seen.add("page")
            first.append(1)

    def guarded():
        with lock:
            visit()

    together(*[guarded if fixed else visit] * 2)
    assert len(first) == 1


def check_then_act_on_an_attribute(fixed):
    account = Counter()
    account.n = 10

    def withdraw():
        if account.n >= 10:
            account.n = account.n - 10

    def guarded():
        with account.lock:
            withdraw()

    together(*[guarded if fixed else withdraw] * 2)
    assert account.n >= 0


def lazy_singleton(fixed):
    global instance
    instance = None
    lock, made = threading.Lock(), []

    def get():
        global instance
        if instance is None:
            made.append(1)
            instance = object()
        return instance

    def guarded():
        with lock:
            get()

    together(*[guarded if fixed else get] * 2)
    assert len(made) == 1


def insertion_beside_len(fixed):
    table, lock, seen = {"a": 1}, threading.Lock(), []

    def insert():
        with lock:
            table["b"] = 2

    def measure():
        if fixed:
            with lock:
                seen.append(len(table) == len(list(table)))
        else:
            seen.append(len(table) == len(list(table)))

    together(insert, measure)
    assert seen == [True]


def insertion_beside_iteration(fixed):
    table, lock = {"a": 1, "b": 2}, threading.Lock()

    def insert():
        with lock:
            table["c"] = 3

    def walk():
        if fixed:
            with lock:
                for key in table:
                    str(key)
        else:
            for key in table:
                str(key)

    together(insert, walk)


def insertion_beside_in(fixed):
    table, lock, seen = {}, threading.Lock(), []

    def insert():
        with lock:
            table["a"] = 1

    def look():
        if fixed:
            with lock:
                seen.append(("a" in table) == ("a" in table))
        else:
            seen.append(("a" in table) == ("a" in table))

    together(insert, look)
    assert seen == [True]


def dict_changed_during_iteration(fixed):
    table = {"a": 1, "b": 2}

    def drop():
        table.pop("b", None)

    def walk():
        for _ in list(table.items()) if fixed else table.items():
            pass

    together(drop, walk)


def set_changed_during_iteration(fixed):
    members = {1, 2}

    def join():
        members.add(3)

    def walk():
        for _ in members.copy() if fixed else members:
            pass

    together(join, walk)


def list_changed_during_iteration(fixed):
    items, seen = [1, 2, 3], []

    def drop():
        items.remove(1)

    def walk():
        for item in list(items) if fixed else items:
            seen.append(item)

    together(drop, walk)
    assert seen[-2:] == [2, 3]


def append_and_len(fixed):
    items, lock, numbers = [], threading.Lock(), []

    def add():
        items.append("x")
        numbers.append(len(items))

    def guarded():
        with lock:
            add()

    together(*[guarded if fixed else add] * 2)
    assert sorted(numbers) == [1, 2]


class Service:
    """Made lazily, by double-checked locking."""

    def __init__(self, fixed):
        self.fixed = fixed
        self.lock = threading.Lock()
        self.connection = None
        self.ready = False

    def get(self):
        if not self.ready:
            with self.lock:
                if not self.ready:
                    if self.fixed:
                        self.connection = "open"
                        self.ready = True
                    else:
                        self.ready = True
                        self.connection = "open"
        return self.connection


def double_checked_locking(fixed):
    service, got = Service(fixed), []

    def use():
        got.append(service.get())

    together(use, use)
    assert got == ["open", "open"]


def publication_before_initialisation(fixed):
    registry = Box(current=None)

    class Config:
        pass

    def publish():
        config = Config()
        if fixed:
            config.port = 80
            registry.current = config
        else:
            registry.current = config
            config.port = 80

    def read():
        config = registry.current
        if config is not None:
            config.port

    together(publish, read)


class Thermometer:
    def __init__(self):
        self.lock = threading.RLock()
        self._low, self._high = 0, 0

    @property
    def span(self):
        return self._high - self._low

    def move(self, by):
        self._low += by
        self._high += by


class LockedThermometer(Thermometer):
    @property
    def span(self):
        with self.lock:
            return super().span

    def move(self, by):
        with self.lock:
            super().move(by)


def property_with_a_race_inside(fixed):
    thermometer, spans = (LockedThermometer if fixed else Thermometer)(), []
    together(lambda: thermometer.move(5), lambda: spans.append(thermometer.span))
    assert spans == [0]


def setdefault_against_check_then_store(fixed):
    table, got = {}, []

    def get():
        if fixed:
            got.append(table.setdefault("key", []))
        else:
            if "key" not in table:
                table["key"] = []
            got.append(table["key"])

    together(get, get)
    assert got[0] is got[1]


def popleft_against_look_then_take(fixed):
    jobs, taken = deque([1]), []

    def work():
        if fixed:
            try:
                taken.append(jobs.popleft())
            except IndexError:
                pass
        elif jobs:
            taken.append(jobs.popleft())

    together(work, work)
    assert taken == [1]


def list_changed_beside_map(fixed):
    numbers, seen = [1, 2, 3], []

    def drop():
        numbers.remove(1)

    def walk():
        for text in map(str, list(numbers) if fixed else numbers):
            seen.append(text)

    together(drop, walk)
    assert seen[-2:] == ["2", "3"]


class Jobs(list):
    """A list of a type of its own."""


def own_list_changed_during_iteration(fixed):
    jobs, seen = Jobs([1, 2, 3]), []

    def drop():
        jobs.remove(1)

    def walk():
        for job in list(jobs) if fixed else jobs:
            seen.append(job)

    together(drop, walk)
    assert seen[-2:] == [2, 3]


def lost_update_on_a_view_of_memory(fixed):
    view, lock = memoryview(bytearray(1)), threading.Lock()

    def deposit():
        if fixed:
            with lock:
                view[0] += 1
        else:
            view[0] += 1

    together(deposit, deposit)
    assert view[0] == 2


def lost_update_under_a_computed_name(fixed):
    class Tally:
        pass

    tally, lock = Tally(), threading.Lock()
    tally.votes = 0

    def vote():
        if fixed:
            with lock:
                tally.__dict__.update(votes=tally.votes + 1)
        else:
            tally.__dict__.update(votes=tally.votes + 1)

    together(vote, vote)
    assert tally.votes == 2


def lost_update_in_a_string(fixed):
    log, lock = Box(text=""), threading.Lock()

    def add():
        if fixed:
            with lock:
                log.text += "x"
        else:
            log.text += "x"

    together(add, add)
    assert log.text == "xx"


def torn_comparison(fixed):
    window, seen = Box(low=0, now=5, high=10), []

    def move():
        with window.lock:
            window.low, window.now, window.high = 100, 105, 110

    def look():
        if fixed:
            with window.lock:
                seen.append(window.low <= window.now <= window.high)
        else:
            seen.append(window.low <= window.now <= window.high)

    together(move, look)
    assert seen == [True]


def matched_then_changed(fixed):
    job, lock, ran = {"state": "new"}, threading.Lock(), []

    def take():
        match job:
            case {"state": "new"}:
                job["state"] = "taken"
                ran.append(1)

    def guarded():
        with lock:
            take()

    together(*[guarded if fixed else take] * 2)
    assert len(ran) == 1


RACES = [
    lost_update_through_a_temporary,
    lost_update_on_an_attribute,
    lost_update_on_a_global,
    lost_update_on_a_nonlocal,
    lost_update_on_a_list_item,
    lost_update_on_a_dict_item,
    check_then_act_on_a_dict,
    check_then_act_on_a_set,
    check_then_act_on_an_attribute,
    lazy_singleton,
    insertion_beside_len,
    insertion_beside_iteration,
    insertion_beside_in,
    dict_changed_during_iteration,
    set_changed_during_iteration,
    list_changed_during_iteration,
    append_and_len,
    double_checked_locking,
    publication_before_initialisation,
    property_with_a_race_inside,
    setdefault_against_check_then_store,
    popleft_against_look_then_take,
    list_changed_beside_map,
    own_list_changed_during_iteration,
    lost_update_on_a_view_of_memory,
    lost_update_under_a_computed_name,
    lost_update_in_a_string,
    torn_comparison,
    matched_then_changed,
]
