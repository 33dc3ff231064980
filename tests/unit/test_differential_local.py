"""`local` beside the real one."""

import threading

import pytest

import detsched
from side_by_side import PICKLE, assert_same

SCRIPTS = {
    "attributes": ["l = local()", "l.x = 1", "l.x", "l.y", "del l.x", "l.x", "l.__dict__"],
    "apart": ["l = local()", "l.x = 1", "t = Thread(target=lambda: out.append(hasattr(l, 'x')))", "t.start(), t.join()", "out", "l.x"],
    "not seen here": ["l = local()", "t = Thread(target=lambda: setattr(l, 'x', 2))", "t.start(), t.join()", "hasattr(l, 'x')"],
    "subclass": ["class L(local):\n def __init__(self, v): out.append(v); self.v = v", "l = L(3)", "l.v", "t = Thread(target=lambda: out.append(l.v))", "t.start(), t.join()", "out"],
    "arguments": ["local(1)", "class L(local): x = 5", "L().x", "L(1)"],
    "types": ["type(local())", "local.__module__, local.__name__", "local"],
    "weakref": ["l = local()", "reference = weakref.ref(l)", "reference() is l"],
    "no pickle": ["thing = local()", *PICKLE],
    "no __dict__": ["l = local()", "l.__dict__ = {}"],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_same_as_the_real_local(script):
    """Scripted calls give the same results, exceptions (of wrong calls: their types) and reprs."""
    assert_same(SCRIPTS[script], words=not script.startswith("wrong"))


def test_nothing_leaks_into_the_next_run():
    """Threads of a later run do not see what an earlier run left in a `local`, though their OS threads are the same."""
    mine = threading.local()

    def program():
        found = []

        def look():
            found.append(hasattr(mine, "x"))
            mine.x = 1

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found

    assert [detsched.run(program, seed=seed) for seed in range(5)] == [[False] * 3] * 5
