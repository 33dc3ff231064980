"""Programs whose number of distinguishable orderings is known, from the literature on systematic testing.

Each is a function that gives the bodies of its threads; shared variables are accesses at granularity "sync", or, with COUNTED=plain in the
environment, plain attributes for granularity "access". The expected number counts all runs, those that end blocked among them.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import detsched
from detsched import access
from detsched._core.active import active
from detsched._core.explicit import Given
from detsched._core.operation import READ, WRITE, Operation

Body = Callable[[], object]
Bodies = Callable[[], "list[Body]"]


class Cell:
    """A shared variable with compare-and-swap: how somebody adds an operation of their own."""

    def __init__(self, name: str, value: Any = 0) -> None:
        self.value = value
        self.resource = Given("cell", name)

    def cas(self, old: Any, new: Any) -> bool:
        """Put `new` where `old` is."""
        swapped: bool = active.perform(CompareAndSwap(self, old, new))
        return swapped


class CompareAndSwap(Operation):
    """A write where it succeeds, a read where it fails: which of them, depends on the state."""

    __slots__ = ("cell", "old", "new", "found", "mode")
    kind = "compare and swap"

    def __init__(self, cell: Cell, old: Any, new: Any) -> None:
        super().__init__(cell.resource)
        self.cell, self.old, self.new = cell, old, new
        self.mode = WRITE

    def apply(self) -> bool:
        self.found = self.cell.value
        swapped = self.found == self.old
        self.mode = WRITE if swapped else READ
        if swapped:
            self.cell.value = self.new
        return swapped

    def foresee(self) -> Any:
        return ((self.resource, WRITE if self.cell.value == self.old else READ),)

    def without(self, other: Operation) -> Any:
        return ((self.resource, WRITE if other.found == self.old else READ),)


def R(*names: Any) -> None:
    for name in names:
        access(None, name, write=False)


def W(*names: Any) -> None:
    for name in names:
        access(None, name, write=True)


class Shared:
    """Variables, each access to which is an event."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def read(self, name: Any) -> Any:
        R(name)
        return self.values.get(name, 0)

    def write(self, name: Any, value: Any = 1) -> None:
        W(name)
        self.values[name] = value

    def count(self, name: Any) -> Any:
        """One more: a read-modify-write. Its value before."""
        old = self.values.get(name, 0)
        self.write(name, old + 1)
        return old


PLAIN = os.environ.get("COUNTED") == "plain"


class Variables:
    """Plain attributes, zero where a run begins."""

    def __init__(self) -> None:
        names: list[Any] = ["x", "y", "z", "a", "b", "counter", *range(20)]
        for name in [*names, *(("inode", i) for i in range(32)), *(("busy", b) for b in range(26))]:
            setattr(self, attribute(name), 0)

    def read(self, name: Any) -> Any:
        return getattr(self, attribute(name))

    def write(self, name: Any, value: Any = 1) -> None:
        setattr(self, attribute(name), value)

    def count(self, name: Any) -> Any:  # two events: the one program that does it has a lock then
        old = self.read(name)
        self.write(name, old + 1)
        return old


def attribute(name: Any) -> str:
    """The attribute that holds a variable."""
    return "_".join(map(str, name)) if type(name) is tuple else f"_{name}"


if PLAIN:
    Shared = Variables  # type: ignore[misc, assignment]
    everybodys = Variables()

    def R(*names: Any) -> None:
        for name in names:
            everybodys.read(name)

    def W(*names: Any) -> None:
        for name in names:
            everybodys.write(name)


