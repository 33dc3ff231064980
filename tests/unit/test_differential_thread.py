"""Thread, and the functions about threads, beside the real ones."""

import threading

import pytest

import detsched
from side_by_side import PICKLE, assert_same

SCRIPTS = {
    "start and join": ["t = Thread(target=out.append, args=(1,), name='w')", "t", "t.start()", "t.join()", "out", "t", "t.is_alive()", "t.name, t.daemon"],
    "its life": ["t = Thread(target=print, name='w')", "t.ident, t.native_id, t.is_alive()", "t.daemon = True", "t", "t.daemon = False"],
    "start twice": ["t = Thread(target=int)", "t.start()", "t.join()", "t.start()", "t.join()", "t.join(0)", "t.join(timeout=-1)"],
    "not started": ["t = Thread(target=int)", "t.join()", "t.join(1)", "t.is_alive()", "t.ident"],
    "join oneself": ["current_thread().join()", "t = Thread(target=lambda: out.append(t.join()))", "def own():\n try: t.join()\n except RuntimeError as e: out.append(str(e))", "t = Thread(target=own)", "t.start()", "t.join()", "out"],
    "daemon once started": ["e = Event()", "t = Thread(target=e.wait)", "t.start()", "t.daemon = True", "t.daemon", "e.set()", "t.join()", "t.daemon = True"],
    "constructor": ["Thread(1)", "Thread(target=int, name=5).name", "Thread(target=int, daemon=True).daemon", "Thread(target=int, daemon=1).daemon", "Thread(name='').name", "Thread(target=3)", "Thread(None, int, 'n', (1,), {}).name", "Thread(tarhet=int)"],
    "default names": ["Thread().name", "Thread(target=int).name", "Thread(target=lambda: 0).name", "class T(Thread): pass", "T().name", "Thread(target=out.append).name"],
    "name": ["t = Thread()", "t.name = 'other'", "t", "t.name = 3", "t.name", "t.getName()", "t.setName('x')", "t.isDaemon()", "t.setDaemon(True)"],
    "run without start": ["t = Thread(target=out.append, args=(1,))", "t.run()", "out", "t.run()", "t"],
    "arguments": ["t = Thread(target=lambda *a, **k: out.append((a, k)), args=[1, 2], kwargs={'x': 3})", "t.start()", "t.join()", "out"],
    "kwargs are copied": ["k = {'x': 3}", "t = Thread(target=lambda **k: out.append(k), kwargs=k)", "t.start()", "t.join()", "k"],
    "the target is dropped": ["t = Thread(target=int)", "t.start()", "t.join()", "hasattr(t, '_target')", "t.run()"],
    "subclass": ["class T(Thread):\n def run(self): out.append(self.name)", "t = T(name='mine')", "t", "t.start()", "t.join()", "out", "isinstance(t, Thread)", "t"],
    "subclass without __init__": ["class T(Thread):\n def __init__(self): pass", "t = T()", "t.start()", "t.join()", "repr(t)", "t.name", "t.daemon", "t.is_alive()", "t.ident"],
    "subclass with short names": ["class T(Thread):\n state, path, baton, label, record, resource, key = range(7)\n def run(self): out.append(self.state + self.path)", "t = T()", "t.start()", "t.join()", "out"],
    "identity": ["current_thread() is main_thread()", "current_thread()", "main_thread().name", "get_ident() == current_thread().ident", "isinstance(get_native_id(), int)", "current_thread().is_alive()", "current_thread().daemon"],
    "identity in a thread": ["t = Thread(target=lambda: out.append((current_thread() is t, get_ident() == t.ident, get_native_id() == t.native_id, t.is_alive(), current_thread() is main_thread())))", "t.start()", "t.join()", "out"],
    "identities differ": ["ts = [Thread(target=lambda: out.append(get_ident())) for _ in range(3)]", "e = Event()", "[t.start() for t in ts]", "[t.join() for t in ts]", "get_ident() in out", "len(out)"],
    "counting": ["before = active_count()", "e = Event()", "t = Thread(target=e.wait)", "t in enumerate()", "t.start()", "active_count() - before", "t in enumerate()", "current_thread() in enumerate()", "e.set()", "t.join()", "active_count() - before", "t in enumerate()"],
    "excepthook": [
        "threading.excepthook = lambda args: out.append((args.exc_type, str(args.exc_value), args.thread is t, type(args).__name__, len(args)))",
        "t = Thread(target=lambda: 1 / 0)",
        "t.start()",
        "t.join()",
        "out",
        "t",
    ],
    "SystemExit": ["threading.excepthook = threading.__excepthook__", "t = Thread(target=lambda: sys.exit(3))", "t.start()", "t.join()", "t"],
    "weakref": ["t = Thread()", "reference = weakref.ref(t)", "reference() is t"],
    "no pickle": ["thing = Thread()", *PICKLE[:2]],
    "hash and equality": ["a, b = Thread(), Thread()", "a == a", "a == b", "len({a, b, a})"],
    "types": ["type(Thread())", "Thread.__module__", "Timer.__module__", "issubclass(Timer, Thread)", "type(main_thread()).__name__", "ThreadError is RuntimeError", "isinstance(TIMEOUT_MAX, float)"],
    "inherits daemon": ["t = Thread(target=lambda: out.append((Thread().daemon, Thread(daemon=False).daemon)), daemon=True)", "t.start()", "t.join()", "u = Thread(target=lambda: out.append(Thread().daemon))", "u.start()", "u.join()", "out", "Thread().daemon"],
    "settrace": ["threading.gettrace()", "threading.settrace(None)", "threading.getprofile()", "threading.stack_size()"],
    "join with a timeout": ["e = Event()", "t = Thread(target=e.wait)", "t.start()", "t.join(0)", "t.join(0.001)", "t.is_alive()", "e.set()", "t.join()", "t.is_alive()"],
    "wrong timeout": ["e = Event()", "t = Thread(target=e.wait)", "t.start()", "t.join('1')", "e.set()", "t.join()"],
    "module attributes": ["threading.no_such_name", "threading.Thread is Thread", "threading._active is not None", "isinstance(threading._shutdown, object)"],
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_thread(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


def test_default_names_in_a_run():
    """Inside a run default names count from 1, whatever the process did before; threads of threads are told apart by their path."""

    def program():
        inner = []
        first = threading.Thread()
        second = threading.Thread(target=lambda: inner.append(threading.Thread().name))
        second.start()
        second.join()
        return first.name, second.name, inner

    expected = ("Thread-1", "Thread-2 (<lambda>)")

    for _ in range(2):
        first, second, inner = detsched.run(program)
        assert (first, second) == expected
        assert len(inner) == 1 and inner[0].startswith("Thread-") and inner[0] not in expected


def test_idents_are_the_same_in_every_run():
    """`get_ident` is a function of the spawn path: equal in every run, different in every thread."""

    def program():
        found = {}
        threads = [threading.Thread(target=lambda n=n: found.setdefault(n, threading.get_ident())) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found.items()), threading.get_ident()

    came = {str(detsched.run(program, seed=seed)) for seed in range(10)}

    assert len(came) == 1
    found, main = detsched.run(program)
    assert len({main, *dict(found).values()}) == 5


def test_a_thread_from_before_the_run():
    """A Thread made before control begins can be started, joined and asked inside a run."""
    seen = []

    class Mine(threading.Thread):
        def run(self):
            seen.append(threading.current_thread() is self)

    thread = Mine()

    def program():
        thread.start()
        thread.join()
        return thread.is_alive()

    assert detsched.run(program) is False
    assert seen == [True]
    assert not thread.is_alive()
    thread.join()


def test_a_thread_made_in_a_run_started_after_it():
    """A Thread made inside a run and started outside of one is an ordinary thread."""
    seen = []
    thread = detsched.run(lambda: threading.Thread(target=seen.append, args=(1,)))

    thread.start()
    thread.join()

    assert seen == [1]
    assert not thread.is_alive()


def test_a_thread_that_ended_in_a_run():
    """A thread that ended inside a run is an ended thread outside."""

    def program():
        thread = threading.Thread(target=int, name="w")
        thread.start()
        thread.join()
        return thread

    thread = detsched.run(program)

    assert not thread.is_alive()
    thread.join()
    assert "stopped" in repr(thread)
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
