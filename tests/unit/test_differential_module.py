"""The module `detsched.threading` beside `threading`: names, signatures, relations between classes."""

import inspect
import threading

import pytest

import detsched

ours = detsched.threading
CLASSES = {
    "Lock": "Lock()",
    "RLock": "RLock()",
    "Condition": "Condition()",
    "Semaphore": "Semaphore()",
    "BoundedSemaphore": "BoundedSemaphore()",
    "Event": "Event()",
    "Barrier": "Barrier(2)",
    "Thread": "Thread()",
    "Timer": "Timer(1, int)",
}
FUNCTIONS = [name for name in threading.__all__ if name[0].islower() and name != "local"]


def parameters(thing):
    """The signature without annotations, or None where there is none."""
    try:
        return [(p.name, p.kind, p.default) for p in inspect.signature(thing).parameters.values()]
    except (TypeError, ValueError):
        return None


def methods(name):
    """The public methods of an instance of the real class."""
    thing = eval(CLASSES[name], vars(threading))
    return [m for m in dir(thing) if not m.startswith("_") and callable(getattr(thing, m))]


def in_a_run(function, *args):
    """What a function gives inside a run."""
    return detsched.run(function, *args)


def test_every_public_name_is_there():
    """`detsched.threading` has each name of `threading.__all__`, and lists the same."""
    assert list(ours.__all__) == list(threading.__all__)
    assert [name for name in threading.__all__ if not hasattr(ours, name)] == []


def test_star_import():
    """`from detsched.threading import *` binds what `from threading import *` binds."""
    mine, theirs = {}, {}
    exec("from detsched.threading import *", mine)
    exec("from threading import *", theirs)

    assert mine.keys() == theirs.keys()


def test_detsched_itself_exports_none_of_them():
    """No name of `threading.__all__` is exported by detsched, so that both can be star-imported."""
    assert set(detsched.__all__) & set(threading.__all__) == set()
    assert [name for name in threading.__all__ if hasattr(detsched, name)] == []


def test_dir_is_the_real_one():
    """`dir()` shows what the real module has."""
    assert dir(ours) == dir(threading)


@pytest.mark.parametrize("name", [name for name in threading.__all__ if name not in CLASSES or isinstance(getattr(threading, name), type)])
def test_module_of_each_name(name):
    """`__module__` is the same, for reprs show it (where Lock and RLock are factories, that of their products counts)."""
    assert getattr(getattr(ours, name), "__module__", None) == getattr(getattr(threading, name), "__module__", None)
    assert in_a_run(lambda: getattr(getattr(threading, name), "__module__", None)) == getattr(getattr(threading, name), "__module__", None)


@pytest.mark.parametrize("name", [*CLASSES, "local", *FUNCTIONS])
def test_signature_of_each_name(name):
    """Constructors and functions have the real one's parameters, where it shows them."""
    real = parameters(getattr(threading, name))
    if real is None:
        pytest.skip("the real one has no signature")

    assert parameters(getattr(ours, name)) == real
    assert in_a_run(lambda: parameters(getattr(threading, name))) == real


@pytest.mark.parametrize(("cls", "method"), [(cls, method) for cls in CLASSES for method in methods(cls)])
def test_signature_of_each_method(cls, method):
    """Methods have the real one's parameters, where it shows them."""
    make = CLASSES[cls]
    real = parameters(getattr(eval(make, vars(threading)), method))
    mine = eval(make, {name: getattr(ours, name) for name in threading.__all__})

    assert callable(getattr(mine, method))
    if real is None:
        pytest.skip("the real one has no signature")
    assert parameters(getattr(mine, method)) == real
    assert in_a_run(lambda: parameters(getattr(getattr(threading, cls)(*{"Barrier": (2,), "Timer": (1, int)}.get(cls, ())), method))) == real


@pytest.mark.parametrize("cls", CLASSES)
def test_docstring_of_each_class(cls):
    """Classes and their public methods have docstrings where the real ones have."""
    real, mine = getattr(threading, cls), getattr(ours, cls)

    assert bool(inspect.getdoc(mine)) >= bool(inspect.getdoc(real))


@pytest.mark.parametrize("cls", [name for name in CLASSES if isinstance(getattr(threading, name), type) and name != "Lock" and name != "RLock"])
def test_instances_are_instances_of_the_real_class(cls):
    """Code that knows only the real class recognises ours, made anywhere."""
    args = {"Barrier": (2,), "Timer": (1, int)}.get(cls, ())
    real = getattr(threading, cls)

    assert issubclass(getattr(ours, cls), real)
    assert isinstance(getattr(ours, cls)(*args), real)
    assert in_a_run(lambda: isinstance(getattr(ours, cls)(*args), real))
    assert in_a_run(lambda: isinstance(getattr(threading, cls)(*args), real))


def test_subclass_relations():
    """The relations between the classes are the real ones."""
    names = [name for name in CLASSES if isinstance(getattr(threading, name), type) and isinstance(getattr(ours, name), type)]

    def table(module):
        return {(a, b): issubclass(getattr(module, a), getattr(module, b)) for a in names for b in names}

    assert table(ours) == table(threading)
    assert in_a_run(table, threading) == table(threading)


def test_isinstance_inside_a_run_of_what_was_made_outside():
    """A lock that was made before a run is an instance of the class of the locks made in it."""
    lock, rlock = threading.Lock(), threading.RLock()
    kept = {"lock": lock, "rlock": rlock}

    def program():
        with kept["lock"], kept["rlock"]:
            return kept["lock"].locked()

    assert detsched.run(program) is True
    assert not lock.locked()


def test_excepthook_is_written_through(monkeypatch):
    """Assigning to `detsched.threading.excepthook` assigns the real one."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)

    ours.excepthook = print

    assert threading.excepthook is print
    assert ours.excepthook is print


def test_what_is_not_there_is_an_attribute_error():
    """An unknown name is refused in the real module's words."""
    with pytest.raises(AttributeError, match="module 'threading' has no attribute 'Looks'"):
        ours.Looks


@pytest.mark.parametrize("name", ["_active", "_shutdown", "_register_atexit", "_RLock", "_CRLock", "_PyRLock", "_DummyThread", "_MainThread", "_allocate_lock", "_active_limbo_lock"])
def test_private_names_that_packages_use(name):
    """The few private names that popular packages use are there."""
    assert hasattr(ours, name) == hasattr(threading, name)
