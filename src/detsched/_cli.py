"""The command line: unmodified scripts and modules under control.

`run` does one run; without a failure it exits as the script did. `check` searches for a failure, `explore` goes on after
failures, `replay` does a recorded run again, `show` does so and explains it, as text, picture, diagram or JSON.
Exit status: 0 no failure, 1 failure found, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType
from typing import Any

from ._core.schedule import Schedule
from ._report import colour, keep
from ._search.explain import explain
from ._search.explore import search
from ._search.run import ONE_RUN, Run, check_schedule, recorded
from ._search.session import Session
from ._world import debugger
from .errors import DetschedError, InvalidSchedule, InvalidSettings
from .settings import STRATEGIES, parse

USAGE = 2


class Script:
    """A script or module as a program: each call runs it from the top, as `python` does."""

    def __init__(self, target: str, args: Sequence[str], is_module: bool) -> None:
        self._target, self._args, self._is_module = target, list(args), is_module
        self.__detsched_name__ = target if is_module else os.path.basename(target)
        self.__name__ = self.__detsched_name__
        if is_module:
            self._spec, self._code, self._path = _find_module(target)
            self._folder = os.getcwd()
        else:
            self._spec, self._path = None, target
            self._code = _compile(target)
            self._folder = os.path.dirname(os.path.abspath(target))

    def __detsched_replay__(self, token: str) -> str:
        command = "detsched" if os.path.basename(sys.argv[0]) == "detsched" else "python3 -m detsched"
        target = ["-m", self._target] if self._is_module else [self._target]
        return f"{command} replay --schedule {keep.short(Schedule.parse(token))} {shlex.join([*target, *self._args])}"

    def __call__(self) -> None:
        module = ModuleType("__main__")
        module.__dict__.update(__file__=self._path, __builtins__=__builtins__, __spec__=self._spec, __cached__=None)
        if self._spec is not None:
            module.__package__ = self._spec.parent
            module.__loader__ = self._spec.loader
        sys.modules["__main__"] = module
        sys.argv[:] = [self._path if self._is_module else self._target, *self._args]
        exec(self._code, module.__dict__)

    def enter(self) -> None:
        """Set the process up as `python` would: the script's folder comes first on the path."""
        if getattr(sys.flags, "safe_path", False):
            return
        sys.path[0] = self._folder


def _compile(path: str) -> CodeType:
    if os.path.isdir(path):
        raise InvalidSettings(f"{path!r} is a folder: name a script in it, or use -m for a module")
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        raise InvalidSettings(f"the script {path!r} cannot be read: {error.strerror}") from None
    return compile(source, path, "exec", dont_inherit=True)


def _find_module(name: str) -> tuple[Any, CodeType, str]:
    sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError, AttributeError) as error:
        raise InvalidSettings(f"the module {name!r} cannot be found: {error}") from None
    finally:
        del sys.path[0]
    loader: Any = None if spec is None else spec.loader
    if spec is None or not hasattr(loader, "get_code"):
        raise InvalidSettings(f"there is no module {name!r} that can be run")
    code = loader.get_code(spec.name)
    if code is None:
        raise InvalidSettings(f"the module {name!r} has no Python code to run")
    return spec, code, spec.origin or name


