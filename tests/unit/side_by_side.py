"""The same scripted calls on the real `threading` and on ours, in four ways.

A script is a list of lines of Python. Each line is evaluated by itself, and what it gives (or raises) is noted, with
addresses, thread identities and the numbers of default thread names masked. All four ways must note the same.
"""

from __future__ import annotations

import ast
import copy
import pickle
import random
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable

import detsched

PICKLE = ["try: pickle.dumps(thing)\nexcept (TypeError, pickle.PicklingError): out.append('refused')", "out", "copy.deepcopy(thing)"]


def masked(text: str) -> str:
    """A text without what differs from process to process."""
    text = re.sub(r"0x[0-9a-fA-F]+", "0x…", text)
    text = re.sub(r"Thread-[0-9.]+", "Thread-N", text)
    return re.sub(r"(?<![.\d])\d{5,}", "#", text)


def play(module: object, lines: list[str]) -> list[str]:
    """Run a script against one `threading`; what each line came to."""
    scope: dict[str, object] = {name: getattr(module, name) for name in threading.__all__}
    scope |= {"threading": module, "pickle": pickle, "copy": copy, "weakref": weakref, "sys": sys, "time": time, "out": []}
    before = threading.excepthook
    seen = []
    try:
        for line in lines:
            try:
                tree = ast.parse(line)
                if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
                    came = masked(repr(eval(compile(ast.Expression(tree.body[0].value), "<script>", "eval"), scope)))
                else:
                    exec(compile(tree, "<script>", "exec"), scope)
                    came = "done"
            except Exception as error:
                came = masked(f"{type(error).__name__}: {error}")
            seen.append(f"{line}  →  {came}")
    finally:
        threading.excepthook = before
    return seen


WAYS: dict[str, Callable[[list[str]], list[str]]] = {
    "the drop-in outside of a run": lambda lines: play(detsched.threading, lines),
    "the drop-in inside a run": lambda lines: detsched.run(play, detsched.threading, lines),
    "unmodified threading inside a run": lambda lines: detsched.run(play, threading, lines),
}


def assert_same(lines: list[str], words: bool = True) -> None:
    """Every way of running the script gives what the real `threading` gives.

    Without `words`, exceptions need only be of the same type: for what C functions say of calls that no signature allows.
    """
    keep = (lambda seen: seen) if words else lambda seen: [re.sub(r"(→  \w+Error):.*", r"\1", text, flags=re.DOTALL) for text in seen]
    real = keep(play(threading, lines))
    for way, run in WAYS.items():
        ours = keep(run(lines))
        different = [f"{way}: {theirs!r}, ours: {mine!r}" for theirs, mine in zip(real, ours) if theirs != mine]

        assert ours == real, "\n".join(different)


def random_script(seed: int, make: list[str], moves: list[str], length: int = 20) -> list[str]:
    """A script of random calls: the same one for the same seed."""
    choice = random.Random(seed).choice
    return [*make, *(choice(moves) for _ in range(length))]
