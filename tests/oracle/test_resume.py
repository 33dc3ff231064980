"""A search that was stopped goes on from its file: with exactly the runs that it would have made uninterrupted."""

import itertools
import json
import queue
import re
import threading
import time

import pytest

import detsched
from detsched.strategies import DFS, DPOR, Auto, Bounded, RandomWalk
from drawn import drawn


class Noting:
    """Notes the runs that count."""

    def __init__(self, made, *args):
        super().__init__(*args)
        self._made = made

    def end(self, log, failures):
        self._made.append((tuple(thread.label for thread in log.threads), tuple(log.answers)))
        return super().end(log, failures)


LARGE = (301, 1252, 1345, 1628, 2207, 2224)
"""Programs with some fifty orderings each."""
KINDS = {
    "dpor": lambda made: type("Noted", (Noting, DPOR), {})(made),
    "dfs": lambda made: type("Noted", (Noting, DFS), {})(made),
    "auto": lambda made: type("Noted", (Noting, Auto), {})(made),
    "random": lambda made: type("Noted", (Noting, RandomWalk), {})(made),
    "preemptions": lambda made: type("Noted", (Noting, Bounded), {})(made, "preemptions", 2),
    "delays": lambda made: type("Noted", (Noting, Bounded), {})(made, "delays", 2),
}


def program_of(text):
    """The program of a text, as one of no arguments."""
    code = compile(text, "program.py", "exec")

    def program():
        scope = {name: getattr(threading, name) for name in threading.__all__}
        scope |= {"sleep": time.sleep, "choose": detsched.choose, "yield_point": detsched.yield_point, "access": detsched.access}
        scope["SimpleQueue"] = queue.SimpleQueue
        exec(code, scope)
        log = []
        scope["program"](log)
        return sorted(log)

    return program


def explored(program, kind, runs, path=None, **settings):
    """The exploration, and the runs that it made."""
    made = []
    return detsched.explore(program, strategy=lambda: KINDS[kind](made), runs=runs, resume=path, granularity="sync", **settings), made


def in_words(exploration):
    """What was found, but for how long it took."""
    counts = {outcome: witness.count for outcome, witness in exploration.outcomes.items()}
    summary = re.sub(r", [\d,]+ runs/s", "", exploration.summary())
    return summary, counts, [str(failure) for failure in exploration.failures], exploration.steps, exploration.estimate


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pieces", [(1,), (5, 20)])
def test_the_same_runs(kind, pieces, tmp_path):
    """Random programs, stopped once or twice, anywhere: the same runs in the same order, and the same said of them in the end."""
    for seed in LARGE[pieces[0] % 4 :: 4]:
        program, path = program_of(drawn(seed)), tmp_path / f"{seed}.json"
        whole, expected = explored(program, kind, 36)
        made = []
        for piece in itertools.chain(pieces, [36 - sum(pieces)]):
            found, more = explored(program, kind, piece, path)
            made += more

        assert made == expected, f"seed {seed}"
        assert in_words(found)[1:4] == in_words(whole)[1:4]
        assert (found.complete, found.redundant, found.cut, found.runs) == (whole.complete, whole.redundant, whole.cut, whole.runs)


def counter():
    """Three threads count without a lock; the value is what came of it."""
    value = [0]

    def count():
        detsched.access(value, write=False)
        now = value[0]
        detsched.access(value, write=True)
        value[0] = now + 1

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value[0] > 1
    return value[0]


def test_a_search_that_is_complete_makes_no_more_runs(tmp_path):
    """Resumed when there is nothing left, it says what it knew, without a run."""
    path = tmp_path / "counter.json"
    whole, _ = explored(counter, "dpor", None, path)
    again, more = explored(counter, "dpor", None, path)

    assert whole.complete
    assert more == []
    assert in_words(again)[:4] == in_words(whole)[:4]
    assert again.failure.origin == whole.failure.origin
    assert again.run_of(again.failure).report() == whole.run_of(whole.failure).report()


