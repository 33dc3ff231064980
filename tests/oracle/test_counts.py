"""Small programs under exhaustive search: the set of outcomes is what counting by hand gives."""

import itertools
import math
import queue
import threading

import pytest

import detsched
from exhaustive import everything, values


def together(*bodies):
    """Start a thread for each body and join them all."""
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def arrangements(word):
    """Every distinct order of the letters of a word."""
    return {"".join(order) for order in itertools.permutations(word)}


def sections(threads, count):
    """So many threads with so many lock sections each: the order of the sections."""

    def program():
        lock, log = threading.Lock(), []

        def body(me):
            for _ in range(count):
                with lock:
                    log.append(me)

        together(*[lambda me=me: body(me) for me in "abc"[:threads]])
        return "".join(log)

    return program


@pytest.mark.parametrize("count", [1, 2, 3])
def test_two_threads_with_lock_sections(count):
    """2 threads × k sections of one lock: C(2k, k) orders, each of them, and nothing else."""
    found = values(everything(sections(2, count)))

    assert len(found) == math.comb(2 * count, count)
    assert found == arrangements("a" * count + "b" * count)


def test_three_threads_with_lock_sections():
    """3 threads × 1 section: 6 orders."""
    assert values(everything(sections(3, 1))) == arrangements("abc")


@pytest.mark.parametrize("make", [threading.RLock, lambda: threading.Semaphore(1), lambda: threading.Condition(), lambda: threading.BoundedSemaphore(1)], ids=["RLock", "Semaphore", "Condition", "BoundedSemaphore"])
def test_whatever_excludes(make):
    """Whatever lets in one at a time gives the same orders."""

    def program():
        lock, log = make(), []

        def body(me):
            for _ in range(2):
                with lock:
                    log.append(me)
                    log.append(me)

        together(lambda: body("a"), lambda: body("b"))
        return "".join(log)

    assert values(everything(program)) == {"".join(c + c for c in order) for order in arrangements("aabb")}


def test_an_rlock_taken_twice():
    """Taking an RLock again is no place where another could come in."""

    def program():
        lock, log = threading.RLock(), []

        def body(me):
            with lock:
                log.append(me)
                with lock:
                    log.append(me)

        together(lambda: body("a"), lambda: body("b"))
        return "".join(log)

    assert values(everything(program)) == {"aabb", "bbaa"}


def test_semaphore_of_two():
    """A semaphore of two lets two of three in at a time: everything but all three at once."""

    def program():
        semaphore, lock = threading.Semaphore(2), threading.Lock()
        inside, most = [], [0]

        def body(me):
            with semaphore:
                with lock:
                    inside.append(me)
                    most[0] = max(most[0], len(inside))
                with lock:
                    inside.remove(me)

        together(*[lambda me=me: body(me) for me in "ab"])
        return most[0]

    assert values(everything(program)) == {1, 2}


def test_semaphore_of_one_never_two():
    """A semaphore of one never lets two in."""

    def program():
        semaphore, inside, most = threading.Semaphore(1), [], [0]

        def body(me):
            with semaphore:
                inside.append(me)
                most[0] = max(most[0], len(inside))
                detsched.yield_point()
                inside.remove(me)

        together(lambda: body("a"), lambda: body("b"))
        return most[0]

    assert values(everything(program)) == {1}


def test_event():
    """`is_set` beside `set`: both answers; and a waiter that goes on in any case."""

    def program():
        event, log = threading.Event(), []
        together(lambda: log.append(event.is_set()), event.set, lambda: log.append(str(event.wait())))
        return tuple(log)

    assert values(everything(program)) == {(False, "True"), (True, "True"), ("True", True)}


def test_event_set_and_clear():
    """A waiter beside `set(); clear()`: it comes in time, or it waits for ever."""

    def program():
        event, log = threading.Event(), []
        together(lambda: log.append(event.wait()), lambda: (event.set(), event.clear()))
        return tuple(log)

    assert values(everything(program)) == {(True,), "deadlock"}


def test_condition_lost_wake_up():
    """A waiter beside a notifier: the notify comes in time, or is lost."""

    def program():
        condition, log = threading.Condition(), []

        def waiter():
            with condition:
                log.append(condition.wait())

        def notifier():
            with condition:
                condition.notify()

        together(waiter, notifier)
        return tuple(log)

    assert values(everything(program)) == {(True,), "deadlock"}


def test_condition_with_a_flag():
    """The same with a flag under the lock: no wake-up is lost."""

    def program():
        condition, ready = threading.Condition(), []

        def waiter():
            with condition:
                while not ready:
                    condition.wait()

        def notifier():
            with condition:
                ready.append(1)
                condition.notify()

        together(waiter, notifier)
        return "done"

    assert values(everything(program)) == {"done"}


def test_condition_wakes_first_in_first_out():
    """Two waiters, two notifies: who waited first is woken first, though it need not get the lock first."""

    def program():
        condition, log = threading.Condition(), []

        def waiter(me):
            with condition:
                log.append(me)
                condition.wait()
                log.append(me.upper())

        def notifier():
            with condition:
                condition.notify()
            with condition:
                log.append("|")
                condition.notify()

        together(lambda: waiter("a"), lambda: waiter("b"), notifier)
        return "".join(log)

    # Who waits first is woken first, and may get the lock at any time after it; the other only after the second notify.
    found = {value for value in values(everything(program)) if value != "deadlock"}

    assert found == {"aAb|B", "abA|B", "ab|AB", "ab|BA", "bBa|A", "baB|A", "ba|BA", "ba|AB"}


