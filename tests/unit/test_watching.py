"""Watched code: which code is, in which forms; who else traces; what stays afterwards."""

import asyncio
import functools
import importlib
import queue
import sys
import textwrap
import threading
import types
import warnings

import pytest

import detsched
from detsched._core import values
from detsched._memory import sites, watching
from detsched._memory.bytecode import instructions

MONITORING = sys.version_info >= (3, 12)


class Counter:
    def __init__(self):
        self.n = 0


def twice(body):
    """The body in two threads."""
    threads = [threading.Thread(target=body) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def outcomes(program, **settings):
    return set(detsched.explore(program, **{"granularity": "access", "runs": 60, **settings}).outcomes)


def plain(counter):
    counter.n += 1


def in_a_lambda(counter):
    (lambda: setattr(counter, "n", counter.n + 1))()


def in_a_comprehension(counter):
    [setattr(counter, "n", counter.n + step) for step in (1,)]


def in_a_generator(counter):
    def steps():
        counter.n += 1
        yield

    for _ in steps():
        pass


def in_a_generator_expression(counter):
    sum(counter.n for _ in range(1))
    counter.n = sum(counter.n + step for step in (1,))


def in_a_coroutine(counter):
    async def step():
        counter.n += 1

    try:
        step().send(None)
    except StopIteration:
        pass


def in_exec(counter):
    exec("counter.n += 1", {"counter": counter})


def decorated(counter):
    @functools.lru_cache(maxsize=None)
    def step(_):
        counter.n += 1

    step(threading.get_ident())


def behind_partial(counter):
    functools.partial(plain, counter)()


def in_a_property(counter):
    class View:
        @property
        def more(self):
            counter.n += 1

    View().more


def called_by_c(counter):
    sorted([1], key=lambda _: plain(counter) or 0)


def in_a_class_body(counter):
    class Step:
        counter.n += 1


def in_a_method(counter):
    class Step:
        def go(self):
            counter.n += 1

    Step().go()


FORMS = [
    plain, in_a_lambda, in_a_comprehension, in_a_generator, in_a_generator_expression, in_a_coroutine, in_exec, decorated, behind_partial,
    in_a_property, called_by_c, in_a_class_body, in_a_method,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_of_code(form):
    """An update is lost wherever the code that makes it stands."""

    def program():
        counter = Counter()
        twice(lambda: form(counter))
        return counter.n

    assert outcomes(program) == {"1", "2"}


def test_a_module_that_the_run_imports(tmp_path, monkeypatch):
    """Code that is imported during the run is watched."""
    (tmp_path / "late_counter.py").write_text("class Late:\n    n = 0\n\ndef step(late):\n    late.n += 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def program():
        module = importlib.import_module("late_counter")
        late = module.Late()
        twice(lambda: module.step(late))
        return late.n

    assert outcomes(program) == {"1", "2"}
    sys.modules.pop("late_counter", None)


def test_a_generator_from_before_the_run():
    """A frame that was there before the run is watched when it goes on."""

    def steps(counter):
        while True:
            counter.n += 1
            yield

    def program(given):
        counter, generators = given
        threads = [threading.Thread(target=next, args=(generator,)) for generator in generators]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return counter.n

    def make():
        counter = Counter()
        generators = [steps(counter), steps(counter)]
        for generator in generators:
            next(generator)
        counter.n = 0
        return counter, generators

    assert outcomes(program, setup=make) == {"1", "2"}


def two_puts():
    jobs = queue.Queue()
    twice(lambda: jobs.put(1))
    return jobs.qsize()


@pytest.mark.parametrize("watch", ["queue", queue, ["queue"], queue.Queue, "queue.Queue.put", queue.__file__], ids=str)
def test_watch_adds(watch):
    """A module, class, function or path; by name or itself."""
    assert detsched.record(two_puts, granularity="access", watch=watch).steps > detsched.record(two_puts, granularity="access").steps


@pytest.mark.parametrize("ignore", [__name__, __file__, [plain]], ids=["module", "path", "function"])
def test_ignore_takes_out(ignore):
    """What is ignored is one step."""

    def program():
        counter = Counter()
        twice(lambda: plain(counter))
        return counter.n

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert outcomes(program, ignore=ignore, runs=30) == {"2"}


def test_nothing_watched_is_a_warning():
    """Where threads run and no code is watched, that it passes says little."""
    program = types.FunctionType(two_puts.__code__, {**globals()}, "program")

    with pytest.warns(UserWarning, match="no code of .* is watched"):
        detsched.explore(program, granularity="access", runs=2, ignore=__file__)


def test_schedules_name_what_was_watched():
    """A token is enough for a replay; what contradicts it is refused."""
    run = detsched.record(two_puts, granularity="access", watch=["queue"], ignore="json.decoder")
    token = str(run.schedule)

    assert ".watch-queue.ignore-json:decoder~" in token
    assert detsched.record(two_puts, schedule=token).steps == run.steps
    with pytest.raises(detsched.InvalidSettings, match="watch"):
        detsched.replay(two_puts, schedule=token, watch=["json"])
    with pytest.raises(detsched.InvalidSettings, match="granularity"):
        detsched.replay(two_puts, schedule=token, granularity="sync")


def test_a_schedule_of_another_granularity_beside_a_search():
    """An example that was recorded at one granularity is tried at that one, whatever the search is at."""

    def program():
        counter = Counter()
        twice(lambda: plain(counter))
        assert counter.n == 2

    token = detsched.explore(program, granularity="access", runs=60).failure.schedule
    test = detsched.example(str(token))(detsched.interleave(granularity="sync", runs=5)(program))

    with pytest.raises(AssertionError):
        test()


def test_the_same_token_on_every_version():
    """How an interpreter compiles the program makes no difference to its accesses."""

    def program():
        counter, table = Counter(), {}
        twice(lambda: (plain(counter), table.setdefault("a", counter.n)))
        return counter.n

    run = detsched.record(program, granularity="access", seed=1)

    for label in ("1", "2"):
        mine = [operation for operation in run.schedule.operations if operation.startswith(label)]
        assert mine == [f"{label} {done}" for done in ("read Counter.n", "write Counter.n", "read Counter.n", "setdefault table['a']")]


# ---------------------------------------------------------------------- other tools


def lost(program_runs=40):
    def program():
        counter = Counter()
        twice(lambda: plain(counter))
        return counter.n

    return outcomes(program, runs=program_runs)


def test_nothing_remains():
    """No tool, no trace function, no event."""
    lost(5)

    assert sys.gettrace() is None
    if MONITORING:
        assert all(sys.monitoring.get_tool(tool) != "detsched" for tool in range(6))
        assert sys.monitoring.get_local_events(4, plain.__code__) == 0 if sys.monitoring.get_tool(4) else True


@pytest.mark.skipif(not MONITORING, reason="monitoring is there from 3.12 on")
@pytest.mark.parametrize("first", [True, False], ids=["there before", "comes during the run"])
def test_a_coverage_tool_beside_ours(first):
    """LINE events of another tool, switched off line by line: both see all they want."""
    monitoring = sys.monitoring
    seen = set()

    def line(code, number):
        if code.co_filename == __file__:
            seen.add(number)
        return monitoring.DISABLE

    def start():
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "some coverage")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, line)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)

    def program():
        if monitoring.get_tool(monitoring.COVERAGE_ID) is None:
            start()
        counter = Counter()
        twice(lambda: plain(counter))
        return counter.n

    if first:
        start()
    try:
        assert outcomes(program, runs=40) == {"1", "2"}
        assert plain.__code__.co_firstlineno + 1 in seen
    finally:
        monitoring.set_events(monitoring.COVERAGE_ID, 0)
        monitoring.free_tool_id(monitoring.COVERAGE_ID)