def program(bodies: Bodies) -> Callable[[], None]:
    """Start a thread for each body, and wait for all."""

    def run() -> None:
        threads = [threading.Thread(target=body) for body in bodies()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def readers(n: int) -> Bodies:
    return lambda: [lambda: W("x"), *[lambda: R("x")] * n]


def lastzero(n: int) -> Bodies:
    def bodies() -> list[Body]:
        a = Shared()

        def zero() -> None:
            i = n
            while a.read(i) != 0:
                i -= 1

        return [zero, *[lambda j=j: a.write(j, a.read(j - 1) + 1) for j in range(1, n + 1)]]  # type: ignore[misc]

    return bodies


def indexer(n: int) -> Bodies:
    def bodies() -> list[Body]:
        table = [Cell(f"table[{i}]", -1) for i in range(128)]

        def fill(t: int) -> None:
            for i in range(4):
                w = 11 * i + t
                h = 7 * w % 128
                while not table[h].cas(-1, w):
                    h = (h + 1) % 128

        return [lambda t=t: fill(t) for t in range(n)]  # type: ignore[misc]

    return bodies


def filesystem(n: int) -> Bodies:
    def bodies() -> list[Body]:
        locki, lockb = [threading.Lock() for _ in range(32)], [threading.Lock() for _ in range(26)]
        s = Shared()

        def body(t: int) -> None:
            i = t % 32
            with locki[i]:
                if s.read(("inode", i)) == 0:
                    b = 2 * i % 26
                    while True:
                        with lockb[b]:
                            if not s.read(("busy", b)):
                                s.write(("busy", b))
                                s.write(("inode", i), b + 1)
                                break
                        b = (b + 1) % 26

        return [lambda t=t: body(t) for t in range(n)]  # type: ignore[misc]

    return bodies


def alike(n: int, body: Callable[[], Body]) -> Bodies:
    """So many threads with one body, made anew for every run."""
    return lambda: [body()] * n


def under_lock(sections: int, *, release: bool = True, steps: Body = lambda: (R("x"), W("x"))) -> Callable[[], Body]:
    def make() -> Body:
        lock = threading.Lock()

        def body() -> None:
            for _ in range(sections):
                lock.acquire()
                steps()
                if release:
                    lock.release()

        return body

    return make


def tried(release: bool) -> Callable[[], Body]:
    def make() -> Body:
        lock = threading.Lock()

        def body() -> None:
            if lock.acquire(blocking=False):
                R("x")
                W("x")
                if release:
                    lock.release()

        return body

    return make


def tried_and_locked() -> list[Body]:
    lock = threading.Lock()

    def trying() -> None:
        if lock.acquire(blocking=False):
            R("x")
            W("x")
            lock.release()

    def locking() -> None:
        with lock:
            R("x")
            W("x")

    return [trying, locking]


def hard() -> list[Body]:
    lock, s = threading.Lock(), Shared()

    def body(i: int) -> None:
        lock.acquire()
        if s.count("x") == i:
            lock.release()

    return [lambda i=i: body(i) for i in range(3)]  # type: ignore[misc]


def philosophers(n: int) -> Bodies:
    def bodies() -> list[Body]:
        forks = [threading.Lock() for _ in range(n)]

        def body(i: int) -> None:
            with forks[i], forks[(i + 1) % n]:
                pass

        return [lambda i=i: body(i) for i in range(n)]  # type: ignore[misc]

    return bodies


def swaps(n: int, rotating: bool) -> Bodies:
    def bodies() -> list[Body]:
        cell = Cell("x")
        if rotating:
            return [lambda i=i: cell.cas(i - 1, i) for i in range(1, n + 1)]  # type: ignore[misc]
        return [lambda i=i: cell.cas(0, i + 1) for i in range(n)]  # type: ignore[misc]

    return bodies


def popl() -> list[Body]:
    s = Shared()

    def third() -> None:
        if s.read("y") == 0:
            s.write("z")

    def fourth() -> None:
        if s.read("z") == 1 and s.read("y") == 0:
            s.write("x", 2)

    return [lambda: s.write("x"), lambda: s.write("y"), third, fourth]


def twelve() -> list[Body]:
    s = Shared()

    def fourth() -> None:
        if s.read("x") == 1 and s.read("y") == 1:
            s.read("z")

    def fifth() -> None:
        if s.read("y") == 1:
            s.read("z")

    return [lambda: s.write("z"), lambda: s.write("x"), lambda: s.write("y"), fourth, fifth]


def three_writers() -> list[Body]:
    s = Shared()

    def reader() -> None:
        y, z = s.read("y"), s.read("z")
        if y and z:
            s.read("x")

    return [lambda: s.write("x"), lambda: s.write("y"), lambda: s.write("z"), reader]


def conditional_read() -> list[Body]:
    s = Shared()

    def third() -> None:
        s.write("y", 2)
        if s.read("x") == 1:
            s.read("y")

    return [lambda: s.write("y"), lambda: s.write("x"), third]


def account() -> list[Body]:
    lock = threading.Lock()
    s = {"balance": 1, "deposited": 0, "withdrawn": 0}

    def check() -> None:
        with lock:
            if s["deposited"] and s["withdrawn"]:
                assert s["balance"] == -5

    def deposit() -> None:
        with lock:
            s["balance"] += 2
            s["deposited"] = 1

    def withdraw() -> None:
        with lock:
            s["balance"] -= 4
            s["withdrawn"] = 1

    return [check, deposit, withdraw]


def deadlock01() -> list[Body]:
    a, b, s = threading.Lock(), threading.Lock(), Shared()

    def first() -> None:
        with a, b:
            s.write("counter", s.read("counter") + 1)

    def second() -> None:
        with b, a:
            s.write("counter", s.read("counter") - 1)

    return [first, second]


def reorder(n: int) -> Bodies:
    def bodies() -> list[Body]:
        s = Shared()

        def setter() -> None:
            s.write("a", 1)
            s.write("b", -1)

        def checker() -> None:
            assert (s.read("a") == 0 and s.read("b") == 0) or (s.read("a") == 1 and s.read("b") == -1)

        return [*[setter] * (n - 1), checker]

    return bodies


def points(*counts: int) -> Bodies:
    def body(count: int) -> None:
        for _ in range(count):
            detsched.yield_point()

    return lambda: [lambda count=count: body(count) for count in counts]  # type: ignore[misc]


def multinomial(*counts: int) -> int:
    """In how many orders sequences of these lengths can be merged."""
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))


