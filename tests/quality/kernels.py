"""Programs with known bugs, from SCTBench (Thomson, Donaldson, Betts, PPoPP'14), as ordinary Python on `threading`.

Each shared variable is read and written through `Shared`, which says so to detsched: so every access is a step, at any granularity.
"""

import threading

import detsched


class Shared:
    """Variables whose every access is a step of its own."""

    def __init__(self, **values):
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name):
        detsched.access(self, name, write=False)
        return self._values[name]

    def __setattr__(self, name, value):
        detsched.access(self, name, write=True)
        self._values[name] = value


def in_threads(*bodies):
    """Each in a thread of its own; main starts all and then joins all."""
    threads = [threading.Thread(target=body, name=body.__name__) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def named(function, name):
    """The function under another name, for the thread that runs it."""

    def call():
        function()

    call.__name__ = name
    return call


def account():
    """Check, deposit and withdraw, each under the lock; the check is wrong."""
    s, m = Shared(balance=1, dd=False, wd=False), threading.Lock()

    def check():
        with m:
            if s.dd and s.wd:
                assert s.balance == -5

    def deposit():
        with m:
            s.balance += 2
            s.dd = True

    def withdraw():
        with m:
            s.balance -= 4
            s.wd = True

    in_threads(check, deposit, withdraw)


def bluetooth():
    """A driver that is stopped between looking at the flag and counting itself in."""
    s, g = Shared(pending=1, stopping=False, event=False, stopped=False), threading.Lock()

    def leave():
        with g:
            s.pending -= 1
            left = s.pending
        if left == 0:
            s.event = True

    def add():
        if s.stopping:
            status = -1
        else:
            with g:
                s.pending += 1
            status = 0
        if status == 0:
            assert not s.stopped
        leave()

    def stop():
        s.stopping = True
        leave()
        if s.event:
            s.stopped = True

    in_threads(add, stop)


def deadlock01():
    """Two locks, two orders."""
    s, a, b = Shared(counter=0), threading.Lock(), threading.Lock()

    def one():
        with a:
            with b:
                s.counter += 1

    def other():
        with b:
            with a:
                s.counter -= 1

    in_threads(one, other)


def din_phil(count=2):
    """The last philosopher to finish asserts that nobody is."""
    s, g = Shared(phil=0), threading.Lock()
    forks = [threading.Lock() for _ in range(count)]

    def dine(i):
        with g:
            forks[(i + 1) % count].acquire()
            forks[i].acquire()
            forks[i].release()
            forks[(i + 1) % count].release()
        s.phil += 1
        if s.phil == count:
            raise AssertionError("all have dined")

    in_threads(*(named(lambda i=i: dine(i), f"dine-{i}") for i in range(count)))


def din_phil3():
    """Three of them."""
    din_phil(3)


def lazy01():
    """Two additions and a check that comes after both."""
    s, m = Shared(data=0), threading.Lock()

    def one():
        with m:
            s.data += 1

    def two():
        with m:
            s.data += 2

    def check():
        with m:
            assert s.data < 3

    in_threads(one, two, check)


def phase01():
    """A lock that is not given back: the second thread waits for ever."""
    x, y = threading.Lock(), threading.Lock()

    def work():
        x.acquire()
        x.release()
        x.acquire()
        y.acquire()
        y.release()
        y.acquire()
        y.release()

    in_threads(work, named(work, "work-2"))


def sync01():
    """A producer that waits for a consumer which never consumes."""
    s, m = Shared(num=1), threading.Lock()
    empty, full = threading.Condition(m), threading.Condition(m)

    def producer():
        with m:
            while s.num > 0:
                empty.wait()
            s.num += 1
            full.notify()

    def consumer():
        with m:
            while s.num == 0:
                full.wait()
            empty.notify()

    in_threads(producer, consumer)


def sync02():
    """Two rounds of it, from two on: the last one waits for ever."""
    s, m = Shared(num=2), threading.Lock()
    empty, full = threading.Condition(m), threading.Condition(m)

    def producer():
        for _ in range(2):
            with m:
                while s.num > 0:
                    empty.wait()
                s.num += 1
                full.notify()

    def consumer():
        for _ in range(2):
            with m:
                while s.num == 0:
                    full.wait()
                s.num -= 1
                empty.notify()

    in_threads(producer, consumer)


def token_ring():
    """Four threads around a ring; the last one expects all alike."""
    s, g = Shared(x1=1, x2=2, x3=1, f1=0, f2=0, f3=0), threading.Lock()

    def first():
        with g:
            s.x1 = (s.x3 + 1) % 4
            s.f1 = 1

    def second():
        with g:
            s.x2 = s.x1
            s.f2 = 1

    def third():
        with g:
            s.x3 = s.x2
            s.f3 = 1

    def check():
        with g:
            if s.f1 and s.f2 and s.f3:
                assert s.x1 == s.x2 == s.x3

    in_threads(first, second, third, check)


def twostage(writers=1, readers=1):
    """Two variables that belong together, each under a lock of its own."""
    s, l1, l2 = Shared(d1=0, d2=0), threading.Lock(), threading.Lock()

    def write():
        with l1:
            s.d1 = 1
        with l2:
            s.d2 = s.d1 + 1

    def read():
        with l1:
            t1 = s.d1
            if t1 == 0:
                return
        with l2:
            t2 = s.d2
        assert t2 == t1 + 1

    in_threads(*(named(write, f"write-{i}") for i in range(writers)), *(named(read, f"read-{i}") for i in range(readers)))


def reorder(setters=2):
    """Two variables set one after the other, and a checker that wants both or none."""
    s = Shared(a=0, b=0)

    def put():
        s.a = 1
        s.b = -1

    def check():
        assert (s.a == 0 and s.b == 0) or (s.a == 1 and s.b == -1)

    in_threads(*(named(put, f"put-{i}") for i in range(setters)), check)


def reorder5():
    """Four setters."""
    reorder(4)


def reorder20():
    """Ten setters and ten checkers."""
    s = Shared(a=0, b=0)

    def put():
        s.a = 1
        s.b = -1

    def check():
        assert (s.a == 0 and s.b == 0) or (s.a == 1 and s.b == -1)

    in_threads(*(named(put, f"put-{i}") for i in range(10)), *(named(check, f"check-{i}") for i in range(10)))


def wronglock(others=3):
    """One counts under one lock, the others under another."""
    s, dl, tl = Shared(d=0), threading.Lock(), threading.Lock()

    def one():
        with dl:
            x = s.d
            s.d += 1
            assert s.d == x + 1

    def other():
        with tl:
            s.d += 1

    in_threads(one, *(named(other, f"other-{i}") for i in range(others)))


class Atomic:
    """A variable with operations of one step each."""

    def __init__(self, value):
        self._value = value

    def load(self):
        detsched.access(self, write=False)
        return self._value

    def exchange(self, value):
        detsched.access(self, write=True)
        old, self._value = self._value, value
        return old

    def swap(self, expected, value):
        """Compare and swap: the value that was there."""
        detsched.access(self, write=True)
        old = self._value
        if old == expected:
            self._value = value
        return old

    def add(self, number):
        detsched.access(self, write=True)
        self._value += number


def safestack():
    """Vyukov's stack without a lock: an element may come off it twice."""
    count, head = Atomic(3), Atomic(0)
    following, owner = [Atomic(number) for number in (1, 2, -1)], [Atomic(-1) for _ in range(3)]

    def pop():
        while True:
            if count.load() <= 1:
                continue
            first = head.load()
            second = following[first].exchange(-1)
            if second >= 0:
                if head.swap(first, second) == first:
                    count.add(-1)
                    return first
                following[first].exchange(second)

    def push(element):
        first = head.load()
        while True:
            following[element].exchange(first)
            there = head.swap(first, element)
            if there == first:
                break
            first = there
        count.add(1)

    def work(me):
        for _ in range(2):
            element = pop()
            owner[element].exchange(me)
            assert owner[element].load() == me
            push(element)

    in_threads(*(named(lambda i=i: work(i), f"work-{i}") for i in range(3)))


SAFESTACK = "110122111001101201001101122202112020000000120011120"
"""An order of its threads in which it fails. It takes some 10^5 runs to come upon one."""
MINIMUM = {
    account: 0, bluetooth: 1, deadlock01: 1, din_phil: 0, din_phil3: 0, lazy01: 0, phase01: 0, sync01: 0, sync02: 0, token_ring: 0,
    twostage: 1, reorder: 1, reorder5: 1, wronglock: 1,
}  # fmt: skip
"""The smallest number of preemptions with which each fails."""
