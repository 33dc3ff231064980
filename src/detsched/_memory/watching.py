"""Watching code while a program is explored: from the events of the interpreter to operations.

What makes events (monitoring or tracing) asks here which offsets of a code object are sites, and reports each that is about to
execute.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable
from types import CodeType, FrameType, MethodType
from typing import Any, ClassVar

from _thread import get_ident

from .._core.active import active
from .._core.execution import Execution
from .._core.operation import Operation
from .._core.thread import ControlledThread
from .._core.values import exact
from ..errors import InternalError
from .alone import Alone
from .attributes import is_own
from .bytecode import ANY_ATTRIBUTE
from .gil import Preemptions
from .locations import Read, known
from .monitoring import Monitoring
from .points import INSTRUCTION, LINE, switch
from .imports import Reach
from .scene import scene
from .sites import Site, Table, table_of
from .tracing import Tracing
from .watch import Names, Watched, facts

Source: Any = Monitoring if sys.version_info >= (3, 12) else Tracing
"""What makes the events."""
_MOST_GROWTHS = 100
"""How often new names may come up in runs before any name may be stored under: a program that counts on from run to run has a new one in
each, and would be run once more for ever."""
_FINALIZERS = "finalizers (__del__) run in whichever thread lets go last"
_PATIENCE_WITH_CLEANUP = 10_000
"""Accesses that a thread may make while it is unwound before it is told again."""


class Watching:
    """The watched code of one session. Enter it around the runs."""

    thorough: ClassVar[bool] = False
    """Whether accesses are events even where it is proven that no other thread could tell. To check just that."""

    def __init__(self, granularity: str, watch: Any, ignore: Any, things: Iterable[Any]) -> None:
        self.granularity = granularity
        self.watched = Watched(watch, ignore)
        self._reach = Reach(self.watched)
        self._things = list(things)
        self._names = Names()
        self._tables: dict[int, Table] = {}
        self.sites: dict[int, dict[int, tuple[Site, bool]]] = {}
        """For each code object (by its id), the sites at its offsets."""
        self.blind = False
        """Whether a program started threads, and no code was watched."""
        self.grew = False
        """Whether code came up during a run that stores under new names."""
        self._growths = 0
        self.also: tuple[str, ...] = ()
        """What was found out in the middle of runs: modules, by name, that are within reach though no import says so; and behind a
        hyphen, names that were computed and stored under (nothing behind it: names that cannot be told)."""
        self.finalizes = False
        """Whether watched finalizers ran beside other threads: the last one to let go of an object runs it, and letting go is no event."""
        self.imprecise = 0
        """Of how many accesses of the last run the object could not be told."""
        self._alone = Alone()
        self._source: Any = Source(self)
        self._cleanups = 0
        self._inside: set[int] = set()
        self._plain: Any = None
        self._guard: Any = None
        self._preemptions: Preemptions | None = None
        self._point = {"line": LINE, "opcode": INSTRUCTION, "gil": switch}.get(granularity)
        self.points: dict[int, set[int]] = {}
        """For each code object (by its id), the offsets of the yield points that are no accesses."""

    def __enter__(self) -> Watching:
        self._names.add(self._reach.of([*self._things, *self.watched.explicit()], self.watched.modules()))
        self._source.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._source.__exit__(*exc)
        self._tables.clear()
        self.sites.clear()
        self.points.clear()
        known.begin({})

    def begin(self, execution: Execution, preemptions: Preemptions | None = None) -> None:
        """A run is about to begin, in this thread. `preemptions` is told where a GIL could be handed over."""
        if (preemptions is None) is not (self._preemptions is None):
            self._preemptions = preemptions
            self._tabulate_again()
        self._preemptions = preemptions
        known.begin(execution.named)
        self._alone = Alone()
        self._cleanups = 0
        scene.thorough = self.thorough
        scene.stores_under = self._stores_under
        execution.at_thread_begin = self._begin_thread
        execution.tracing = self._source
        self._plain, self._guard = execution._perform, self._guarded(execution._perform)
        setattr(execution, "_perform", self._guard)

    def _guarded(self, perform: Callable[[Operation], Any]) -> Callable[[Operation], Any]:
        """The yield point, with a note of who is in it: finalizers and signal handlers that run there make no accesses of their own."""
        inside = self._inside = set()
        perform = self._source.aside(perform)

        def guarded(operation: Operation) -> Any:
            me = get_ident()
            if me in inside:
                return perform(operation)
            inside.add(me)
            try:
                return perform(operation)
            finally:
                inside.discard(me)

        return guarded

    def at_main_end(self) -> None:
        """The program's main thread has come to its end: what only we still hold is let go of within the run."""
        if exact:
            known.let_go()

    def end(self, execution: Execution) -> None:
        """The run has ended."""
        if self.finalizes:
            execution.log.beyond[_FINALIZERS] = None
        self.blind = self.blind or (execution.main.children > 0 and not self._tables)
        self._plain = self._guard = None
        self.imprecise = 0 if exact else sum(isinstance(operation, Read) for operation in execution.log.operations)
        known.begin({})

    def _begin_thread(self, thread: ControlledThread) -> None:
        if exact:
            _see_what_it_is_given(thread)
        self._source.begin_thread()

    def table(self, code: CodeType, variables: dict[str, Any]) -> dict[int, tuple[Site, bool]]:
        """The sites of a watched code object that runs with such global variables."""
        found = self.sites.get(id(code))
        if found is None:
            self.finalizes = self.finalizes or (code.co_name == "__del__" and _beside_others())
            stored = facts.stored(code)
            if (code.co_name != "<module>" or not _importing()) and self._names.add(stored):
                self._names.add(self._looked_up(variables))
                self._grow()
            found = self._tabulate(code)
        return found

    def reach_also(self, found: Iterable[str]) -> None:
        """This was found out by others (see `also`)."""
        new = [each for each in found if each not in self.also]
        if new:
            self.also = tuple(sorted({*self.also, *new}))
            noted = [self._names.note(each[1:] or None) for each in new if each.startswith("-")]
            if self._names.add(self._reach.of((), [each for each in new if not each.startswith("-")])) or any(noted):
                self._tabulate_again()

    def _looked_up(self, variables: dict[str, Any]) -> frozenset[str]:
        """What the module can reach that has these global variables. It was not known to be within reach."""
        execution, name = active.execution, variables.get("__name__")
        # What comes before the first thread comes in every run.
        if execution is not None and execution.main.children and isinstance(name, str) and name.isascii() and self._reach.has_source(variables):
            self.also = tuple(sorted({*self.also, name}))
        if active.ident != get_ident():
            return self._reach.of_module(variables)
        holder, active.ident = active.ident, 0  # to look for modules is no doing of the program
        try:
            return self._reach.of_module(variables)
        finally:
            active.ident = holder

    def _tabulate(self, code: CodeType) -> dict[int, tuple[Site, bool]]:
        table = self._tables[id(code)] = self._table_of(code)
        found = table.sites
        self.points[id(code)] = table.points
        if self._point is not None:
            found = {**dict.fromkeys(table.points, (_nothing, True)), **found}
        if self._preemptions is not None:
            found = {**dict.fromkeys(table.switches, (_nothing, False)), **found}
        if code.co_name == "__del__":
            found = {offset: (_in_finalizer(site), only_beside_others) for offset, (site, only_beside_others) in found.items()}
        self.sites[id(code)] = found
        return found

    def _table_of(self, code: CodeType) -> Table:
        if self.thorough or not exact:
            return Table(code, (lambda name: True) if self.thorough else self._names.has, frozenset(), self.granularity)
        stored, settled = frozenset(filter(self._names.has, (*code.co_names, ANY_ATTRIBUTE))), self._names.settled(code)
        return table_of(code, stored, settled, self.granularity)

    def _tabulate_again(self) -> None:
        for table in list(self._tables.values()):
            self._tabulate(table.code)
        self._source.refresh()

    def _stores_under(self, name: str | None, kind: type | None) -> None:
        if name is not None and kind is not None and self._names.has(ANY_ATTRIBUTE) and is_own(kind, name):
            return  # readings of such attributes are accesses already
        if self._names.note(name):
            if active.execution is not None and active.execution.main.children:
                self.also = tuple(sorted({*self.also, f"-{name}" if name is not None and name.isascii() and name.isidentifier() else "-"}))
            self._grow()

    def _grow(self) -> None:
        execution = active.execution
        if execution is not None and execution.main.children > 0:
            self.grew = True
            self._growths += 1
            if self._growths > _MOST_GROWTHS:
                self._names.any = True
        self._tabulate_again()

    def at(self, found: tuple[Site, bool], frame: FrameType) -> None:
        """A site is about to execute, in a thread under control."""
        execution: Any = active.execution
        site, only_beside_others = found
        current = execution.current
        if (only_beside_others and not execution.main.children) or current.atomic or (self._inside and current.os_ident in self._inside):
            return
        if self._preemptions is not None and frame.f_lasti in self._tables[id(frame.f_code)].switches:
            self._preemptions.passed.add(current)
        if self._point is not None and frame.f_lasti in self.points[id(frame.f_code)]:
            self._yield(self._point)
        try:
            operation = site(frame)
        except RecursionError:
            raise  # the program's own recursion comes to its end here
        except Exception as error:
            execution.interrupt(InternalError(f"at an access in {frame.f_code.co_qualname}, line {frame.f_lineno}: {error!r}"))
            return
        if known.due < 0 and exact:
            known.let_go()
        if operation is not None:
            self._yield(operation)

    def _yield(self, operation: Operation) -> None:
        execution: Any = active.execution
        if len(execution.live) == 1 and self._alone.now(execution) and not (self.thorough and execution.main.children):
            return
        if execution.unwinding or execution.trespass is not None:
            self._cleanups += 1
            if self._cleanups <= _PATIENCE_WITH_CLEANUP:
                return
        perform = active.perform
        # Inside the callback of an event there are no others, so there is nothing to guard against.
        (self._plain if perform is self._guard else perform)(operation)