@pytest.mark.skipif(not MONITORING, reason="monitoring is there from 3.12 on")
def test_no_place_for_a_tool():
    """All places taken: an error that says by whom."""
    taken = [tool for tool in (3, 4, 5) if sys.monitoring.get_tool(tool) is None]
    for tool in taken:
        sys.monitoring.use_tool_id(tool, f"tool {tool}")
    try:
        with pytest.raises(detsched.InvalidSettings, match="tool 4"):
            lost(2)
    finally:
        for tool in taken:
            sys.monitoring.free_tool_id(tool)
    assert lost(40) == {"1", "2"}


def test_a_trace_function_beside_ours():
    """A debugger's trace function gets its events of watched and of other code, and stays."""
    seen = set()

    def trace(frame, event, arg):
        if frame.f_code.co_filename == __file__:
            seen.add((frame.f_code.co_name, event))
        return trace

    def program():
        counter = Counter()
        twice(lambda: plain(counter))
        return counter.n

    before = sys.gettrace()
    sys.settrace(trace)
    threading.settrace(trace)
    try:
        found = outcomes(program, runs=40)
        still = sys.gettrace()
    finally:
        sys.settrace(before)
        threading.settrace(before)

    assert found == {"1", "2"}
    assert still is trace
    assert {("plain", "call"), ("plain", "line"), ("plain", "return"), ("program", "call")} <= seen


def test_a_profiler_beside_ours():
    """So does a profile function."""
    seen = set()
    sys.setprofile(lambda frame, event, arg: seen.add((frame.f_code.co_name, event)))
    try:
        found = lost(40)
    finally:
        sys.setprofile(None)

    assert found == {"1", "2"}
    assert ("twice", "call") in seen


# ---------------------------------------------------------------------- under the bonnet


