"""Real bugs in real packages: are they found, do their tokens replay in other processes, and do the fixed versions pass?

Ten bugs that shipped, each as plain threads and the package. With the settings of `check`, and `watch` set to the package:

- the version that has the bug fails within 500 runs;
- the token of that failure leads to the same failure, 100 of 100 times in fresh processes with random hash seeds;
- the version that fixed it passes 2,000 runs.

    python benchmarks/zoo.py
    python benchmarks/zoo.py --replays 5 --only Z02 Z12 --packages some/folder
    python benchmarks/zoo.py --granularity sync --strategy random --runs 2000      the four that need no finer yield points

The pinned versions are inputs of this benchmark, never dependencies: they are installed into a scratch folder (--packages keeps
it). Z06 is a bug of the standard library: it is there up to CPython 3.11 and gone in 3.12, so it takes one interpreter of each.
Exit status 1 if the bar is missed.
"""

import argparse
import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import detsched  # noqa: E402

RUNS = 500
"""Within which a bug has to be found."""
RUNS_OF_FIXED = 2000
SECONDS = 300
"""When a process is taken to hang."""


# ---------------------------------------------------------------- the scenarios: plain threads and the package

def in_threads(*calls):
    """Each call in a thread of its own; the first error that one of them had is raised here, after all have ended."""
    errors = []

    def guarded(call):
        try:
            call()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


def z01():
    """mock: two threads that first ask for an attribute get two different mocks."""
    from mock import Mock

    def scenario():
        client, services = Mock(), []
        in_threads(*[lambda: services.append(client.service)] * 2)
        assert services[0] is services[1] is client.service, "one attribute, two mocks"

    return scenario


def z02():
    """cachetools: a memoized function with a lock gives two first callers two different objects for one key."""
    from cachetools import LRUCache, cached

    def scenario():
        @cached(LRUCache(maxsize=4), lock=threading.Lock())
        def session(host):
            return [host]

        sessions = []
        in_threads(*[lambda: sessions.append(session("localhost"))] * 2)
        first, second = sessions
        assert first is second, "one key, two sessions"

    return scenario


def z03():
    """paho-mqtt: two threads get the same number for their messages."""
    from paho.mqtt.client import Client

    def scenario():
        client, numbers = Client("client"), []
        in_threads(*[lambda: numbers.append(client._mid_generate())] * 2)
        assert len(set(numbers)) == 2, f"two messages have one number: {numbers}"

    return scenario


class Part:
    """Two properties, each of which may ask the other one of another part. No part asks itself, not even by a detour."""

    def __init__(self, other=None):
        self.other = other

    @functools.cached_property
    def width(self):
        return self.other.height + 1 if self.other else 1

    @functools.cached_property
    def height(self):
        return self.other.width + 1 if self.other else 1


def z06():
    """functools.cached_property: one lock for a property of all instances, so unrelated instances deadlock."""

    def scenario():
        door, window = Part(Part()), Part(Part())
        in_threads(lambda: door.width, lambda: window.height)
        assert (door.width, window.height) == (2, 2)

    return scenario


def z08():
    """kafka-python: a callback that is added while the answer arrives is never called."""
    from kafka.future import Future

    def scenario():
        future, answers = Future(), []
        in_threads(lambda: future.add_callback(answers.append), lambda: future.success(7))
        assert answers == [7], "the callback was never called"

    return scenario


def z10():
    """Pykka: a request that is queued behind the actor's stop is dropped, and whoever waits for the answer waits for ever."""
    import pykka

    class Clerk(pykka.ThreadingActor):
        def __init__(self, opening):
            super().__init__()
            self.opening = opening

        def on_receive(self, message):
            if message["kind"] == "open":
                self.opening.wait()
            return message["kind"]

    def scenario():
        opening = threading.Event()
        clerk = Clerk.start(opening)
        clerk.tell({"kind": "open"})  # while the clerk waits for the opening, the two below queue up
        answers = []
        in_threads(
            lambda: answers.append(clerk.ask({"kind": "question"}, block=False)),
            lambda: clerk.stop(block=False),
        )
        opening.set()
        try:
            answers[0].get()
        except pykka.ActorDeadError:
            pass  # told that it will not be answered: that is an answer

    return scenario


