"""Names in reports: what the program calls its objects."""

import queue
import threading

import pytest

import detsched


class Account:
    shared = None

    def __init__(self):
        self.lock = threading.Lock()


class Register:
    lock = None

    @classmethod
    def open(cls):
        cls.lock = threading.RLock()
        return cls.lock


def attribute():
    with Account().lock:
        pass


def class_attribute():
    with Register.open():
        pass


def variable():
    gate = threading.Lock()
    with gate:
        pass


def second_of_two():
    first, second = threading.Lock(), threading.Lock()
    assert first is not second
    with second:
        pass


def beside_another_thing():
    done, gate = [], threading.Lock()
    with gate:
        done.append(1)


def in_a_list():
    forks = [threading.Lock() for _ in range(3)]
    with forks[1]:
        pass


def over_several_lines():
    gate = threading.Semaphore(
        2
    )
    gate.acquire()


def annotated():
    gate: threading.Lock = threading.Lock()
    with gate:
        pass


def keyword():
    with dict(gate=threading.Lock())["gate"]:
        pass


def in_a_dictionary():
    table = {}
    table["gate"] = threading.Lock()
    with table["gate"]:
        pass


def no_name():
    with threading.Lock():
        pass


def of_the_standard_library():
    jobs = queue.Queue()
    jobs.put(1)


def given():
    with detsched.name(threading.Lock(), "db"):
        pass


@pytest.mark.parametrize(
    ("program", "wanted"),
    [
        (attribute, "Account.lock (test_names.py:"),
        (class_attribute, "Register.lock (test_names.py:"),
        (variable, "gate (test_names.py:"),
        (second_of_two, "second (test_names.py:"),
        (beside_another_thing, "gate (test_names.py:"),
        (in_a_list, "forks #2 (test_names.py:"),
        (over_several_lines, "gate (test_names.py:"),
        (annotated, "gate (test_names.py:"),
        (keyword, "gate (test_names.py:"),
        (in_a_dictionary, "table['gate'] (test_names.py:"),
        (no_name, "Lock (test_names.py:"),
        (of_the_standard_library, "jobs.mutex (test_names.py:"),
        (given, "db"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_called_as_the_program_calls_it(program, wanted):
    """An object is called by the variable or attribute that the line which made it puts it into, and that line."""
    assert detsched.record(program).trace[0].object.startswith(wanted)


def test_objects_of_one_line_are_counted():
    """Two accounts, two locks of one name: the second one says so."""

    def program():
        for account in (Account(), Account()):
            with account.lock:
                pass

    names = [event.object.partition(" (")[0] for event in detsched.record(program).trace]
    assert names == ["Account.lock", "Account.lock", "Account.lock #2", "Account.lock #2"]


def test_names_make_no_difference_to_schedules():
    """A token does not depend on names: the same program with other names replays."""

    def program_of(text):
        def program():
            gate = detsched.name(threading.Lock(), text)
            threads = [threading.Thread(target=gate.__enter__ if not number else gate.locked) for number in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        return program

    token = str(detsched.record(program_of("one"), seed=3).schedule)
    assert str(detsched.record(program_of("other"), schedule=token).schedule) == token


def test_source_that_cannot_be_read():
    """Without source, or with source that has changed into something else, the kind stands for the name."""
    space = {"threading": threading}
    exec(compile("def program():\n    gate = threading.Lock()\n    gate.acquire()\n", "<made up>", "exec"), space)

    assert detsched.record(space["program"]).trace[0].object.startswith("Lock")
