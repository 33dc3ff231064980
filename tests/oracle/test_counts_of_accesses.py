"""Published numbers of distinguishable orderings, with plain attributes and items: what `access()` gives at "sync", at "access"."""

import threading

import pytest

import detsched


class Variables:
    def __init__(self):
        self.x = self.y = self.z = 0


def together(*bodies):
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def readers(count):
    def program():
        v = Variables()

        def write():
            v.x = 1

        def read():
            v.x

        together(write, *[read] * count)

    return program


def lastzero(count):
    def program():
        a = [0] * (count + 1)

        def search():
            i = count
            while a[i] != 0:
                i -= 1

        def bump(j):
            def body():
                a[j] = a[j - 1] + 1

            return body

        together(search, *[bump(j) for j in range(1, count + 1)])

    return program


def updates(count, locked):
    def program():
        v, lock = Variables(), threading.Lock()

        def step():
            read = v.x
            v.x = read + 1

        def guarded():
            with lock:
                step()

        together(*[guarded if locked else step] * count)

    return program


def in_a_dict(count):
    def program():
        table = dict.fromkeys("xyz", 0)

        def step():
            table["x"] += 1

        together(*[step] * count)

    return program


def store_buffer():
    v = Variables()

    def one():
        v.x = 1
        v.y

    def two():
        v.y = 1
        v.x

    together(one, two)


def iriw():
    v = Variables()

    def write_x():
        v.x = 1

    def x_then_y():
        v.x
        v.y

    def y_then_x():
        v.y
        v.x

    def write_y():
        v.y = 1

    together(write_x, x_then_y, y_then_x, write_y)


def popl():
    v = Variables()

    def one():
        v.x = 1

    def two():
        v.y = 1

    def three():
        if v.y == 0:
            v.z = 1

    def four():
        if v.z == 1 and v.y == 0:
            v.x = 2

    together(one, two, three, four)


def own_variables():
    variables = [Variables() for _ in range(4)]

    def write(v):
        def body():
            v.x = 1

        return body

    together(*map(write, variables))


@pytest.mark.parametrize(
    ("program", "exact"),
    [
        (readers(2), 4), (readers(6), 64), (lastzero(5), 64), (updates(2, False), 4), (updates(3, False), 36), (updates(2, True), 2),
        (updates(3, True), 6), (updates(4, True), 24), (in_a_dict(2), 4), (in_a_dict(3), 36), (store_buffer, 3), (iriw, 15), (popl, 5),
        (own_variables, 1),
    ],
    ids=["readers 2", "readers 6", "lastzero 5", "updates 2", "updates 3", "locked 2", "locked 3", "locked 4", "dict 2", "dict 3", "SB", "IRIW", "POPL", "own"],
)  # fmt: skip
def test_counts(program, exact):
    """Complete, as many runs as there are orderings, none twice."""
    exploration = detsched.explore(program, strategy="dpor", granularity="access", runs=None)

    assert exploration.complete
    assert (exploration.runs, exploration.redundant) == (exact, 0)
