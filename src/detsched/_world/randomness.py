"""Random numbers from the seed of the run: `random`, `secrets`, `os.urandom`, and with them `uuid` and `tempfile`.

Every thread has streams of its own, which follow from the seed and the thread's spawn path alone: what one thread draws cannot
depend on when another one does. Once the program seeds the module's shared generator (`random.seed`, `random.setstate`), all
threads draw from that one, and each draw is an operation that conflicts with every other.

Nothing of the process is used up or left behind: its own generator is what it was before the run.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

from _thread import get_ident

from .._core.active import active
from .._core.clock import EPOCH
from .._core.execution import Execution
from .._core.explicit import Given
from .._core.operation import WRITE, Operation
from .._core.resource import Resource
from .._core.thread import ControlledThread

_Random = random.Random
_seed = random.Random.seed
_shared_functions = [name for name in random.__all__ if getattr(getattr(random, name), "__self__", None).__class__ is _Random]
_STATE: dict[str, dict[str, Callable[[], Any]]] = {
    "uuid": {
        "_last_timestamp": lambda: None,
        "_last_timestamp_v6": lambda: None,
        "_last_timestamp_v7": lambda: None,
        "_last_counter_v7": lambda: 0,
    },
    "tempfile": {"_name_sequence": lambda: None},
    "logging": {"_startTime": lambda: EPOCH if sys.version_info < (3, 13) else int(EPOCH) * 1_000_000_000},
    "asyncio.tasks": {"_task_name_counter": lambda: count(1).__next__},
}
"""What modules of the standard library remember of their past in the process, and what they begin with."""


class _Draw(Operation):
    """Use a generator that all threads share."""

    __slots__ = ()
    kind = "draw from"
    mode = WRITE

    def apply(self) -> None:
        return None


class _Streams:
    """The random streams of one run."""

    def __init__(self, execution: Execution, seed: int) -> None:
        self._execution = execution
        self._seed = seed
        self._of: dict[tuple[str, str], random.Random] = {}
        self.shared: tuple[random.Random, Resource] | None = None
        self.uuid_clock = Given("uuid clock", "the clock of uuid")

    def stream(self, purpose: str) -> random.Random:
        """The calling thread's own stream for a purpose."""
        execution = self._execution
        place = (execution.current.label, purpose)
        found = self._of.get(place)
        if found is None:
            execution.terms["seed"] = self._seed
            found = self._of[place] = _Random(f"{self._seed} {place[0]} {purpose}")
        return found

    def generator(self, share: bool) -> random.Random:
        """What the functions of `random` draw from; with `share` from now on one for all threads."""
        if self.shared is None and share:
            generator = _Random()
            generator.setstate(self.stream("random").getstate())
            self.shared = generator, Given("random generator", "the shared random generator")
        if self.shared is None:
            return self.stream("random")
        generator, resource = self.shared
        active.perform(_Draw(resource))
        return generator


_streams: _Streams | None = None
_before: list[tuple[Any, str, Any]] = []
_made: dict[Any, Any] = {}


def begin(execution: Execution, seed: int) -> None:
    """A run begins whose random numbers flow from a seed."""
    global _streams
    _streams = _Streams(execution, seed)
    for modname, names in _STATE.items():
        module = sys.modules.get(modname)
        for name, fresh in names.items():
            if hasattr(module, name):
                _before.append((module, name, getattr(module, name)))
                setattr(module, name, fresh())


def end() -> None:
    """The run has ended."""
    global _streams
    _streams = None
    while _before:
        setattr(*_before.pop())


def _mine() -> _Streams | None:
    return _streams if active.ident == get_ident() else None


def _function(name: str) -> tuple[Any, Callable[..., Any]]:
    real = getattr(random, name)
    share = name in ("seed", "setstate")

    def draw(*args: Any, **kwargs: Any) -> Any:
        streams = _mine()
        if streams is None:
            return real(*args, **kwargs)
        return getattr(streams.generator(share), name)(*args, **kwargs)

    draw.__name__ = draw.__qualname__ = name
    draw.__doc__ = real.__doc__
    draw.__module__ = "random"
    return real, draw


def _bytes(real: Callable[..., bytes]) -> tuple[Any, Callable[..., bytes]]:
    def draw(size: int, *args: Any, **kwargs: Any) -> bytes:
        streams = _mine()
        if streams is None or type(size) is not int or size < 0:
            return real(size, *args, **kwargs)
        return streams.stream("bytes").randbytes(size)

    draw.__name__ = draw.__qualname__ = real.__name__
    draw.__doc__ = real.__doc__
    draw.__module__ = "os"
    return real, draw


def seed_generator(self: random.Random, a: Any = None, version: int = 2) -> None:
    """A generator of the program's own, made without a seed, takes one from its maker's stream."""
    streams = _mine() if a is None else None
    if streams is not None:
        a = streams.stream("seeds").getrandbits(128)
    _seed(self, a, version)


def _with_node(real: Callable[..., Any]) -> Callable[..., Any]:
    def make(node: int | None = None, clock_seq: int | None = None) -> Any:
        streams = _mine()
        if streams is not None:
            stream = streams.stream("uuid")
            node = stream.getrandbits(48) | 1 << 40 if node is None else node
            clock_seq = stream.getrandbits(14) if clock_seq is None else clock_seq
            active.perform(_Draw(streams.uuid_clock))
        return real(node, clock_seq)

    return make


def _without_node(real: Callable[..., Any]) -> Callable[..., Any]:
    def make() -> Any:
        streams = _mine()
        if streams is not None:
            active.perform(_Draw(streams.uuid_clock))
        return real()

    return make


def replaced_in_uuid(uuid: Any) -> list[tuple[Any, str, Any]]:
    """What stands in the module `uuid`: its time-based kinds see the run's clock, and a node from the thread's stream.

    They look at the last time stamp that they gave out to anybody, so using them is an operation. (uuid4 needs nothing of this.)
    """
    found: list[tuple[Any, str, Any]] = []
    for name, replace in (("uuid1", _with_node), ("uuid6", _with_node), ("uuid7", _without_node)):
        real = getattr(uuid, name, None)
        if real is None or real.__module__ != "uuid":
            continue
        make = _made.setdefault(real, replace(real))
        make.__name__ = make.__qualname__ = name
        make.__doc__ = real.__doc__
        found.append((uuid, name, make))
    return found


REPLACED: dict[Any, Any] = dict(map(_function, _shared_functions))
"""The real functions, and what stands for each."""
REPLACED.update(_bytes(getattr(os, name)) for name in ("urandom", "getrandom") if hasattr(os, name))
METHODS = ((random.Random, "seed", seed_generator),)