def together(*bodies: Body) -> Bodies:
    return lambda: list(bodies)


def counted(large: bool = False) -> Iterator[tuple[str, Bodies, int]]:
    """Name, bodies, number of orderings. `large`: those too that take more than a second."""
    for n in (2, 8, 13) if large else (2, 8):
        yield f"readers({n})", readers(n), 2**n
    for n in (5, 10, 15) if large else (5,):
        yield f"lastzero({n})", lastzero(n), (n + 3) * 2 ** (n - 2)
    for n in (12, 15) if large else (12,):
        yield f"indexer({n})", indexer(n), 8 ** (n - 11)
    for n in (14, 16, 18, 19) if large else (14, 16):
        yield f"filesystem({n})", filesystem(n), 2 ** (n - 13)
    for n in range(2, 7 if large else 6):
        yield f"{n} × RMW x", alike(n, lambda: lambda: W("x")), math.factorial(n)
        yield f"{n} × locked (R x; W x)", alike(n, under_lock(1)), math.factorial(n)
    for n in (2, 3, 4) if large else (2, 3):
        yield f"{n} × (RMW x; RMW y)", alike(n, lambda: lambda: W("x", "y")), math.factorial(n) ** 2
        yield f"{n} × (R x; W x)", alike(n, lambda: lambda: (R("x"), W("x"))), math.factorial(n) ** 2
    if large:
        yield "1 reader, 5 writers", together(lambda: R("x"), *[lambda: W("x")] * 5), 720
        yield "6 × (L; R x; U)", alike(6, under_lock(1, steps=lambda: R("x"))), 720
        yield "7 × (L; R x; U)", alike(7, under_lock(1, steps=lambda: R("x"))), 5040
    for k in range(1, 6):
        yield f"2 × {k} lock sections", alike(2, under_lock(k, steps=lambda: None)), math.comb(2 * k, k)
    yield "5 × a variable of its own", lambda: [lambda i=i: W(i) for i in range(5)], 1  # type: ignore[misc]
    for n in range(2, 6):
        yield f"CAS(x, 0, i + 1), {n} threads", swaps(n, False), n
    for n, expected in zip(range(2, 7), (2, 5, 14, 43, 144)):
        yield f"CAS(x, i - 1, i), {n} threads", swaps(n, True), expected
    yield "SB", together(lambda: (W("x"), R("y")), lambda: (W("y"), R("x"))), 3
    yield "MP", together(lambda: (W("x"), W("y")), lambda: (R("y"), R("x"))), 3
    yield "LB", together(lambda: (R("x"), W("y")), lambda: (R("y"), W("x"))), 3
    yield "2+2W", together(lambda: (W("x"), W("y")), lambda: (W("y"), W("x"))), 3
    yield "IRIW", together(lambda: W("x"), lambda: R("x", "y"), lambda: R("y", "x"), lambda: W("y")), 15
    yield "CoRR1", together(lambda: W("x"), lambda: W("x"), lambda: R("x", "x"), lambda: R("x")), 36
    yield "POPL example", popl, 5
    yield "conditional reads of three", twelve, 12
    yield "three writers, one reader", three_writers, 5
    yield "conditional read", conditional_read, 5
    for n in (2, 3):
        yield f"mutex, {n} threads, never unlocked", alike(n, under_lock(1, release=False)), n
    yield "mutex_hard", hard, 1 + 3
    yield "try-acquire and lock", tried_and_locked, 3
    yield "3 × try-acquire", alike(3, tried(True)), 21
    yield "3 × try-acquire, never unlocked", alike(3, tried(False)), 3
    for n, expected in ((2, 3), (3, 7), (4, 15)):
        yield f"{n} philosophers", philosophers(n), expected
    yield "deadlock01", deadlock01, 2 + 1
    yield "account_bad", account, 6
    yield "reorder_3", reorder(3), 56
    if large:
        yield "reorder_5", reorder(5), 40032
    for counts in ((1, 1), (2, 3), (4, 4), (1, 2, 2)) if not large else ((6, 6), (3, 3, 3)):
        yield f"yield points {counts}", points(*counts), multinomial(*counts)
