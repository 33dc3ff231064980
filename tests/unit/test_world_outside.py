"""The world outside: pipes, child processes, selectors. Waited for when nobody else can go on, recorded, and the same again."""

import os
import select
import selectors
import socket
import subprocess
import sys
import threading
import time

import pytest

import detsched
from again import again, together

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def python(code):
    """A command that runs a piece of Python, as fast as it starts."""
    return [sys.executable, "-S", "-E", "-c", code]


# ---------------------------------------------------------------------- pipes with both ends inside


def through_a_pipe():
    """One thread sends three bytes, an hour between two of them; main reads until the end."""
    reading, writing = os.pipe()
    came = []

    def send():
        for byte in (b"a", b"b", b"c"):
            time.sleep(3600)
            os.write(writing, byte)
        os.close(writing)

    thread = threading.Thread(target=send)
    thread.start()
    while byte := os.read(reading, 1):
        came.append(byte)
    thread.join()
    os.close(reading)
    return came, round(time.monotonic() / 3600)


def test_a_pipe_between_threads():
    """A reader waits until somebody writes; hours between two bytes take no time."""
    for seed in range(2):
        came, hours = again(through_a_pipe, seed)
        assert came == [b"a", b"b", b"c"]
        assert hours == round(100_000 / 3600) + 3


def test_a_pipe_is_read_when_nobody_else_can_go_on():
    """A thread that waits for a file goes on after everybody who could go on without it, in every order."""
    log = []

    def program():
        reading, writing = os.pipe()
        os.write(writing, b"!")
        log.clear()

        def read():
            os.read(reading, 1)
            log.append("read")

        def work():
            for _ in range(3):
                detsched.yield_point()
            log.append("worked")

        together(read, work)
        os.close(reading)
        os.close(writing)
        return list(log)

    assert {str(again(program, seed)) for seed in range(10)} == {"['worked', 'read']"}


def test_nobody_writes():
    """Waiting for a pipe whose other end is inside, when nobody can write any more, is a deadlock, and it is said at once."""

    def program():
        reading, writing = os.pipe()
        try:
            os.read(reading, 1)
        finally:
            os.close(reading)
            os.close(writing)

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"
    assert "MainThread waits" in str(failure.exception)


def test_a_pipe_and_a_lock_make_a_deadlock():
    """Two threads, one waiting for a byte with a lock in its hand, the other for the lock before it sends the byte."""

    def program():
        reading, writing = os.pipe()
        lock, has_it = threading.Lock(), threading.Event()

        def reader():
            with lock:
                has_it.set()
                os.read(reading, 1)

        def writer():
            has_it.wait()
            with lock:
                os.write(writing, b"!")

        try:
            together(reader, writer, names=["reader", "writer"])
        finally:
            os.close(reading)
            os.close(writing)

    failure = detsched.record(program).failure

    assert failure.kind == "deadlock"
    assert "reader" in str(failure.exception) and "writer" in str(failure.exception)


def test_a_socket_pair():
    """The ends of a socket pair are inside as well, as seen through select."""

    def program():
        one, other = socket.socketpair()
        with one, other:

            def answer():
                time.sleep(3600)
                other.sendall(b"hello")

            thread = threading.Thread(target=answer)
            thread.start()
            before = time.monotonic()
            ready = [select.select([one], [], [], 60)[0], select.select([one], [], [], 7200)[0]]
            passed = time.monotonic() - before
            thread.join()
            return [len(found) for found in ready], one.recv(5), round(passed)

    for seed in range(2):
        assert again(program, seed) == ([0, 1], b"hello", 3600)


@pytest.mark.parametrize("name", ["DefaultSelector", "SelectSelector", "PollSelector", "EpollSelector"])
def test_selectors(name):
    """Each kind of selector waits in the run's time, for what is written there."""
    kind = getattr(selectors, name, None)
    if kind is None:
        pytest.skip(f"this system has no {name}")

    def program():
        reading, writing = os.pipe()
        with kind() as selector:
            selector.register(reading, selectors.EVENT_READ, "the pipe")
            threading.Timer(3600, lambda: os.write(writing, b"!")).start()
            before = time.monotonic()
            found = [[key.data for key, _ in selector.select(timeout)] for timeout in (0, 1800, None, 0)]
            passed = time.monotonic() - before
        os.close(reading)
        os.close(writing)
        return found, round(passed)

    for seed in range(2):
        assert again(program, seed) == ([[], [], ["the pipe"], ["the pipe"]], 3600)


