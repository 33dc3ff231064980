"""Signals in a run: handlers are called in the program's main thread, at a yield point, also where it is blocked."""

import os
import queue
import signal
import threading
import time
from signal import raise_signal as imported_raise

import _thread

import pytest

import detsched
from again import again

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no signals of the user's")
USR1 = getattr(signal, "SIGUSR1", None)
USR2 = getattr(signal, "SIGUSR2", None)


SENDING = {
    "raise_signal": lambda: signal.raise_signal(USR1),
    "raise_signal, by name": lambda: imported_raise(USR1),
    "kill": lambda: os.kill(os.getpid(), USR1),
    "interrupt_main": lambda: _thread.interrupt_main(USR1),
}


def noted(log):
    """A handler that notes what it was called with and where."""

    def handle(signum, frame):
        log.append((signum == USR1, threading.current_thread() is threading.main_thread(), frame is None or hasattr(frame, "f_code")))

    return handle


# ---------------------------------------------------------------------- sent by the program


@pytest.mark.parametrize("way", SENDING)
def test_a_signal_to_oneself(way):
    """A handler set in the run is called before the sender goes on, in whichever way the signal was sent."""

    def program():
        log = []
        signal.signal(USR1, noted(log))
        SENDING[way]()
        return log

    assert again(program) == [(True, True, True)]


@pytest.mark.parametrize("way", SENDING)
def test_a_signal_from_a_worker(way):
    """A signal that a worker sends is handled by the main thread, though that is blocked in a join."""

    def program():
        log = []
        signal.signal(USR1, noted(log))
        worker = threading.Thread(target=lambda: (SENDING[way](), time.sleep(1), log.append("worked")))
        worker.start()
        worker.join()
        return log

    for seed in range(2):
        assert again(program, seed) == [(True, True, True), "worked"]


def wait_in_join(done):
    """Until the worker has ended, which waits for the handler."""
    worker = threading.Thread(target=done.wait)
    worker.start()
    worker.join()


def wait_in_event(done):
    """Until the handler has set it."""
    done.wait()


def wait_in_event_with_timeout(done):
    """The same, with a day to spare."""
    assert done.wait(86_400)


def wait_in_condition(done):
    """Until a worker, which waits for the handler, notifies."""
    condition = threading.Condition()

    def notify():
        done.wait()
        with condition:
            condition.notify()

    worker = threading.Thread(target=notify)
    with condition:
        worker.start()
        condition.wait()
    worker.join()


def wait_in_queue(done):
    """Until a worker, which waits for the handler, puts something."""
    items = queue.Queue()
    worker = threading.Thread(target=lambda: items.put(done.wait()))
    worker.start()
    items.get()
    worker.join()


def wait_in_simple_queue(done):
    """The same with the other kind of queue."""
    items = queue.SimpleQueue()
    worker = threading.Thread(target=lambda: items.put(done.wait()))
    worker.start()
    items.get()
    worker.join()


def wait_in_lock(done):
    """Until a worker, which waits for the handler, frees it."""
    lock = threading.Lock()
    lock.acquire()
    worker = threading.Thread(target=lambda: (done.wait(), lock.release()))
    worker.start()
    lock.acquire()
    worker.join()


def wait_in_sleep(done):
    """An hour, and the handler comes within."""
    time.sleep(3600)
    assert done.is_set()


WAITS = [wait_in_join, wait_in_event, wait_in_event_with_timeout, wait_in_condition, wait_in_queue, wait_in_simple_queue, wait_in_lock, wait_in_sleep]


@pytest.mark.parametrize("wait", WAITS)
def test_a_blocked_main_thread_handles(wait):
    """Wherever the main thread is blocked it calls the handler, and is blocked again afterwards, until its time has come."""

    def program():
        done, log = threading.Event(), []

        def handle(signum, frame):
            log.append(threading.current_thread() is threading.main_thread())
            done.set()

        signal.signal(USR1, handle)

        def send():
            time.sleep(60)
            os.kill(os.getpid(), USR1)

        sender = threading.Thread(target=send)
        sender.start()
        wait(done)
        sender.join()
        return log, done.is_set()

    for seed in range(2):
        assert again(program, seed) == ([True], True)


@pytest.mark.parametrize("wait", [wait for wait in WAITS if wait is not wait_in_sleep])
def test_a_handler_that_raises(wait):
    """What a handler raises comes out of the main thread where that is blocked, and can be caught there."""

    def program():
        done, log = threading.Event(), []

        def handle(signum, frame):
            raise KeyError("from the handler")

        signal.signal(USR1, handle)

        def send():
            time.sleep(60)
            os.kill(os.getpid(), USR1)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            wait(done)
        except KeyError as error:
            log.append(str(error))
        done.set()
        sender.join()
        return log

    for seed in range(2):
        assert again(program, seed) == ["'from the handler'"]