@pytest.mark.parametrize("name", ["queue", "functools", "logging", "threading", "asyncio.tasks", "contextlib", "typing", "argparse", "json.decoder"])
def test_depths(name):
    """The stack is never deeper than the code object says, and known wherever the code can be reached."""
    module = importlib.import_module(name)
    with open(module.__file__, encoding="utf-8") as file:
        todo = [compile(file.read(), module.__file__, "exec")]
    while todo:
        code = todo.pop()
        found = instructions(code)
        assert all(each.depth <= code.co_stacksize for each in found)
        assert sum(each.depth < 0 for each in found) <= 4
        todo += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def test_a_look_at_variables():
    """As `f_locals` has them, without its effect on them."""

    def function(first, second):
        inner = [first]
        return (lambda: (second, inner)) and values.variables(sys._getframe())

    if values.exact:
        assert {name: value for name, value in function(1, "b").items()} == {"first": 1, "second": "b", "inner": [1]}


def test_what_cannot_be_looked_at_conflicts_with_everything(monkeypatch):
    """Without a look at values races are found all the same, and fixed programs pass."""
    monkeypatch.setattr(sites, "exact", False)
    monkeypatch.setattr(watching, "exact", False)

    def shared_dict(locked):
        table, lock = {"a": 0}, threading.Lock()

        def step():
            if locked:
                with lock:
                    table["a"] += 1
            else:
                table["a"] += 1

        twice(step)
        return table["a"]

    assert lost() == {"1", "2"}
    assert outcomes(lambda: shared_dict(False)) == {"1", "2"}
    assert outcomes(lambda: shared_dict(True)) == {"2"}
    found = detsched.explore(shared_dict, True, granularity="access", runs=20)
    assert found.imprecise > 0
    assert f"{found.imprecise:,} accesses told by the instruction alone" in found.summary()
    run = detsched.record(shared_dict, True, granularity="access")
    assert "accesses told by the instruction alone" in run.report()


def test_a_look_that_fails_is_our_fault(monkeypatch):
    """An error inside the look ends the run as one of detsched, not of the program."""

    def fails(address, name):
        raise ZeroDivisionError

    monkeypatch.setattr(sites, "read_attribute", fails)

    with pytest.raises(detsched.InternalError, match="ZeroDivisionError"):
        lost(2)


# ---------------------------------------------------------------------- granularities, races, the GIL


def step(number):
    return number


def add(counter):
    counter.n += 1


def add_by_call(counter):
    counter.n = step(counter.n) + 1


@pytest.mark.parametrize(
    ("granularity", "body", "expected"),
    [
        ("sync", add, {"2"}), ("sync", add_by_call, {"2"}), ("gil", add, {"2"}), ("gil", add_by_call, {"1", "2"}),
        ("access", add, {"1", "2"}), ("line", add, {"1", "2"}), ("opcode", add, {"1", "2"}),
    ],
)  # fmt: skip
def test_granularities(granularity, body, expected):
    """What each of them shows."""

    def program():
        counter = Counter()
        twice(lambda: body(counter))
        return counter.n

    assert outcomes(program, granularity=granularity) == expected


@pytest.mark.parametrize(("body", "possible"), [(add, False), (add_by_call, True)])
def test_what_the_gil_allows(body, possible):
    """A report says whether this interpreter could have done it."""

    def program():
        counter = Counter()
        twice(lambda: body(counter))
        assert counter.n == 2

    report = detsched.explore(program, granularity="access", runs=60).report()

    assert ("this schedule is possible under the GIL" in report) is possible
    assert ("this schedule is not possible under the GIL" in report) is not possible