def test_try_lock():
    """Two that try: one or both get it, never none."""

    def program():
        lock, log = threading.Lock(), []

        def body(me):
            if lock.acquire(blocking=False):
                log.append(me)
                lock.release()

        together(lambda: body("a"), lambda: body("b"))
        return "".join(log)

    assert values(everything(program)) == {"a", "b", "ab", "ba"}


def test_try_lock_that_is_kept():
    """Three that try and keep: exactly one gets it."""

    def program():
        lock = threading.Lock()
        got = {}
        together(*[lambda me=me: got.update({me: lock.acquire(blocking=False)}) for me in "abc"])
        return "".join(me for me in sorted(got) if got[me])

    assert values(everything(program)) == {"a", "b", "c"}


@pytest.mark.parametrize(("parties", "orders"), [(2, 2), (3, 6)])
def test_barrier(parties, orders):
    """`wait()` gives the index of arrival: every assignment of indices."""

    def program():
        barrier = threading.Barrier(parties)
        index = {}
        together(*[lambda me=me: index.update({me: barrier.wait()}) for me in range(parties)])
        return tuple(index[me] for me in range(parties))

    found = values(everything(program))

    assert len(found) == orders
    assert found == set(itertools.permutations(range(parties)))


def test_queue_of_two_producers():
    """Two producers of two items each: every interleaving, each producer's items in their order."""

    def program():
        work = queue.Queue()

        def body(me):
            work.put(f"{me}1")
            work.put(f"{me}2")

        together(lambda: body("a"), lambda: body("b"))
        return "".join(work.get_nowait()[0] for _ in range(4))

    assert values(everything(program)) == arrangements("aabb")


@pytest.mark.parametrize("count", [2])
def test_philosophers(count):
    """n philosophers who take their left fork first: they all eat, or all wait for one another; nothing else."""

    def program():
        forks = [threading.Lock() for _ in range(count)]

        def body(i):
            with forks[i]:
                with forks[(i + 1) % count]:
                    pass

        together(*[lambda i=i: body(i) for i in range(count)])
        return "fed"

    exploration = everything(program)

    assert values(exploration) == {"fed", "deadlock"}
    assert [failure.kind for failure in exploration.failures] == ["deadlock"]
    assert len(exploration.failure.cycle) == count


def test_philosophers_in_order():
    """With the forks taken in one order there is no deadlock."""

    def program():
        forks = [threading.Lock() for _ in range(2)]

        def body(i):
            first, second = sorted((i, (i + 1) % 2))
            with forks[first], forks[second]:
                pass

        together(*[lambda i=i: body(i) for i in range(2)])
        return "fed"

    assert values(everything(program)) == {"fed"}


def test_choices():
    """`choose` is a choice like any other: every combination."""

    def program():
        return detsched.choose("abc") + detsched.choose("xy")

    exploration = everything(program)

    assert values(exploration) == {a + b for a in "abc" for b in "xy"}
    assert exploration.runs == 6


def test_yield_points():
    """n and m yield points of two threads: C(n + m, n) orders."""

    def program():
        log = []

        def body(me, count):
            for _ in range(count):
                detsched.yield_point()
                log.append(me)

        together(lambda: body("a", 3), lambda: body("b", 2))
        return "".join(log)

    assert values(everything(program)) == arrangements("aaabb")


def test_start_order():
    """A thread that was just started may run before or after whatever its starter does next."""

    def program():
        log = []
        thread = threading.Thread(target=lambda: (detsched.yield_point(), log.append("t")))
        thread.start()
        detsched.yield_point()
        log.append("m")
        thread.join()
        return "".join(log)

    assert values(everything(program)) == {"tm", "mt"}


def test_daemon_cut_off():
    """Main beside a daemon of n independent steps: it is cut off after any number of them."""

    def program():
        log = []

        def body():
            for _ in range(3):
                detsched.yield_point()
                log.append(1)

        threading.Thread(target=body, daemon=True).start()
        detsched.yield_point()
        return tuple(log)

    assert {len(value) for value in values(everything(program))} == {0, 1, 2, 3}


def test_every_sequence_once():
    """No sequence of choices is made twice."""
    schedules = []

    from exhaustive import ExhaustiveDFS

    class Noting(ExhaustiveDFS):
        def end(self, log, failures):
            schedules.append(tuple(thread.label for thread in log.threads))
            return super().end(log, failures)

    exploration = detsched.explore(sections(2, 2), strategy=Noting(), runs=None, granularity="sync")

    assert len(schedules) == len(set(schedules)) == exploration.runs


def test_a_complete_search_of_failures():
    """Every failure of a program is found, each once: 2 exceptions and a deadlock."""

    def program():
        lock, other, log = threading.Lock(), threading.Lock(), []

        def body(a, b, me):
            with a:
                log.append(me)
                with b:
                    pass

        together(lambda: body(lock, other, "a"), lambda: body(other, lock, "b"))
        if log[0] == "a":
            raise ValueError("a")
        raise KeyError("b")

    exploration = everything(program)

    assert sorted(failure.kind for failure in exploration.failures) == ["deadlock", "exception", "exception"]