def _nothing(frame: FrameType) -> None:
    return None


def _in_finalizer(site: Site) -> Site:
    def noted(frame: FrameType) -> Read | None:
        if _beside_others():
            active.execution.log.beyond[_FINALIZERS] = None  # type: ignore[union-attr]
        return site(frame)

    return noted


def _beside_others() -> bool:
    execution = active.execution
    return execution is not None and len(execution.live) > 1


def _importing() -> bool:
    execution = active.execution
    return execution is not None and active.ident == get_ident() and execution.current.atomic > 0


def _see_what_it_is_given(thread: ControlledThread) -> None:
    """What a new thread begins with bears a name before anybody uses it."""
    handle = thread.handle
    if handle is None:
        return
    given = handle.__dict__
    function, arguments, keywords = given.get("_target"), given.get("_args"), given.get("_kwargs")
    owner = None
    if type(function) is MethodType:
        owner, function = function.__self__, function.__func__
    code: Any = getattr(function, "__code__", None)
    if arguments:
        parameters = code.co_varnames[owner is not None : code.co_argcount] if code is not None else ()
        for name, thing in itertools.zip_longest(parameters[: len(arguments)], arguments):
            scene.stored(id(thing), name)
    if keywords:
        for name, thing in keywords.items():
            scene.stored(id(thing), name)
    if type(handle) is not threading.Thread:
        scene.stored(id(handle))
    if owner is not None:
        scene.stored(id(owner))
    if code is not None and code.co_freevars:
        for name, cell in zip(code.co_freevars, getattr(function, "__closure__", None) or ()):
            known.see_cell(cell, name, scene.creator)
            try:
                scene.stored(id(cell.cell_contents), name)
            except ValueError:
                pass
