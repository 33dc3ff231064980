"""What is an access, and to what: one statement at a time."""

import array
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from types import SimpleNamespace

import pytest

import detsched


class Thing:
    kind = "thing"
    __slots__ = ("__dict__", "slot")

    def __init__(self):
        self.x = 1
        self.slot = 2

    @property
    def double(self):
        return self.x * 2


class Strange:
    """A key that is not plain."""

    def __eq__(self, other):
        raise AssertionError("the program's __eq__ has no business in the engine")

    def __hash__(self):
        return 1


STATE = """
state = SimpleNamespace(
    thing=Thing(), items=[1, 2, 3], table={"a": 1, "b": 2}, members={1, 2}, jobs=deque([1, 2]), counts=Counter("ab"),
    ordered=OrderedDict(a=1), lists=defaultdict(list), numbers=array.array("i", [1, 2]), text=bytearray(b"ab"), strange=Strange(), fresh=[0],
)
count = 0
"""


def accesses(statement, granularity="access"):
    """The accesses of a statement, made in a thread; a second thread that does nothing keeps the first from being alone."""
    text = f"""{STATE}
def program():
    global count
    count = 0
    thing, items, table, members, jobs = state.thing, state.items, state.table, state.members, state.jobs
    counts, ordered, lists, numbers, text, strange = state.counts, state.ordered, state.lists, state.numbers, state.text, state.strange
    total = 0
    def statement():
        global count
        nonlocal total
        {statement}
    def touch():
        nonlocal total
        total += 1
    worker = threading.Thread(target=statement)
    worker.start()
    worker.join()
    return total
"""
    variables = {"__name__": "program", **{name: globals()[name] for name in ("SimpleNamespace", "Thing", "Strange", "deque", "Counter", "OrderedDict", "defaultdict", "array", "threading", "sys")}}
    exec(text, variables)
    run = detsched.record(variables["program"], granularity=granularity)
    assert run.failure is None, run.failure
    return [f"{event.operation} {event.object}".rstrip() for event in run.trace if event.thread != "MainThread"]


# A name that the statements are not about is read from a variable that nobody writes, which is no access.
TABLE = [
    ("thing.x", ["read Thing.x"]),
    ("thing.x = 2", ["write Thing.x"]),
    ("thing.x += 1", ["read Thing.x", "write Thing.x"]),
    ("del thing.x; thing.x = 1", ["write Thing.x", "write Thing.x"]),
    ("thing.slot", ["read Thing.slot"]),
    ("thing.double", ["read Thing.x"]),
    ("getattr(thing, 'x')", ["read Thing.x"]),
    ("setattr(thing, 'x', 5)", ["write Thing.x"]),
    ("hasattr(thing, 'y')", ["read Thing.y"]),
    ("vars(thing)['x']", ["read Thing.x"]),
    ("thing.__dict__['x'] = 3", ["write Thing.x"]),
    ("count + 1", ["read count"]),
    ("count += 1", ["read count", "write count"]),
    ("total += 1", ["read total", "write total"]),
    ("items[0]", ["read items[0]"]),
    ("items[-1]", ["read items[-1]"]),
    ("items[0] = 5", ["write items[0]"]),
    ("items[0] += 5", ["read items[0]", "write items[0]"]),
    ("items[1:]", ["read items"]),
    ("items[:] = [1, 2, 3]", ["write items"]),
    ("items.append(4)", ["append items"]),
    ("items.pop()", ["pop items"]),
    ("items.sort()", ["sort items"]),
    ("len(items)", ["read items"]),
    ("sorted(items)", ["read items"]),
    ("2 in items", ["look in items"]),
    ("if items: pass", ["read items"]),
    ("not items", ["read items"]),
    ("a, b, c = items", ["read items"]),
    ("[*items]", ["read items"]),
    ("mine = items; mine += [4]", ["write items"]),
    ("items == [1]", ["read items"]),
    ("f'{items}'", ["read items"]),
    ("table['a']", ["read table['a']"]),
    ("table['a'] = 3", ["write table['a']"]),
    ("table['c'] = 3", ["write table['c']"]),
    ("del table['b']", ["write table['b']"]),
    ("table.get('a')", ["get table['a']"]),
    ("table.setdefault('c', [])", ["setdefault table['c']"]),
    ("table.pop('a')", ["pop table['a']"]),
    ("table.update(x=1)", ["update table"]),
    ("'a' in table", ["look in table['a']"]),
    ("list(table)", ["read table"]),
    ("dict(table)", ["read table"]),
    ("1 in members", ["look in members[1]"]),
    ("members.add(3)", ["add members[3]"]),
    ("members.discard(1)", ["discard members[1]"]),
    ("jobs.popleft()", ["popleft jobs"]),
    ("jobs.append(1)", ["append jobs"]),
    ("counts['a'] += 1", ["read Counter['a']", "write Counter['a']"]),
    ("ordered.move_to_end('a')", ["move_to_end OrderedDict"]),
    ("lists['k']", ["read defaultdict['k']"]),
    ("numbers[0] = 1", ["write numbers[0]"]),
    ("text[0] = 1", ["write text[0]"]),
    ("max(items)", ["read items"]),
    ("__import__('heapq').heappush(items, 1)", ["write items"]),
    ("fresh = [1]; fresh.append(2); len(fresh); fresh[0]", []),
    ("own = {}; own['a'] = 1; own.get('a')", []),
    ("'text'.upper(); (1, 2)[0]; abs(-1); str(5)", []),
    ("[number + 1 for number in range(3)]", []),
]


LOOKED_UP = ("double", "popleft", "append", "move_to_end", "upper", "heappush")


@pytest.mark.parametrize(("statement", "expected"), TABLE, ids=[statement for statement, _ in TABLE])
def test_accesses_of_a_statement(statement, expected):
    """Object and part, in order."""
    # Where code anywhere stores under computed names, looking a method or a property up is a reading, too.
    assert [each for each in accesses(statement) if each.replace(" ", ".").rpartition(".")[2] not in LOOKED_UP] == expected