def test_a_handler_that_raises_and_nobody_catches():
    """The exception of a handler that escapes main is a failure of the run like any other."""

    def program():
        def handle(signum, frame):
            raise KeyError("from the handler")

        signal.signal(USR1, handle)
        worker = threading.Thread(target=lambda: signal.raise_signal(USR1))
        worker.start()
        worker.join()

    failure = detsched.record(program).failure

    assert (failure.kind, failure.thread, type(failure.exception)) == ("exception", "MainThread", KeyError)
    assert detsched.run(lambda: "fine") == "fine"


def test_a_handler_that_waits():
    """A handler may use locks and wait: it is the main thread's code."""

    def program():
        lock, log, seen = threading.Lock(), [], threading.Event()

        def handle(signum, frame):
            with lock:
                log.append("handled")
            seen.set()

        signal.signal(USR1, handle)

        def work():
            with lock:
                os.kill(os.getpid(), USR1)
                detsched.yield_point()
                log.append("let go")

        worker = threading.Thread(target=work)
        worker.start()
        seen.wait()
        worker.join()
        return log

    for seed in range(10):
        assert again(program, seed) == ["let go", "handled"]


def test_a_handler_that_takes_the_lock_of_main():
    """A handler that wants a lock which the main thread holds is a deadlock, as outside: it is found."""

    def program():
        lock = threading.Lock()
        signal.signal(USR1, lambda *args: lock.acquire())
        with lock:
            signal.raise_signal(USR1)

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"
    assert "MainThread" in str(failure.exception)