def test_select_for_writing():
    """A pipe with room can be written to at once, and a full one when somebody has read."""

    def program():
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        room = [select.select([], [writing], [], 1)[1] == [writing]]
        try:
            while True:
                os.write(writing, bytes(65536))
        except BlockingIOError:
            pass
        room.append(select.select([], [writing], [], 1)[1] == [writing])
        threading.Timer(10, lambda: os.read(reading, 1 << 20)).start()
        room.append(select.select([], [writing], [], 3600)[1] == [writing])
        os.close(reading)
        os.close(writing)
        return room

    assert again(program) == [True, False, True]


def test_select_as_sleep():
    """`select` with no files is a sleep."""

    def program():
        select.select([], [], [], 3600)
        return round(time.monotonic())

    assert again(program) == 103_600


def test_reading_a_file_is_no_waiting(tmp_path):
    """A regular file is read at once: no operation."""
    (tmp_path / "file").write_bytes(b"content")

    def program():
        fd = os.open(tmp_path / "file", os.O_RDONLY)
        try:
            return os.read(fd, 100)
        finally:
            os.close(fd)

    run = detsched.record(program)

    assert run.value == b"content"
    assert run.steps == 0


def test_files_are_undone():
    """After the run each function is the interpreter's own."""
    before = os.read, os.pipe, select.select, socket.socketpair, selectors.DefaultSelector.select

    detsched.run(through_a_pipe)

    assert (os.read, os.pipe, select.select, socket.socketpair, selectors.DefaultSelector.select) == before


# ---------------------------------------------------------------------- child processes


def test_a_child():
    """`subprocess.run` in its forms: status, output, errors, input, text."""

    def program():
        script = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('said'); sys.exit(3)"
        captured = subprocess.run(python(script), input="hello", capture_output=True, text=True)
        plain = subprocess.run(python("pass"))
        checked = subprocess.check_output(python("print(input())"), input=b"x\n")
        try:
            subprocess.run(python("raise SystemExit(5)"), check=True)
        except subprocess.CalledProcessError as error:
            status = error.returncode
        return captured.returncode, captured.stdout, captured.stderr, plain.returncode, checked, status

    assert again(program) == (3, "HELLO", "said", 0, b"x\n", 5)