def test_an_interrupt_keeps_what_was_done(tmp_path):
    """Ctrl-C in the middle of a run: that run does not count, and is the first one when the search goes on."""
    path, calls = tmp_path / "counter.json", []

    def program():
        calls.append(1)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return counter()

    _, expected = explored(counter, "dpor", None)
    first, made = explored(program, "dpor", None, path)
    found, more = explored(program, "dpor", None, path)

    assert first.interrupted
    assert made + more == expected
    assert (found.complete, found.interrupted) == (True, False)


def test_check_is_interrupted_with_its_file_written(tmp_path):
    """Under `check` the interrupt goes on to the caller, when the file is written."""
    path, calls = tmp_path / "search.json", []

    def program():
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        for _ in range(2):
            detsched.yield_point()

    with pytest.raises(KeyboardInterrupt) as caught:
        detsched.check(program, strategy="random", resume=path, runs=9)

    assert "interrupted" in caught.value.__notes__[0]
    assert json.loads(path.read_text())["runs"] == 4


def test_objects_made_before_the_runs(tmp_path):
    """A lock of the module has a name that holds in the file; two that were made in one place have none, and that is said."""
    lock = detsched.threading.Lock()

    def one():
        threads = [threading.Thread(target=lambda: lock.acquire() and lock.release()) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    _, expected = explored(one, "dpor", None)
    _, made = explored(one, "dpor", 4, tmp_path / "one.json")
    _, more = explored(one, "dpor", None, tmp_path / "one.json")

    assert len(expected) == 6
    assert made + more == expected

    pair = [detsched.threading.Lock() for _ in range(2)]

    def two():
        for lock in pair:
            with lock:
                pass

    with pytest.raises(detsched.InvalidSettings, match="make them inside the program, or in setup="):
        explored(two, "dpor", 1, tmp_path / "two.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data | {"version": 99}, "version 99"),
        (lambda data: data | {"format": "else"}, "no search of detsched"),
        (lambda data: data | {"search": {}}, "damaged"),
        (lambda data: data | {"outcomes": {"1": [1, "nonsense"]}}, "damaged"),
        (lambda data: data | {"terms": data["terms"] | {"Python": "2.7"}}, "made with Python 2.7"),
        (lambda data: [data], "no search of detsched"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(change, said, tmp_path):
    """Another format, another program, other settings: the message says what differs, and what to do."""
    path = tmp_path / "search.json"
    explored(counter, "dpor", 5, path)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))

    with pytest.raises(detsched.InvalidSettings, match=said) as caught:
        explored(counter, "dpor", 5, path)

    assert "Name another file, or remove it" in str(caught.value)


def test_other_settings_and_programs_are_refused(tmp_path):
    """What runs depend on has to be as it was."""
    path = tmp_path / "search.json"
    explored(counter, "dpor", 5, path)

    with pytest.raises(detsched.InvalidSettings, match="timeouts idle, and now it is any"):
        explored(counter, "dpor", 5, path, timeouts="any")
    with pytest.raises(detsched.InvalidSettings, match="program counter"):
        explored(program_of(drawn(1)), "dpor", 5, path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(detsched.InvalidSettings, match="cut off"):
        explored(counter, "dpor", 5, path)


def test_places_that_cannot_be_written(tmp_path):
    """Said at the end of the search, or after its first second, with the path."""
    with pytest.raises(detsched.InvalidSettings, match="cannot be kept there"):
        explored(counter, "dpor", 5, tmp_path / "none" / "search.json")


def test_a_strategy_of_ones_own_needs_two_methods(tmp_path):
    """Without state() and restore() there is nothing to keep; with them it is resumed like any other."""

    class Last(detsched.Strategy):
        systematic = True
        made = 0

        def choose(self, step):
            return step.enabled[-1]

        def end(self, log, failures):
            self.made += 1
            return self.made < 8

    class Kept(Last):
        def state(self):
            return {"made": self.made}

        def restore(self, state):
            self.made = state["made"]

    with pytest.raises(detsched.InvalidSettings, match=r"no state\(\) and restore\(\)"):
        detsched.explore(counter, strategy=Last, resume=tmp_path / "one.json")
    detsched.explore(counter, strategy=Kept, runs=3, resume=tmp_path / "two.json")
    assert detsched.explore(counter, strategy=Kept, resume=tmp_path / "two.json").runs == 8
