"""Which names are known to be stored under: of the code within a program's reach, whatever else a process has loaded."""

import functools
import importlib
import subprocess
import sys
import textwrap

import pytest

import detsched
from detsched._memory.bytecode import ANY_ATTRIBUTE, stored_names
from detsched._memory.imports import Reach
from detsched._memory.watch import Watched

PACKAGE = {
    "__init__": "",
    "program": """
        import threading

        from . import model
        from .helpers import update

        def body():
            counter = model.Counter()
            threads = [threading.Thread(target=update, args=(counter,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return counter.n, counter.label()
        """,
    "model": """
        class Counter:
            def __init__(self):
                self.n = 0

            def label(self):
                return self.title

            title = "a counter"
        """,
    "helpers": """
        def update(counter):
            from .late import step
            step(counter)
            counter.label()
        """,
    "late": """
        def step(counter):
            counter.n += 1
            counter.total = counter.n
        """,
    "elsewhere": """
        def configure(thing, **values):
            thing.title = thing.label = thing.update = None
            for name, value in values.items():
                setattr(thing, name, value)
            vars(thing).update(values)
        """,
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a program in it, of which nothing is loaded."""
    (tmp_path / "shelf").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "shelf" / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [each for each in sys.modules if each.partition(".")[0] == "shelf"]:
        del sys.modules[name]


def names_of(function):
    return Reach(Watched()).of([function])


def test_imports_are_followed_by_what_the_source_says(package):
    """Modules of the package, also one that a function imports and that is not loaded; not one that nobody imports."""
    from shelf.program import body

    names = names_of(body)

    assert {"n", "total"} <= names
    assert "shelf.late" not in sys.modules
    assert not {"title", "label", "update", ANY_ATTRIBUTE} & names


def test_what_else_is_loaded_makes_no_difference(package):
    """The names are the same when the whole package has been loaded."""
    from shelf.program import body

    before = names_of(body)
    elsewhere = importlib.import_module("shelf.elsewhere")
    importlib.import_module("shelf.late")

    assert names_of(body) == before
    assert {"title", ANY_ATTRIBUTE} <= names_of(elsewhere.configure)


def test_what_a_program_is_given_is_within_its_reach(package):
    """The modules of its arguments' classes and functions, with what these import."""
    configure = importlib.import_module("shelf.elsewhere").configure

    def program(function):
        function(object())

    assert "title" not in names_of(program)
    assert "title" in Reach(Watched()).of([program, configure])
    assert "title" in names_of(functools.partial(program, configure))


SCRIPT = """
    import sys
    {before}
    import detsched
    from shelf.program import body

    run = detsched.record(body, seed=3, granularity="access")
    print(run.schedule)
    found = detsched.explore(body, granularity="access", strategy="random", runs=20)
    for outcome, witness in sorted(found.outcomes.items()):
        print(outcome, witness.schedule)
    print(*run.schedule.operations, sep="\\n")
"""
COLD = ""
WARM = """
    import detsched, shelf.elsewhere, shelf.late, json.tool, logging.handlers
    from shelf.program import body
    detsched.check(lambda: shelf.elsewhere.configure(type("Thing", (), {})(), n=1), granularity="access", runs=2)
    detsched.explore(body, granularity="access", seed=9, runs=5)
"""


def run_script(folder, before):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT).format(before=textwrap.dedent(before))],
        cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": ":".join([str(folder), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_tokens_in_a_cold_process_and_in_a_warm_one(package):
    """The same events, step by step, where only the program is loaded and where all kinds of code are."""
    cold = run_script(package, COLD)

    assert "read Counter.n" in cold
    assert cold == run_script(package, WARM)


