"""The command line on failures: show, and the debugger in a replay. And schedules that are too long for a line."""

import html
import json
import os
import re
import subprocess
import sys
import threading

import pytest

import detsched

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(detsched.__file__)))
RACE = """\
import threading

def add(counter, lock):
    with lock:
        value = counter[0]
    with lock:
        counter[0] = value + 1

def main():
    counter, lock = [0], threading.Lock()
    threads = [threading.Thread(target=add, args=(counter, lock), name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("counted", counter[0])
    assert counter[0] == 2

if __name__ == "__main__":
    main()
"""


def detsched_command(*words, folder, typed="", status=None):
    """What the command prints on standard output and standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "detsched", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": SOURCE, "PYTHONUTF8": "1"}, input=typed, capture_output=True, text=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert status is None or done.returncode == status, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """A folder with a script that fails, and the token of its failure."""
    folder = tmp_path_factory.mktemp("race")
    (folder / "race.py").write_text(RACE, encoding="utf-8")
    _, said = detsched_command("check", "race.py", folder=folder, status=1)
    return folder, re.search(r"--schedule (\S+)", said)[1]


def test_show_prints_the_report_with_the_cause(race):
    """The report goes to standard output, with the cause; what the program prints stays out of it."""
    folder, token = race
    printed, _ = detsched_command("show", token, "race.py", folder=folder, status=1)

    assert printed.startswith("detsched: AssertionError in MainThread at race.py:17")
    assert "the run passes (done, and replayed)" in printed
    assert "counted" not in printed


def test_show_writes_pictures(race):
    """--html writes a page, --json and --mermaid print."""
    folder, token = race
    detsched_command("show", "--html", "race.html", token, "race.py", folder=folder, status=1)
    value, _ = detsched_command("show", "--json", token, "race.py", folder=folder, status=1)
    diagram, _ = detsched_command("show", "--mermaid", token, "race.py", folder=folder, status=1)

    page = (folder / "race.html").read_text(encoding="utf-8")
    assert html.escape("AssertionError in MainThread at race.py:17") in page
    assert json.loads(value)["schedule"] == token
    assert diagram.startswith("sequenceDiagram\n")


def test_show_takes_a_file_and_a_function(race):
    """A schedule file goes by its path; `file.py::name` is a function as a program."""
    folder, _ = race
    found, said = detsched_command("check", "race.py::main", folder=folder, status=1)
    token = re.search(r'schedule="(\S+)"', said)[1]
    (folder / "main.txt").write_text(token, encoding="utf-8")
    printed, _ = detsched_command("show", "main.txt", "race.py::main", folder=folder, status=1)

    assert printed.startswith("detsched: AssertionError in MainThread at race.py:17")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("show", "ds1~nonsense", "race.py"), "truncated or damaged"),
        (("show", "TOKEN", "race.py::nobody"), "no function 'nobody'"),
        (("show", "TOKEN", "gone.py::main"), "no Python file"),
        (("replay", "--schedule", "TOKEN", "--until", "99", "race.py"), "steps 1 to"),
    ],
)
def test_wrong_usage(race, words, wanted):
    """What is wrong is said in one line, with status 2."""
    folder, token = race
    _, said = detsched_command(*(token if word == "TOKEN" else word for word in words), folder=folder, status=2)

    assert wanted in said and "Traceback" not in said


def test_until_stops_after_a_step(race):
    """The replay stops in the thread that did the step; what is looked at takes no step, and the run ends as recorded."""
    folder, token = race
    step = next(e for e in json.loads(detsched_command("show", "--json", token, "race.py", folder=folder)[0])["events"] if e["operation"] == "acquire")
    printed, said = detsched_command(
        "replay", "--until", str(step["step"]), "--schedule", token, "race.py", folder=folder, status=1,
        typed="p 'counter is', counter\np __import__('threading').current_thread().name\nc\n",
    )  # fmt: skip

    assert f"step {step['step']}:" in said
    assert "('counter is', [0])" in printed
    assert "departs" not in said and "AssertionError in MainThread" in said


PLAIN = """\
import threading

