"""multiprocessing.pool.ThreadPool and multiprocessing.dummy: pools of threads, without a pipe that decides the schedule."""

import multiprocessing.dummy
import os
import subprocess
import sys
import threading
import time
from multiprocessing import TimeoutError
from multiprocessing.pool import ThreadPool

import pytest

import detsched
from again import again


def test_map():
    """`map`, `starmap`, `imap` give their results in order, `imap_unordered` in the order in which they come."""

    def program():
        with ThreadPool(2) as pool:
            return pool.map(abs, [-1, -2, -3]), pool.starmap(pow, [(2, 3), (3, 2)]), list(pool.imap(abs, [-4, -5])), list(pool.imap_unordered(abs, [-6, -7]))

    for seed in range(2):
        mapped, star, inorder, unordered = again(program, seed)
        assert (mapped, star, inorder) == ([1, 2, 3], [8, 9], [4, 5])
        assert sorted(unordered) == [6, 7]


def test_apply_async():
    """Results, callbacks, errors, and a timeout that fires after its time of the run."""

    def program():
        log = []
        pool = ThreadPool(2)
        fine = pool.apply_async(lambda: 1, callback=log.append)
        wrong = pool.apply_async(lambda: 1 / 0, error_callback=lambda error: log.append(type(error).__name__))
        slow = pool.apply_async(time.sleep, (7200,))
        before = time.monotonic()
        with pytest.raises(TimeoutError):
            slow.get(timeout=3600)
        log.append(round(time.monotonic() - before))
        with pytest.raises(ZeroDivisionError):
            wrong.get()
        log.append(fine.get())
        pool.close()
        pool.join()
        return sorted(map(str, log))

    for seed in range(2):
        assert again(program, seed) == ["1", "1", "3600", "ZeroDivisionError"]


def test_results_overtake_each_other():
    """`imap_unordered` gives results in the order in which they come: of two, either may be the first."""

    def program():
        with ThreadPool(2) as pool:
            return list(pool.imap_unordered(abs, [-6, -7]))

    assert set(detsched.explore(program, runs=60).outcomes) == {"[6, 7]", "[7, 6]"}


@pytest.mark.filterwarnings("ignore:unclosed running multiprocessing pool:ResourceWarning")
def test_a_deadlock_in_a_pool():
    """A task that waits for another task of a pool which has no thread left is found."""

    def program():
        pool = ThreadPool(1)
        return pool.apply(lambda: pool.apply(int))

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"


def test_a_race_in_a_pool():
    """Two tasks that read, yield, and write lose an update in some orders."""

    def program():
        count = [0]

        def add(_):
            n = count[0]
            detsched.yield_point()
            count[0] = n + 1

        with ThreadPool(2) as pool:
            pool.map(add, range(2), chunksize=1)
        return count[0]

    exploration = detsched.explore(program, runs=30)

    assert exploration.failure is None, exploration.report()
    assert set(exploration.outcomes) == {"1", "2"}


def test_dummy():
    """`multiprocessing.dummy` is threads under another name."""

    def program():
        lock, log = multiprocessing.dummy.Lock(), multiprocessing.dummy.Manager().list()

        def body(name):
            with lock:
                log.append(name)

        processes = [multiprocessing.dummy.Process(target=body, args=(name,)) for name in "ab"]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        with multiprocessing.dummy.Pool(2) as pool:
            return sorted(log), pool.map(abs, [-1])

    assert again(program) == (["a", "b"], [1])


@pytest.mark.filterwarnings("ignore:unclosed running multiprocessing pool:ResourceWarning")
def test_a_pool_leaves_no_thread():
    """After the run no thread of the pool is left, also where nobody closed it."""
    before = threading.enumerate()

    for seed in range(2):
        assert detsched.run(lambda: ThreadPool(3).map(abs, [-1]), seed=seed) == [1]

    assert threading.enumerate() == before


def test_a_pool_leaves_nothing_to_do_at_the_exit_of_the_process():
    """A pool that was cut off in the middle of its work would complain there of its threads, which have ended with the run."""
    program = """if True:
        import detsched
        from multiprocessing.pool import ThreadPool
        from threading import Lock

        def program():
            lock = Lock()
            lock.acquire()
            ThreadPool(2).map(lambda _: lock.acquire(), range(3))

        print(detsched.record(program).failure.kind)
    """
    source = os.path.dirname(os.path.dirname(detsched.__file__))
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": source}, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("deadlock\n", "")


def test_pools_are_undone():
    """After the run a pool is the standard library's own, and works."""
    before = dict(vars(ThreadPool))

    def program():
        with ThreadPool(1) as pool:
            pool.apply(int)

    detsched.run(program)

    assert {name for name, value in vars(ThreadPool).items() if value is not before.get(name)} == set()
    with ThreadPool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
