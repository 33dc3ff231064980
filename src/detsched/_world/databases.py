"""sqlite3: a database that is locked is waited for in the run's time, not in C with the baton in hand.

A connection made under control never waits in C. Each of its statements is an operation on the database, and one that finds
it locked waits until another thread has done something there, or its timeout is over. As in SQLite, a connection that holds a
lock already is not made to wait for a stronger one: that is where deadlocks come from, and it is told at once.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.operation import CAUSED, READ, Blocked, Footprint, Operation
from .._core.resource import Resource
from .outside import Replacement, like

_BUSY = 5
_ENDS = ("commit", "end", "rollback")
_DEFAULT_TIMEOUT = 5.0
_PARAMETERS = ("timeout", "detect_types", "isolation_level", "check_same_thread", "factory", "cached_statements", "uri")


class Database(Resource):
    """One database of a run: how often somebody succeeded in doing something to it."""

    __slots__ = ("changes", "path")
    changes: int
    path: str

    def identity(self) -> tuple[object, ...]:
        return (self.path,)


class Statement(Operation):
    """Do something to a database."""

    __slots__ = ("found",)
    kind = "use"
    resource: Database
    found: int
    """How often somebody had succeeded before."""

    def apply(self) -> None:
        self.found = self.resource.changes


class Busy(Operation):
    """Wait until another thread has done something to the database, or give up."""

    __slots__ = ("deadline", "_seen")
    kind = "wait for locked"
    blocking = True
    mode = READ
    resource: Database
    deadline: float

    def __init__(self, database: Database, deadline: float) -> None:
        self.resource = database
        self.deadline = deadline
        self._seen = database.changes
        self.due = False

    def enabled(self) -> bool:
        return self.resource.changes != self._seen or active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]

    def held(self) -> bool:
        return False

    def without(self, other: Operation) -> Footprint | Blocked:
        return self.footprint() if self.due or other.found != self._seen else CAUSED

    def apply(self) -> bool:
        self.due = active.execution.clock.expired(self.deadline)  # type: ignore[union-attr]
        if self.resource.changes != self._seen:
            return True
        active.execution.clock.gave_up(self.deadline)  # type: ignore[union-attr]
        return False


_STATE = "_detsched"


class _Connected:
    """What is known of a connection: its database, how long it waits, whether it holds a lock."""

    def __init__(self, path: str, timeout: float) -> None:
        self.path, self.timeout, self.holds = path, timeout, False


def _database(path: str) -> Database:
    execution = active.execution
    assert execution is not None
    place = ("database", path)
    found = execution.locations.get(place)
    if found is None:
        database: Database = Database.unnamed("database")
        database.given = f"database {os.path.basename(path)}"
        database.changes, database.path = 0, path
        found = execution.locations[place] = (database, None)
    assert isinstance(found[0], Database)
    return found[0]


def _doing(connection: Any, statement: str, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if active.ident != get_ident():
        return call(*args, **kwargs)
    state: _Connected = getattr(connection, _STATE)
    database = _database(state.path)
    deadline: float | None = None
    gave_up = False
    while True:
        active.perform(Statement(database))
        try:
            result = call(*args, **kwargs)
        except connection.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != _BUSY:
                raise
            if state.holds and not statement.startswith(_ENDS):
                raise
            if deadline is None:
                execution = active.execution
                assert execution is not None
                deadline = execution.clock.deadline(state.timeout, execution.current)
            if gave_up:
                raise
            gave_up = not active.perform(Busy(database, deadline))  # then it is tried once more, as SQLite does
            continue
        database.changes += 1
        if statement != "close":
            state.holds = connection.in_transaction and (state.holds or not statement.startswith("begin"))
        return result


def _statement(args: tuple[Any, ...]) -> str:
    return args[0].lstrip()[:10].lower() if args and isinstance(args[0], str) else ""


@cache
def _controlled(connection_class: Any, cursor_class: Any) -> Any:
    """The class of controlled connections, over the class that the program asked for."""

    def on_cursor(name: str) -> Any:
        real = getattr(cursor_class, name)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _doing(self.connection, _statement(args), lambda *a, **k: real(self, *a, **k), args, kwargs)

        return like(real, method)

    def freeing(name: str) -> Any:
        real = getattr(cursor_class, name)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if active.ident != get_ident() or self.connection.in_transaction:
                return real(self, *args, **kwargs)
            database = _database(getattr(self.connection, _STATE).path)
            active.perform(Statement(database))
            result = real(self, *args, **kwargs)
            database.changes += 1  # its lock may be free now
            return result

        return like(real, method)

    fetches = {name: freeing(name) for name in ("fetchone", "fetchmany", "fetchall", "__next__", "close")}
    cursors: dict[str, Any] = {name: on_cursor(name) for name in ("execute", "executemany", "executescript")}
    cursor_type = type(cursor_class.__name__, (cursor_class,), {**cursors, **fetches, "__module__": cursor_class.__module__})

    def on_connection(name: str) -> Any:
        real = getattr(connection_class, name)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _doing(self, name, lambda *a, **k: real(self, *a, **k), args, kwargs)

        return like(real, method)

    def through_cursor(name: str) -> Any:
        def method(self: Any, *args: Any) -> Any:
            return getattr(self.cursor(), name)(*args)

        return like(getattr(connection_class, name), method)

    def cursor(self: Any, factory: Any = cursor_type) -> Any:
        return connection_class.cursor(self, factory)

    def leave(self: Any, *exc: Any) -> Any:
        return _doing(self, "commit" if exc[0] is None else "rollback", lambda: connection_class.__exit__(self, *exc), (), {})

    body: dict[str, Any] = {name: on_connection(name) for name in ("commit", "rollback", "close")}
    body.update((name, through_cursor(name)) for name in cursors)
    body.update(cursor=like(connection_class.cursor, cursor), __exit__=leave, __module__=connection_class.__module__)
    return type(connection_class.__name__, (connection_class,), body)


@cache
def _connecting(real: Any, connection_class: Any, cursor_class: Any) -> Any:
    def connect(database: Any, *args: Any, **kwargs: Any) -> Any:
        if active.ident != get_ident():
            return real(database, *args, **kwargs)
        kwargs.update(zip(_PARAMETERS, args))
        timeout = kwargs.pop("timeout", _DEFAULT_TIMEOUT)
        factory = kwargs.pop("factory", connection_class)
        connection = real(database, timeout=0.0, factory=_controlled(factory, cursor_class), **kwargs)
        name = os.fsdecode(os.fspath(database))
        own = f"{name} of {active.execution.current.count('database')}" if name in ("", ":memory:") else ""  # type: ignore[union-attr]
        path = own or (name if name.startswith("file:") else os.path.abspath(name))
        setattr(connection, _STATE, _Connected(path, float(timeout)))
        return connection

    return like(real, connect)


def replaced_in_sqlite3(module: Any) -> list[Replacement]:
    """What stands in `sqlite3` and `sqlite3.dbapi2`."""
    real = module.connect
    if real in _ours:
        return []
    _ours.add(_connecting(real, module.Connection, module.Cursor))
    return [(module, "connect", _connecting(real, module.Connection, module.Cursor))]


_ours: set[Any] = set()