def z11():
    """fsspec: a folder in memory is listed while a file is written."""
    from fsspec.implementations.memory import MemoryFileSystem

    def scenario():
        MemoryFileSystem.store = {}
        files = MemoryFileSystem(skip_instance_cache=True)
        files.pipe_file("/a", b"1")
        files.pipe_file("/b", b"2")
        in_threads(lambda: files.ls("/"), lambda: files.pipe_file("/c", b"3"))

    return scenario


def z12():
    """peewee: close_all takes the pool's lock, then the database's; connect takes them the other way round."""
    from playhouse.pool import PooledSqliteDatabase

    def scenario():
        database = PooledSqliteDatabase(":memory:", check_same_thread=False, max_connections=3)

        def use():
            database.connect()
            database.close()

        in_threads(use, database.close_all)

    return scenario


def z18():
    """loguru: a sink drops the last reference to an object whose finalizer logs: the thread waits for the lock that it holds."""
    from loguru import logger

    class Connection:
        def __del__(self):
            logger.debug("closed")

    def scenario(_):
        sys.unraisablehook = lambda unraisable: None  # the finalizer of the deadlocked thread is unwound, too
        open_ones, lengths = [Connection()], []

        def sink(message):
            if "report" in message:
                snapshot = list(open_ones)
                lengths.append(len(snapshot))
                del snapshot

        logger.add(sink, format="{message}")
        in_threads(lambda: logger.info("report"), open_ones.clear)
        logger.remove()

    def setup():
        # The logger is the package's own: it keeps the sink of a run that did not end, and remembers who has logged before.
        logger.remove()
        logger.add(str)
        logger.info("warm")
        logger.remove()

    scenario.setup = setup
    return scenario


def z19():
    """limits: two hits at once count as one."""
    from limits.storage import MemoryStorage

    def scenario():
        MemoryStorage._MemoryStorage__schedule_expiry = lambda self: None  # its timer has another race, which is not fixed
        storage = MemoryStorage()
        storage.timer.cancel()
        storage.timer.join()
        storage.incr("key", 3600)
        in_threads(*[lambda: storage.incr("key", 3600)] * 2)
        assert storage.get("key") == 3, "a hit is lost"

    return scenario


class Bug(NamedTuple):
    """Scenario, the versions that have the bug and its fix, what it fails as, the packages to watch, the granularity it takes."""

    scenario: Callable[[], Callable[[], object]]
    buggy: str
    fixed: str
    kind: str
    watch: tuple[str, ...]
    granularity: str


ZOO = {
    "Z01": Bug(z01, "mock==4.0.3", "mock==5.0.0", "exception", ("mock",), "access"),
    "Z02": Bug(z02, "cachetools==4.1.1", "cachetools==4.2.0", "exception", ("cachetools",), "sync"),
    "Z03": Bug(z03, "paho-mqtt==1.3.1", "paho-mqtt==1.4.0", "exception", ("paho",), "access"),
    "Z06": Bug(z06, "CPython<3.12", "CPython>=3.12", "deadlock", ("functools",), "sync"),
    "Z08": Bug(z08, "kafka-python==2.1.0", "kafka-python==2.1.1", "exception", ("kafka",), "access"),
    "Z10": Bug(z10, "Pykka==1.1.0", "Pykka==1.2.0", "deadlock", ("pykka",), "sync"),
    "Z11": Bug(z11, "fsspec==2022.1.0", "fsspec==2022.2.0", "exception", ("fsspec",), "access"),
    "Z12": Bug(z12, "peewee==4.0.5", "peewee==4.0.6", "deadlock", ("peewee", "playhouse"), "sync"),
    "Z18": Bug(z18, "loguru==0.6.0", "loguru==0.7.0", "deadlock", ("loguru",), "access"),
    "Z19": Bug(z19, "limits==4.0.1", "limits==4.1", "exception", ("limits",), "access"),
}