def test_a_race_is_a_failure_where_asked_for():
    """Both accesses, with thread, place and locks."""

    def program():
        counter, lock = Counter(), detsched.name(threading.Lock(), "guard")

        def one():
            with lock:
                counter.n = 1

        threads = [threading.Thread(target=one, name="one"), threading.Thread(target=plain, args=(counter,), name="two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with pytest.raises(detsched.DataRaceError) as caught:
        detsched.check(program, granularity="access", races=True)

    said = str(caught.value)
    assert said.startswith("data race on Counter.n: ")
    assert "one write Counter.n at test_watching.py:" in said and "holding guard" in said
    assert "holding no lock" in said
    run = detsched.record(program, granularity="access")
    assert run.failure is None and {race.location for race in run.races} == {"Counter.n"}
    assert "data race on Counter.n" in run.report()


def handed_over_by_an_event():
    counter, ready = Counter(), threading.Event()

    def produce():
        counter.n = 5
        ready.set()

    thread = threading.Thread(target=produce)
    thread.start()
    ready.wait()
    counter.n += 1
    thread.join()


def handed_over_by_a_queue():
    jobs, seen = queue.Queue(), []

    def consume():
        counter = jobs.get()
        seen.append(counter.n)

    thread = threading.Thread(target=consume)
    thread.start()
    counter = Counter()
    counter.n = 7
    jobs.put(counter)
    thread.join()
    return seen


def guarded_by_a_lock():
    counter, lock = Counter(), threading.Lock()

    def body():
        with lock:
            counter.n += 1

    twice(body)


def guarded_by_a_condition():
    counter, condition = Counter(), threading.Condition()

    def produce():
        with condition:
            counter.n = 1
            condition.notify()

    thread = threading.Thread(target=produce)
    thread.start()
    with condition:
        condition.wait_for(lambda: counter.n)
    thread.join()


def atomic_operations():
    table, jobs = {}, []
    twice(lambda: (table.setdefault("a", 1), jobs.append(1)))


@pytest.mark.parametrize(
    "program", [handed_over_by_an_event, handed_over_by_a_queue, guarded_by_a_lock, guarded_by_a_condition, atomic_operations], ids=lambda program: program.__name__
)
def test_no_race(program):
    """What synchronisation orders is no race; that the scheduler ran one after the other orders nothing, and is none either."""
    exploration = detsched.explore(program, granularity="access", races=True, runs=40)

    assert exploration.failure is None


def test_unwinding_through_watched_code():
    """Threads that are parked at accesses when the run fails run their `finally` blocks, accesses included."""
    ended = []

    def program():
        counter = Counter()

        def body():
            try:
                while True:
                    counter.n += 1
            finally:
                counter.n = 0
                ended.append(counter.n)

        twice(body)

    run = detsched.record(program, granularity="access", max_steps=300)

    assert run.failure.kind == "limit"
    assert ended == [0, 0]
    assert lost() == {"1", "2"}


def test_asyncio_in_a_thread():
    """Coroutines that an event loop drives are watched."""

    def program():
        counter = Counter()

        async def main():
            counter.n += 1

        twice(lambda: asyncio.run(main()))
        return counter.n

    assert outcomes(program, runs=30) == {"1", "2"}


def test_a_finalizer_of_a_shared_object():
    """What is shared dies where its last reference goes, and its finalizer is watched: the list is empty before that is done."""
    text = """
    import threading
    class Noisy:
        def __init__(self, log): self.log = log
        def __del__(self): self.log.append("gone")
    def program():
        log = []
        box = [Noisy(log)]
        def drop(): box.clear()
        def look(): log.append(len(box))
        threads = [threading.Thread(target=drop), threading.Thread(target=look)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return log
    """
    variables = {"__name__": "program"}
    exec(textwrap.dedent(text), variables)

    assert outcomes(variables["program"], runs=300) == {"['gone', 0]", "['gone', 1]", "[0, 'gone']", "[1, 'gone']"}


def test_names_that_come_late_and_names_of_arguments():
    """What the program calls an object counts from then on; a container that a thread is given is called what the thread calls it."""

    def step(table):
        table["a"] += 1
        named.n += 1

    named = None

    def program():
        nonlocal named
        named = detsched.name(Counter(), "the total")
        threads = [threading.Thread(target=step, args=({"a": 0},) if number else (shared,)) for number in range(2)]
        threads.append(threading.Thread(target=step, args=(shared,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    shared = {"a": 0}
    touched = {event.object for event in detsched.record(program, granularity="access").trace if event.operation in ("read", "write")}

    assert {"the total.n", "table['a']"} <= touched


def test_finalizers_of_what_was_in_a_container():
    """What only a dead list refers to is finalized within the run, and nothing of it is kept as the run goes on."""
    gone = []

    class Thing:
        def __del__(self):
            gone.append(detsched.current_run() and detsched.current_run().steps)

    def program():
        things = [[Thing()] for _ in range(300)]
        twice(lambda: [part.append(None) for part in things])
        del things[:]
        boxes = [[] for _ in range(300)]
        twice(lambda: [box.append(None) for box in boxes])
        early.append(len(gone))

    early = []
    detsched.record(program, granularity="access", max_steps=None)

    assert len(gone) == 300 and None not in gone
    assert early[0] > 0


def test_finalizers_are_outside_of_what_a_search_covers():
    """Who runs one, and when, depends on who drops the last reference: no operation shows that, so no search is complete."""

    class Connection:
        def __init__(self, closed):
            self.closed = closed

        def __del__(self):
            self.closed.append(1)

    def program(dropped):
        closed = []
        connections = [Connection(closed)]
        threads = [threading.Thread(target=dropped(connections)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(closed)

    beside_others = detsched.explore(program, lambda connections: lambda: connections and connections.clear(), runs=30)
    at_the_end = detsched.explore(program, lambda connections: lambda: len(connections), runs=30)

    assert not beside_others.complete and "finalizers" in beside_others.summary()
    assert beside_others.runs == 30, "random choice goes on where the systematic search has nothing left to try"
    assert at_the_end.complete