class Counter:
    def __init__(self):
        self.n = 0

    def add(self):
        value = self.n
        self.n = value + 1

def main():
    counter = Counter()
    threads = [threading.Thread(target=counter.add, name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.n == 2

main()
"""


def test_debugging_among_accesses(tmp_path):
    """Where accesses are steps, the debugger stops at any of them, shows lines, steps on, and the replay goes on as recorded."""
    (tmp_path / "plain.py").write_text(PLAIN, encoding="utf-8")
    _, said = detsched_command("check", "--granularity", "access", "plain.py", folder=tmp_path, status=1)
    token = re.search(r"--schedule (\S+)", said)[1]
    events = json.loads(detsched_command("show", "--json", token, "plain.py", folder=tmp_path)[0])["events"]
    for event in events:
        if event["function"] != "Counter.add":
            continue
        printed, said = detsched_command(
            "replay", "--until", str(event["step"]), "--schedule", token, "plain.py", folder=tmp_path, status=1,
            typed="p 'value is', value\nn\np 'value is', value\nc\n",
        )  # fmt: skip

        assert f"step {event['step']}:" in said
        assert "('value is', 0)" in printed and "unknown debugging event" not in printed
        assert "departs" not in said and "AssertionError in MainThread" in said


def test_pdb_stops_where_the_program_raised(race):
    """--pdb: post mortem, in the frame that raised."""
    folder, token = race
    printed, _ = detsched_command("replay", "--pdb", "--schedule", token, "race.py", folder=folder, status=1, typed="p 'counter is', counter\nq\n")

    assert "('counter is', [1])" in printed


def test_breakpoint_parks_the_others(tmp_path):
    """breakpoint() in a run: one thread stops, the others and the clock stand still, and stepping goes on under the schedule."""
    (tmp_path / "stops.py").write_text(
        "import threading, time\n"
        "ticks = []\n"
        "def tick():\n"
        "    for _ in range(3):\n"
        "        time.sleep(1)\n"
        "        ticks.append(1)\n"
        "thread = threading.Thread(target=tick, name='ticker')\n"
        "thread.start()\n"
        "time.sleep(1.5)\n"
        "before = time.monotonic(), len(ticks)\n"
        "breakpoint()\n"
        "after = time.monotonic(), len(ticks)\n"
        "thread.join()\n"
        "print('passed by', round(after[0] - before[0], 3), after[1] - before[1], 'in all', len(ticks))\n",
        encoding="utf-8",
    )
    printed, said = detsched_command("run", "stops.py", folder=tmp_path, status=0, typed="import time as t; t.sleep(0.05)\np len(ticks)\nn\nc\n")

    assert "breakpoint in MainThread after step" in said and "the other threads are parked" in said
    assert "passed by 0.0 0 in all 3" in printed


def test_long_schedules_go_into_a_file(tmp_path, monkeypatch):
    """A token of more than 300 characters is saved, and the line to copy names the file; it replays from there."""
    monkeypatch.chdir(tmp_path)

    def program():
        locks = [threading.Lock() for _ in range(2)]

        def work(number):
            for _ in range(80):
                with locks[number]:
                    pass

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        raise KeyError("always")

    run = detsched.record(program, seed=2)
    assert len(str(run.schedule)) > 300
    path = re.search(r'schedule="@([^"]+)"', run.report())[1]

    assert detsched.Schedule.parse(f"@{path}") == run.schedule
    assert detsched.record(program, schedule=f"@{path}").failure.origin == run.failure.origin
    assert sorted(os.listdir(os.path.dirname(path))) == [".gitignore", os.path.basename(path)]
    run.report()
    assert sorted(os.listdir(os.path.dirname(path))) == [".gitignore", os.path.basename(path)]


def test_where_no_file_can_be_written(tmp_path, monkeypatch):
    """Without a place for a file the token is shown in full."""
    from detsched._report import keep

    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(keep, "FOLDER", str(tmp_path / "file" / "below"))

    assert keep.saved(detsched.record(threading.Lock().acquire).schedule) is None