def _function(options: argparse.Namespace) -> Any:
    """The function that `path.py::name` means: the program of a `check()` or of a decorated test, to be called without arguments."""
    path, _, name = options.target.partition("::")
    if options.module or options.args:
        raise InvalidSettings(f"{options.target!r} names a function: it takes no -m and no arguments")
    spec = importlib.util.spec_from_file_location(os.path.basename(path).removesuffix(".py"), path)
    if spec is None or spec.loader is None or not os.path.exists(path):
        raise InvalidSettings(f"there is no Python file {path!r}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec.loader.exec_module(module)
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise InvalidSettings(f"{path!r} has no function {name!r}")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="detsched", description="Run Python programs with threads under a scheduler that you control.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="run|check|explore|replay|show")
    for name, said in (
        ("run", "one run under a seed"),
        ("check", "many runs, until the first failure"),
        ("explore", "many runs, going on after failures"),
        ("replay", "a recorded run again, step by step"),
        ("show", "a recorded run, explained"),
    ):
        command = commands.add_parser(name, help=said, description=said, allow_abbrev=False)
        if name == "replay":
            command.add_argument("--schedule", metavar="TOKEN|@PATH", required=True, help="what to replay")
            command.add_argument("--pdb", action="store_true", help="stop in the debugger where the program fails")
            command.add_argument("--until", type=int, metavar="STEP", help="stop in the debugger after this step, with the other threads parked")
        elif name == "show":
            command.add_argument("schedule", metavar="TOKEN|PATH", help="what to show")
            command.add_argument("--html", metavar="FILE", help="write the picture into a file")
            command.add_argument("--mermaid", action="store_true", help="print a Mermaid sequence diagram")
            command.add_argument("--json", action="store_true", help="print JSON")
        else:
            command.add_argument("--seed", type=int, help="everything random flows from it (default 0)")
            command.add_argument("--strategy", help=f"who makes the choices: {', '.join(STRATEGIES)}")
        if name in ("check", "explore"):
            command.add_argument("--runs", metavar="N|none", help="how many runs (default 500); none for no limit")
            command.add_argument("--seconds", metavar="S|none", help="stop after so many seconds")
            command.add_argument("--preemptions", metavar="N|none", help="all orderings with so many preemptions at most, the fewest first")
            command.add_argument("--delays", metavar="N|none", help="the same with so many delays at most")
            command.add_argument("--resume", metavar="FILE", help="keep the search in this file; go on from there where it is there already")
            command.add_argument("--progress", metavar="yes|no|auto", help="say on stderr how far it has come (default: on a terminal)")
        if name == "explore":
            command.add_argument("--stop-at-first", action="store_true", help="stop at the first failure")
        if name == "run":
            command.add_argument("--schedule", metavar="TOKEN|@PATH", help="replay this schedule instead")
        command.add_argument("--granularity", help="where threads may be switched: sync, access (default), gil, line, opcode")
        command.add_argument("--max-steps", type=int, help="give a run up after so many steps")
        command.add_argument("-m", dest="module", action="store_true", help="the target is a module, as for python -m")
        command.add_argument("target", metavar="script.py", help="the script, the module with -m, or a function as file.py::name")
        command.add_argument("args", nargs=argparse.REMAINDER, help="its arguments")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """The command `detsched`. Returns the exit status."""
    options = _parser().parse_args(argv)
    main_module, arguments, path = sys.modules["__main__"], sys.argv[:], sys.path[:]
    try:
        settings: dict[str, Any] = {
            name: parse(name, value, f"--{name.replace('_', '-')}") if isinstance(value, str) else value
            for name in ("seed", "strategy", "runs", "seconds", "preemptions", "delays", "resume", "progress", "granularity", "max_steps")
            if (value := getattr(options, name, None)) is not None
        }
        if options.command == "explore":
            settings["keep_going"] = not options.stop_at_first
        script: Any = Script(options.target, options.args, options.module) if "::" not in options.target else _function(options)
        if isinstance(script, Script):
            script.enter()
        if options.command in ("check", "explore"):
            return _many(script, settings, shrink=options.command == "check")
        if options.command == "show":
            return _show(script, settings, options)
        return _one(script, settings, options.schedule, getattr(options, "pdb", False), getattr(options, "until", None))
    except (InvalidSettings, InvalidSchedule) as error:
        print(f"detsched: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt as error:
        print("\n".join(getattr(error, "__notes__", ["detsched: interrupted"])), file=sys.stderr)
        return 130
    except SyntaxError as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        return 1
    except DetschedError as error:
        print(f"detsched: {error}", file=sys.stderr)
        return 1
    finally:
        sys.modules["__main__"], sys.argv[:], sys.path[:] = main_module, arguments, path


def _one(script: Any, settings: dict[str, Any], schedule: str | None, debug: bool, until: int | None) -> int:
    session = Session.of(script, (), settings, ONE_RUN)
    parsed = None if schedule is None else check_schedule(session, schedule, settings)
    if until is not None and not 1 <= until <= len(parsed or ()):
        raise InvalidSettings(f"--until {until}: the schedule has steps 1 to {len(parsed or ())}")
    if debug or until is not None:
        debugger.prepare()
    with session:
        run: Run[None] = recorded(session, parsed, *([debugger.StopAt(until)] if until is not None else []))
    if run.failure is not None:
        _say(run.report())
        if run.failure.kind == "exception":
            _traceback(run.failure.exception)
        if schedule is None:
            _say(f"seed {run._session.settings.seed}")
        if debug:
            _post_mortem(run)
        return 1
    if not run.steps:
        _say("detsched: warning: the script reached no yield point, nothing of it was under control")
    return _exit_status(run)


def _post_mortem(run: Run[None]) -> None:
    """The debugger where the program failed; where it did not raise, how to get to its last step."""
    import pdb

    assert run.failure is not None
    if run.failure.kind == "exception":
        pdb.post_mortem(run.failure.exception.__traceback__)
    else:
        _say(f"nothing was raised: stop before it with --until {run.steps}, and look at the threads there")


def _show(script: Any, settings: dict[str, Any], options: argparse.Namespace) -> int:
    session = Session.of(script, (), settings, ONE_RUN)
    schedule = options.schedule
    if os.path.exists(schedule):
        schedule = f"@{schedule}"
    parsed = check_schedule(session, schedule, settings)
    sys.stdout.flush()
    stdout, sys.stdout = sys.stdout, sys.stderr  # what the program prints is not what was asked for
    try:
        with session:
            run: Run[None] = recorded(session, parsed)
            if run.failure is not None and run.failure.kind != "divergence":
                explain(session, run)
    finally:
        sys.stdout = stdout
    if options.html:
        run.to_html(options.html)
        _say(f"detsched: written to {options.html}")
    if options.mermaid:
        print(run.to_mermaid(), end="")
    if options.json:
        print(run.to_json(), end="")
    if not (options.html or options.mermaid or options.json):
        report = run.report()
        print(colour.coloured(report) if colour.wanted(sys.stdout) else report)
    return 1 if run.failure is not None else 0


def _many(script: Script, settings: dict[str, Any], shrink: bool) -> int:
    session = Session.of(script, (), settings, {"strategy": "auto", "keep_going": False, "shrink": shrink})
    exploration = search(session)
    _say(exploration.report())
    failure = exploration.failure
    if exploration.interrupted:
        return 130
    if failure is None:
        return 0
    if failure.kind == "exception":
        _traceback(failure.exception)
    return 1


def _say(text: str) -> None:
    sys.stdout.flush()
    print(colour.coloured(text) if colour.wanted(sys.stderr) else text, file=sys.stderr, flush=True)


def _traceback(error: BaseException) -> None:
    import traceback

    own = os.path.dirname(os.path.abspath(__file__)) + os.sep
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(own):
        frames = frames.tb_next
    print(file=sys.stderr)
    traceback.print_exception(type(error), error, frames, file=sys.stderr)


def _exit_status(run: Run[None]) -> int:
    done = run._done
    if done is None or done.exit is None:
        return 0
    code = done.exit.code
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


__all__ = ["Script", "main"]