def test_several_signals():
    """Each of several signals from several threads is handled, one after the other."""

    def program():
        log = []
        signal.signal(USR1, lambda signum, frame: log.append("usr1"))
        signal.signal(USR2, lambda signum, frame: log.append("usr2"))
        senders = [threading.Thread(target=os.kill, args=(os.getpid(), signum)) for signum in (USR1, USR2, USR1)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        return log

    orders = set()
    for seed in range(15):
        log = again(program, seed)
        assert sorted(log) == ["usr1", "usr1", "usr2"]
        orders.add(tuple(log))
    assert len(orders) > 1


def test_a_signal_within_a_handler():
    """A handler may send another signal, whose handler is called within."""

    def program():
        log = []

        def outer(signum, frame):
            log.append("outer")
            signal.raise_signal(USR2)
            log.append("outer again")

        signal.signal(USR1, outer)
        signal.signal(USR2, lambda *args: log.append("inner"))
        signal.raise_signal(USR1)
        return log

    assert again(program) == ["outer", "inner", "outer again"]


def test_when_a_signal_comes_is_a_choice():
    """Sending is an operation: what main has done by then differs from seed to seed."""

    def program():
        count, came = [0], []
        signal.signal(USR1, lambda *args: came.append(count[0]))
        sender = threading.Thread(target=os.kill, args=(os.getpid(), USR1))
        sender.start()
        for _ in range(5):
            detsched.yield_point()
            count[0] += 1
        sender.join()
        return came[0]

    assert len({again(program, seed) for seed in range(30)}) >= 3


def test_ignored_signals():
    """SIG_IGN ignores, and a signal that another process gets is none of the run's."""

    def program():
        signal.signal(USR1, signal.SIG_IGN)
        signal.raise_signal(USR1)
        os.kill(os.getpid(), 0)
        with pytest.raises(ProcessLookupError):
            os.kill(2**22 + 12345, 0)
        return "fine"

    assert again(program) == "fine"


# ---------------------------------------------------------------------- Ctrl-C, sent by the program


@pytest.mark.parametrize("name", ["raise_signal", "kill", "interrupt_main"])
@pytest.mark.parametrize("where", ["in main", "in a thread"])
def test_a_keyboard_interrupt_of_the_programs_own(name, where):
    """A program that interrupts itself gets KeyboardInterrupt in its main thread, wherever that is, and may catch it."""
    interrupts = {
        "raise_signal": lambda: signal.raise_signal(signal.SIGINT),
        "kill": lambda: os.kill(os.getpid(), signal.SIGINT),
        "interrupt_main": _thread.interrupt_main,
    }

    def program():
        sender = threading.Thread(target=interrupts[name])
        try:
            if where == "in main":
                interrupts[name]()
            else:
                sender.start()
                time.sleep(1)
            return "not interrupted"
        except KeyboardInterrupt:
            if where == "in a thread":
                sender.join()
            return "interrupted"

    for seed in range(3):
        assert again(program, seed) == "interrupted"


def test_a_keyboard_interrupt_that_the_program_does_not_catch():
    """It comes out of the run, as it would come out of the program."""

    def program():
        sender = threading.Thread(target=_thread.interrupt_main)
        sender.start()
        sender.join()

    with pytest.raises(KeyboardInterrupt):
        detsched.run(program)
    assert detsched.run(lambda: "fine") == "fine"


def test_a_handler_for_ctrl_c():
    """A handler of the program's for SIGINT is called, and the run goes on."""

    def program():
        log = []
        signal.signal(signal.SIGINT, lambda *args: log.append("interrupted"))
        worker = threading.Thread(target=_thread.interrupt_main)
        worker.start()
        worker.join()
        signal.raise_signal(signal.SIGINT)
        return log

    for seed in range(2):
        assert again(program, seed) == ["interrupted"] * 2


# ---------------------------------------------------------------------- from outside


def test_a_signal_from_outside():
    """A signal that a real timer sends is handled at the run's next yield point, in the main thread."""

    def program():
        log = []
        signal.signal(signal.SIGALRM, lambda *args: log.append(threading.current_thread() is threading.main_thread()))
        signal.setitimer(signal.ITIMER_REAL, 0.01)

        def work():
            while not log:
                detsched.yield_point()

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return log

    assert detsched.run(program, max_steps=None) == [True]


# ---------------------------------------------------------------------- what handlers are


def test_what_the_program_sees():
    """`signal` returns the handler from before, and `getsignal` the program's own objects."""

    def first(signum, frame):
        pass

    def second(signum, frame):
        pass

    def program():
        return [
            signal.signal(USR1, first) == signal.SIG_DFL,
            signal.getsignal(USR1) is first,
            signal.signal(USR1, second) is first,
            signal.signal(USR1, signal.SIG_DFL) is second,
            signal.getsignal(USR1) == signal.SIG_DFL,
            signal.getsignal(signal.SIGINT) is signal.default_int_handler,
            signal.signal(signal.SIGINT, first) is signal.default_int_handler,
            signal.getsignal(signal.SIGINT) is first,
            signal.signal(signal.SIGINT, signal.default_int_handler) is first,
            signal.getsignal(signal.SIGINT) is signal.default_int_handler,
        ]

    assert all(again(program)), again(program)


def test_wrong_calls():
    """What the interpreter refuses is refused in its words."""

    def program():
        with pytest.raises(TypeError):
            signal.signal(USR1, "handler")
        with pytest.raises(ValueError):
            signal.signal(10_000, signal.SIG_IGN)
        with pytest.raises((ValueError, OSError)):
            signal.raise_signal(10_000)
        refused = []

        def body():
            try:
                signal.signal(USR1, signal.SIG_IGN)
            except ValueError as error:
                refused.append(str(error))

        worker = threading.Thread(target=body)
        worker.start()
        worker.join()
        return refused

    (said,) = again(program)

    assert "main thread" in said


def test_handlers_are_undone():
    """After the run, whatever its end was, every handler is what it was before."""

    def before(signum, frame):
        pass

    signal.signal(USR1, before)
    try:
        ends = [lambda: None, lambda: 1 / 0, lambda: threading.Event().wait()]
        for end in ends:

            def program():
                for signum in (USR1, USR2, signal.SIGINT, signal.SIGTERM):
                    signal.signal(signum, lambda *args: None)
                    signal.signal(signum, lambda *args: None)
                end()

            detsched.record(program)

            assert signal.getsignal(USR1) is before
            assert signal.getsignal(USR2) == signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(USR1, signal.SIG_DFL)


def test_functions_are_undone():
    """After the run each function is the interpreter's own."""
    functions = [(signal, "signal"), (signal, "getsignal"), (signal, "raise_signal"), (os, "kill"), (_thread, "interrupt_main")]
    before = [getattr(owner, name) for owner, name in functions]

    detsched.run(lambda: None)

    assert [getattr(owner, name) for owner, name in functions] == before


def test_a_handler_from_before():
    """A handler that was set before the run is called in it as well, by the main thread."""
    log = []
    signal.signal(USR1, lambda *args: log.append(threading.current_thread() is threading.main_thread()))
    try:

        def program():
            worker = threading.Thread(target=lambda: os.kill(os.getpid(), USR1))
            worker.start()
            worker.join()
            return len(log)

        detsched.run(program)
        signal.raise_signal(USR1)
    finally:
        signal.signal(USR1, signal.SIG_DFL)

    assert log == [True, True]
