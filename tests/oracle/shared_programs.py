"""Random small programs over attributes, variables, containers and locks: what they come to is told by every order of their accesses."""

from __future__ import annotations

import random
import threading
from collections import Counter

import detsched
from exhaustive import ExhaustiveDFS, TooMany


def together(*bodies):
    """Start a thread for each body and join them all; their values. Not watched: what it does itself is no access."""
    values = [None] * len(bodies)

    def call(index):
        values[index] = bodies[index]()

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return values


# Each: what it costs (accesses, about), and the statement. `r` is the thread's own list of what it saw.
STATEMENTS = [
    (1, "r.append(o.x)"),
    (1, "o.x = {k}"),
    (2, "o.x += {k}"),
    (1, "r.append(o.y)"),
    (1, "o.y = {k}"),
    (2, "g += {k}"),
    (1, "r.append(g)"),
    (2, "n += {k}"),
    (1, "r.append(n)"),
    (1, "L.append({k})"),
    (2, "L[0] += {k}"),
    (1, "L[1] = {k}"),
    (1, "r.append(len(L))"),
    (1, "r.append(L[-1])"),
    (1, "r.append(list(L))"),
    (1, "r.append(L.pop() if False else 2 in L)"),
    (3, "r.append([e for e in L])"),
    (1, "D['{c}'] = {k}"),
    (2, "D['a'] += {k}"),
    (1, "r.append('{c}' in D)"),
    (1, "r.append(D.get('{c}'))"),
    (1, "r.append(D.pop('{c}', None))"),
    (1, "r.append(D.setdefault('{c}', {k}))"),
    (1, "r.append(list(D))"),
    (3, "for e in D: r.append(e)"),
    (1, "S.add({k})"),
    (1, "S.discard({k})"),
    (1, "r.append({k} in S)"),
    (1, "r.append(len(S))"),
    (1, "r.append(sorted(S))"),
    (2, "if o.x: r.append(o.y)"),
    (2, "if not L[1:]: r.append('short')"),
    (1, "Q.append({k})"),
    (1, "r.append(Q.popleft() if Q else None)"),
    (1, "setattr(o, '{a}', {k})"),
    (1, "r.append(getattr(o, '{a}'))"),
    (1, "o.count = {k}"),
    (1, "r.append(o.count)"),
    (1, "C.count = {k}"),
]
HEAD = """\
from collections import deque
import threading

class C:
    count = 0

g = 0

def program():
    global g
    g, n, o, L, D, S, Q, lock = 0, 0, C(), [1, 2], {'a': 1}, {1}, deque([1, 2]), threading.Lock()
    C.count = 0
    o.x, o.y = 0, 0
"""
TAIL = """\
    seen = together(@BODIES@)
    return o.x, o.y, getattr(o, 'count'), g, n, L, list(D.items()), sorted(S), list(Q), seen
"""


def random_program(seed: int, threads: int = 2, budget: int = 3) -> str:
    """The text of a program. `budget`: about how many accesses each thread makes."""
    source = random.Random(seed)
    kinds = source.sample(STATEMENTS, 4)
    lines = [HEAD]
    for index in range(threads):
        lines.append(f"    def body{index}():\n        global g\n        nonlocal n\n        r = []\n        try:\n")
        left, locked = budget, False
        while left > 0:
            cost, statement = source.choice(kinds)
            left -= cost
            text = statement.format(k=source.randrange(1, 4), c=source.choice("ab"), a=source.choice("xy"))
            if source.random() < 0.15:
                left -= 1
                text = f"with lock: {text}" if not text.startswith(("for", "if")) else text
            lines.append(f"            {text}\n")
        lines.append("        except RuntimeError as error:\n            r.append(str(error))\n        return r\n")
    lines.append(TAIL.replace("@BODIES@", ", ".join(f"body{index}" for index in range(threads))))
    return "".join(lines)


def load(text: str):
    """The function `program` of a text."""
    variables = {"together": together, "__name__": "random_program"}
    exec(compile(text, "<random program>", "exec"), variables)
    return variables["program"]


class Classes(ExhaustiveDFS):
    """Notes, of each run, which of the conflicting operations of different threads came first: its class."""

    def __init__(self, most):
        super().__init__(most)
        self.classes = set()

    def end(self, log, failures):
        self.classes.add(order_of_conflicts(log))
        return super().end(log, failures)


def order_of_conflicts(log):
    """The pairs of conflicting events of different threads, in their order. Names of events do not depend on the run.

    Without the main thread, which does nothing while the others are at work.
    """
    counts, events = Counter(), []
    for thread, operation in zip(log.threads, log.operations):
        counts[thread.label, operation.key] += 1
        events.append((thread.label, operation.key, counts[thread.label, operation.key]))
    return frozenset(
        (events[first], events[second])
        for second in range(len(events))
        for first in range(second)
        if "0" not in (log.threads[first].label, log.threads[second].label)
        and log.threads[first] is not log.threads[second]
        and log.operations[first].conflicts(log.operations[second])
    )


def every_order(program, most=150):
    """(outcomes, classes) over every order of accesses; None where that is too much."""
    strategy = Classes(most)
    try:
        exploration = detsched.explore(program, strategy=strategy, runs=None, granularity="access", ignore=together)
    except TooMany:
        return None
    return set(exploration.outcomes), strategy.classes