def test_a_token_replays_where_less_is_loaded(package):
    """Code that no import shows is taken in when it executes; from then on schedules name its module."""
    script = """
        import importlib, sys, threading, detsched

        class Thing:
            title = "x"

        def body():
            thing = Thing()
            def work():
                thing.title
                importlib.import_module("shelf." + sys.argv[1]).configure(thing, size=1)
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        if len(sys.argv) == 2:
            found = detsched.explore(body, granularity="access", strategy="random", runs=5)
            print(list(found.outcomes.values())[0].schedule)
        else:
            run = detsched.replay(body, schedule=sys.argv[2])
            print("replayed")
    """
    (package / "script.py").write_text(textwrap.dedent(script))

    def run(*args):
        done = subprocess.run([sys.executable, "script.py", *args], cwd=package, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    token = run("elsewhere")

    assert "~access.also-shelf:elsewhere~" in token
    assert run("elsewhere", token) == "replayed"


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("thing.x = 1", {"x"}),
        ("thing.x += 1", {"x"}),
        ("del thing.x", {"x"}),
        ("setattr(thing, 'x', 1)", {"x"}),
        ("delattr(thing, 'x')", {"x"}),
        ("object.__setattr__(thing, 'x', 'y')", {"x"}),
        ("super(Thing, thing).__setattr__('x', 'y')", {"x"}),
        ("super(Thing, thing).__setattr__(x, 'y')", {ANY_ATTRIBUTE}),
        ("setattr(thing, x, 1)", {ANY_ATTRIBUTE}),
        ("setattr(thing, 'x' + x, 1)", {ANY_ATTRIBUTE}),
        ("setattr(thing, f'x{x}', 1)", {ANY_ATTRIBUTE}),
        ("setattr(thing, 'x' if x else 'y', 1)", {ANY_ATTRIBUTE}),
        ("setattr(*thing)", {ANY_ATTRIBUTE}),
        ("store = setattr", {ANY_ATTRIBUTE}),
        ("map(setattr, 'x')", {ANY_ATTRIBUTE}),
        ("thing.__dict__['x'] = 1", {ANY_ATTRIBUTE}),
        ("vars(thing)", {ANY_ATTRIBUTE}),
        ("thing.x", set()),
        ("x = thing", set()),
    ],
)
def test_names_that_a_statement_stores_under(statement, names):
    """Names that stand in the code, also as constants in a call; else any."""
    variables = {}
    exec(f"def function(thing, x):\n    {statement}", variables)

    assert stored_names(variables["function"].__code__) == names


def test_fields_of_a_class():
    """Methods that are made from annotations store under their names."""
    text = "class Point:\n    x: int = 0\n    y: 'int' = 0\n"
    body = compile(text, "points.py", "exec")
    classes = [constant for constant in body.co_consts if hasattr(constant, "co_consts")]
    inside = [constant for code in classes for constant in code.co_consts if hasattr(constant, "co_consts")]

    assert {"x", "y"} <= set().union(*map(stored_names, [*classes, *inside]))


COMPUTED = {
    "a field from keywords": ("setattr(thing, 'si' + 'ze', thing.size + 1)", "size"),
    "an item of the dictionary": ("thing.__dict__['si' + 'ze'] = thing.size + 1", "size"),
    "an update of the dictionary": ("vars(thing).update({'si' + 'ze': thing.size + 1})", "size"),
    "a variable of the module": ("globals()['hei' + 'ght'] = height + 1", "height"),
}


@pytest.mark.parametrize("how", COMPUTED)
def test_updates_under_computed_names_are_lost(how):
    """Whatever way a name is computed in: reading under it is an access."""
    statement, name = COMPUTED[how]
    text = f"""
        import threading

        class Thing:
            def __init__(self):
                vars(self)["size"] = 0

        def program():
            global height
            height = 0
            thing = Thing()
            def work():
                {statement}
            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return {name if name == "height" else "thing." + name}
    """.replace("global height\n            height = 0", "globals()['height'] = 0")
    variables = {"__name__": "program", "height": 0}
    exec(textwrap.dedent(text), variables)

    found = detsched.explore(variables["program"], granularity="access", strategy="dpor", runs=200)

    assert set(found.outcomes) == {"1", "2"}