def test_popen():
    """`Popen` by hand: poll, wait, communicate, and its files."""

    def program():
        with subprocess.Popen(python("print('one'); print('two')"), stdout=subprocess.PIPE, text=True) as process:
            lines = list(process.stdout)
        with subprocess.Popen(python("print(input())"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            out, err = other.communicate("through")
        third = subprocess.Popen(python("pass"))
        return lines, process.returncode, out, err, other.poll(), third.wait(), third.poll()

    assert again(program) == (["one\n", "two\n"], 0, "through\n", None, 0, 0, 0)


def test_other_threads_go_on_while_a_child_works():
    """Waiting for a child is waiting for the world outside: everybody else goes on first, at no virtual cost."""

    def program():
        log = []

        def child():
            subprocess.run(python("pass"))
            log.append("child")

        def work():
            for _ in range(5):
                detsched.yield_point()
            log.append("work")

        together(child, work)
        return log

    for seed in range(2):
        assert again(program, seed) == ["work", "child"]


def test_children_of_several_threads():
    """Several children at a time: who ends first is in the schedule."""

    def program():
        came = []

        def child(number):
            came.append((number, subprocess.check_output(python(f"print({number})"))))

        together(*[lambda number=number: child(number) for number in range(3)])
        return came

    run = detsched.record(program)

    assert run.failure is None, run.report()
    assert sorted(run.value) == [(number, b"%d\n" % number) for number in range(3)]
    assert detsched.replay(program, schedule=str(run.schedule)) == run.value


TIMEOUTS = {
    "run": lambda process: subprocess.run(process, timeout=0.2),
    "run, capturing": lambda process: subprocess.run(process, timeout=0.2, capture_output=True),
    "check_output": lambda process: subprocess.check_output(process, timeout=0.2),
    "call": lambda process: subprocess.call(process, timeout=0.2),
}


@pytest.mark.parametrize("way", TIMEOUTS)
def test_a_child_that_takes_too_long(way):
    """A timeout is waited for in real time while a child works, and then it fires; the child is killed as outside."""

    def program():
        before = time.monotonic()
        with pytest.raises(subprocess.TimeoutExpired):
            TIMEOUTS[way](python("import time; time.sleep(60)"))
        return round(time.monotonic() - before, 1)

    began = time.perf_counter()
    assert detsched.run(program) == 0.2
    assert 0.2 <= time.perf_counter() - began < 3


def test_a_timeout_that_does_not_fire():
    """A child that ends in time is no timeout, however many virtual hours would be at hand."""
    assert again(lambda: subprocess.run(python("pass"), timeout=3600).returncode) == 0
    assert again(lambda: subprocess.run(python("print(1)"), timeout=3600, capture_output=True).stdout) == b"1\n"


def test_a_child_and_a_sleeper():
    """While a child is at work the clock does not run ahead: a timer of an hour does not come before its end."""

    def program():
        log = []
        timer = threading.Timer(3600, lambda: log.append("timer"))
        timer.start()
        subprocess.run(python("pass"))
        log.append("child")
        timer.join()
        return log

    began = time.perf_counter()
    for seed in range(2):
        assert again(program, seed) == ["child", "timer"]
    assert time.perf_counter() - began < 10


def test_a_child_is_not_under_control():
    """In a child time and randomness are real, and it may use all CPUs."""

    def program():
        script = "import time, os; print(time.time()); print(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else 0)"
        return subprocess.check_output(python(script)).split()

    seconds, cpus = detsched.run(program)

    assert abs(float(seconds) - time.time()) < 60
    if hasattr(os, "sched_getaffinity"):
        assert int(cpus) == len(os.sched_getaffinity(0))


def test_no_such_program():
    """A program that does not exist is the same error as outside."""

    def program():
        with pytest.raises(FileNotFoundError, match="no-such-program"):
            subprocess.run(["/no-such-program"])
        return "fine"

    assert again(program) == "fine"


def test_a_child_that_nobody_waits_for_hangs_no_run():
    """A run may end while a child is still at work."""
    kept = []

    def program():
        kept.append(subprocess.Popen(python("import time; time.sleep(60)")))
        return "fine"

    assert detsched.run(program) == "fine"
    kept[0].kill()
    assert kept[0].wait() == -9


def test_a_lock_held_while_waiting_for_a_child():
    """Others that want the lock wait as long, and there is no deadlock."""

    def program():
        lock, log = threading.Lock(), []

        def body(name):
            with lock:
                subprocess.run(python("pass"))
                log.append(name)

        together(lambda: body("a"), lambda: body("b"))
        return sorted(log)

    assert again(program) == ["a", "b"]


# ---------------------------------------------------------------------- fork


def forked(child):
    """The exit status of a child process that runs a function, waited for under control."""
    pid = os.fork()
    if pid == 0:
        try:
            status = child()
        except BaseException:
            status = 99
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fork_and_wait():
    """`os.fork`, `os._exit` in the child, and `waitpid`, `wait` and `waitid` in the parent."""

    def program():
        found = [forked(lambda: 7)]
        if os.fork() == 0:
            os._exit(8)
        found.append(os.waitstatus_to_exitcode(os.wait()[1]))
        pid = os.fork()
        if pid == 0:
            os._exit(9)
        found.append(os.waitid(os.P_PID, pid, os.WEXITED).si_status)
        return found

    assert again(program) == [7, 8, 9]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_is_like_any_process():
    """A forked child is not under control: its time is real, its threads run, its locks work, and it can fork again."""
    now = time.time()

    def child():
        assert detsched.current_run() is None
        assert abs(time.time() - now) < 60
        lock, done = threading.Lock(), []

        def body():
            with lock:
                done.append(1)

        together(body, body)
        return len(done)

    def program():
        lock = threading.Lock()

        def body():
            with lock:
                pass

        other = threading.Thread(target=body)
        other.start()
        status = forked(child)
        other.join()
        return status

    for seed in range(2):
        assert again(program, seed) == 2


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_run_in_a_forked_child():
    """A forked child may make runs of its own."""

    def child():
        return detsched.run(lambda: together(int, int) or 5)

    assert again(lambda: forked(child)) == 5


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_pipe_to_a_forked_child():
    """A pipe whose other end a child has is of the world outside."""

    def program():
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(writing, b"from the child")
            os._exit(0)
        os.close(writing)
        came = []
        while piece := os.read(reading, 100):
            came.append(piece)
        os.close(reading)
        os.waitpid(pid, 0)
        return b"".join(came)

    assert again(program) == b"from the child"


NO_CHILD = """
import os, detsched

def program():
    said = []
    for wait in (os.wait, lambda: os.waitpid(-1, 0)):
        try:
            wait()
        except ChildProcessError:
            said.append("no child")
    return said

run = detsched.record(program)
assert run.value == detsched.replay(program, schedule=run.schedule) == ["no child"] * 2
"""


def test_waiting_for_no_child():
    """No child to wait for is the same error as outside. In a process of its own: others may have helpers of the standard library."""
    done = subprocess.run([sys.executable, "-c", NO_CHILD], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr


def test_children_are_undone():
    """After the run each function is the interpreter's own."""
    names = "_wait", "communicate", "_execute_child"
    before = [os.waitpid, os.wait, os.waitid, *[vars(subprocess.Popen)[name] for name in names]]

    detsched.run(lambda: subprocess.run(python("pass")))

    assert [os.waitpid, os.wait, os.waitid, *[vars(subprocess.Popen)[name] for name in names]] == before