# ---------------------------------------------------------------- in a process of its own

def search(bug, fixed, settings):
    """Whether the version with the bug fails, and with which token; or how many runs of the fixed version fail."""
    if settings["granularity"] != "sync":
        settings["watch"] = bug.watch
    scenario = bug.scenario()
    settings["setup"] = getattr(scenario, "setup", None)
    found = detsched.explore(scenario, keep_going=False, **{**settings, **({"runs": RUNS_OF_FIXED} if fixed else {})})
    runs = found.runs
    if fixed and not found.failure and not found.complete and runs < RUNS_OF_FIXED:
        # Every ordering was run, but something outside may have its own: the rest at random.
        found = detsched.explore(scenario, keep_going=False, **{**settings, "strategy": "random", "runs": RUNS_OF_FIXED - runs})
        runs += found.runs
    failure = found.failure
    if failure is None:
        return {"runs": runs, "failed": 0, "steps": found.steps, "complete": found.complete}
    return {
        "runs": runs,
        "failed": 1,
        "kind": failure.kind,
        "origin": list(failure.origin),
        "said": str(failure),
        "token": str(failure.schedule) if failure.schedule is not None else "",
    }


def again(scenario, token):
    """What a schedule comes to."""
    failure = detsched.record(scenario, schedule=token, setup=getattr(scenario, "setup", None)).failure
    return {"kind": failure and failure.kind, "origin": failure and list(failure.origin)}


def work(name, folder, token, settings):
    if folder:
        sys.path.insert(0, folder)
    bug = ZOO[name]
    importlib.import_module(bug.watch[0])  # before control begins, as a test-suite would
    fixed = token == "fixed"
    print(json.dumps(again(bug.scenario(), token) if token and not fixed else search(bug, fixed, json.loads(settings))))


# ---------------------------------------------------------------- around them

def process(python, name, folder, token, settings):
    """What one fresh process with a random hash seed answers, or what went wrong with it."""
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    command = [python, __file__, "--work", name, folder, token, json.dumps(settings)]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return {"broken": f"no end within {SECONDS} s"}
    if done.returncode:
        return {"broken": (done.stderr.strip().splitlines() or ["it said nothing"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def installed(python, packages, pin):
    """A folder that holds a pinned version."""
    folder = os.path.join(packages, pin)
    if not os.path.isdir(folder):
        # Into another name first: an interrupted installation must not be taken for a whole one.
        partial = folder + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", partial, pin],
            check=True,
            stderr=subprocess.PIPE,
        )
        os.rename(partial, folder)
    return folder


def version_of(python):
    """The version of an interpreter, () if it does not run (a pyenv shim of a version that is not selected, say)."""
    try:
        said = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:3])"], capture_output=True, text=True, timeout=30)
    except OSError:
        return ()
    return tuple(map(int, said.stdout.split())) if said.returncode == 0 else ()


def interpreter(wanted):
    """This interpreter, or one from PATH or pyenv, whose version is as wanted; None if there is none."""
    pyenv = os.environ.get("PYENV_ROOT", os.path.expanduser(os.path.join("~", ".pyenv")))
    candidates = [sys.executable]
    candidates += filter(None, (shutil.which(f"python3.{minor}") for minor in range(11, 20)))
    candidates += sorted(glob(os.path.join(pyenv, "versions", "3.*", "bin", "python")))
    return next((python for python in candidates if version_of(python) >= (3, 11) and wanted(version_of(python))), None)


