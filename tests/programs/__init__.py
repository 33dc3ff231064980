"""Small realistic programs on plain threads: nothing of detsched is in them.

Each module is one program: `main()` takes nothing, returns a builtin value, and asserts what must hold under every schedule.
They keep no state between calls (or put it back), so a call is the same whether it is the first of a process or the last.
Modules that begin with `bug_` are programs with a bug that some schedules bring out: `FAILURE` is the kind of failure that it is then.
Modules that begin with `pending_` hold programs that cannot be steered yet; those that begin with an underscore, parts of programs.
"""

import importlib
from pathlib import Path

_MODULES = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py") if not path.stem.startswith(("test_", "pending_")))
NAMES = [name for name in _MODULES if not name.startswith("bug_")]
BUGS = [name for name in _MODULES if name.startswith("bug_")]


def load(name):
    """The `main` of a program; its module is imported as any other, before control begins."""
    return importlib.import_module(f"{__name__}.{name}").main