def examine(name, options, packages):
    """A line of the table, and whether the bar is met; None where it could not be checked."""
    bug = ZOO[name]
    buggy, fixed, kind = bug.buggy, bug.fixed, bug.kind
    settings = {"granularity": options.granularity, "strategy": options.strategy, "runs": options.runs}
    if name == "Z06":
        python, fixed_python = interpreter(lambda version: version < (3, 12)), options.python_fixed
        if not fixed_python:
            fixed_python = interpreter(lambda version: version >= (3, 12))
        folder = fixed_folder = ""
        if not python:
            return f"{name}  not checked: no CPython 3.11 found, which has the bug", None
        if not fixed_python:
            return f"{name}  not checked: no CPython 3.12 or later found, name one with --python-fixed", None
        buggy, fixed = (f"CPython {'.'.join(map(str, version_of(each)))}" for each in (python, fixed_python))
    else:
        python = fixed_python = sys.executable
        folder, fixed_folder = (installed(python, packages, pin) for pin in (buggy, fixed))

    found = process(python, name, folder, "", settings)
    fine = process(fixed_python, name, fixed_folder, "fixed", settings)
    wrong = []
    if "broken" in found:
        wrong.append(f"the search broke: {found['broken']}")
    elif not found["failed"]:
        wrong.append("not found")
    elif found["kind"] != kind:
        wrong.append(f"found as {found['kind']}: {found['said'][:300]}")
    if "broken" in fine:
        wrong.append(f"the fixed version broke: {fine['broken']}")
    elif fine["failed"]:
        wrong.append(f"the fixed version fails: {fine['said'][:120]}")
    elif not fine["steps"] or fine["runs"] < RUNS_OF_FIXED and not fine["complete"]:
        wrong.append("the fixed version was not run")

    same = 0
    if found.get("token"):
        with ThreadPoolExecutor(options.jobs) as pool:
            replays = list(pool.map(lambda _: process(python, name, folder, found["token"], {}), range(options.replays)))
        same = sum(replay.get("kind") == found["kind"] and replay.get("origin") == found["origin"] for replay in replays)
        if same < options.replays:
            other = next(replay for replay in replays if replay.get("origin") != found["origin"])
            wrong.append(f"a replay came to {str(other)[:300]}")

    line = (
        f"{name}  {buggy:20} {found.get('kind', '-'):10} {found.get('runs', '-'):>6}  {same:>3} of {options.replays:<3}"
        f"  {fixed:20} {fine.get('failed', '-'):>2} of {fine.get('runs', 0):<5}{'all' if fine.get('complete') else '   '}  {'; '.join(wrong) or 'ok'}"
    )
    return line, not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--packages", metavar="DIR", help="where the pinned versions are, or are to be kept (a temporary folder)")
    parser.add_argument("--replays", type=int, default=100, help="in how many processes each token is replayed (100)")
    parser.add_argument("--python-fixed", metavar="PYTHON", help="a CPython 3.12 or later, for the fixed version of Z06 (looked for)")
    parser.add_argument("--only", nargs="+", choices=list(ZOO), default=list(ZOO), help="some of the bugs")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes at a time (2)")
    parser.add_argument("--granularity", default="access", help="where yield points are (access)")
    parser.add_argument("--strategy", default="auto", help="who chooses (auto)")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"within how many runs the bugs have to be found ({RUNS})")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(*options.work)
    if options.python_fixed and version_of(options.python_fixed) < (3, 12):
        parser.error(f"--python-fixed {options.python_fixed}: this is no CPython 3.12 or later that runs")

    print(f"detsched {detsched.__version__}, CPython {sys.version.split()[0]}, granularity {options.granularity}, strategy {options.strategy}")
    print("bug  buggy version        found as   at run  replays     fixed version   runs that fail")
    met = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.only:
            if options.granularity == "sync" != ZOO[name].granularity:
                continue
            line, fine = examine(name, options, os.path.abspath(options.packages or scratch))
            print(line, flush=True)
            met.append(fine)
    unchecked = f", {met.count(None)} not checked" if None in met else ""
    print(f"{len(met)} bugs, {met.count(True)} as they should be{unchecked}")
    return 1 if False in met else 0


if __name__ == "__main__":
    sys.exit(main())
