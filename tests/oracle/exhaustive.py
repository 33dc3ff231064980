"""A strategy that makes every sequence of choices once: depth first, by a stack of indices. Written as any user would write one."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import detsched


class TooMany(Exception):
    """More runs than a test has time for."""


class ExhaustiveDFS(detsched.Strategy):
    """Every sequence of choices. Done when the last question of the stack has no other answer left."""

    def __init__(self, most: int | None = None) -> None:
        self.stack: list[list[int]] = []  # (index that was taken, how many there were) for each question
        self.depth = 0
        self.runs = 0
        self.most = most

    def begin(self, run):
        self.depth = 0
        self.runs += 1
        if self.most is not None and self.runs > self.most:
            raise TooMany

    def _answer(self, count: int) -> int:
        if self.depth == len(self.stack):
            self.stack.append([0, count])
        index, of = self.stack[self.depth]
        assert of == count, f"question {self.depth} had {of} options, and has {count} in an equal run"
        self.depth += 1
        return index

    def choose(self, step):
        return step.enabled[self._answer(len(step.enabled))]

    def choose_value(self, count):
        return self._answer(count)

    def end(self, log, failures):
        assert self.depth == len(self.stack), "an equal run asked fewer questions"
        while self.stack and self.stack[-1][0] + 1 == self.stack[-1][1]:
            self.stack.pop()
        if not self.stack:
            return False
        self.stack[-1][0] += 1
        return True


def everything(program: Callable[[], Any], most: int | None = None) -> detsched.Exploration:
    """The exploration of a program by every sequence of choices."""
    return detsched.explore(program, strategy=ExhaustiveDFS(most), runs=None, granularity="sync")


def values(exploration: detsched.Exploration) -> set[Any]:
    """The values of the runs that passed; "deadlock" where one ended so."""
    return {"deadlock" if key.startswith("deadlock") else ast.literal_eval(key) for key in exploration.outcomes}


class Noting(ExhaustiveDFS):
    """Notes what each run came to: the set of its failures, each (kind, lines), and the log that the program kept."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__(most)
        self.log: list[Any] | None = None
        self.found: set[Any] = set()

    def begin(self, run):
        super().begin(run)
        self.log = None

    def keep(self, log: list[Any]) -> None:
        """The log of the run that has just begun (replays that confirm a failure come later, and do not count)."""
        if self.log is None:
            self.log = log

    def end(self, log, failures):
        self.found.add((frozenset((failure.kind, lines(failure)) for failure in failures), tuple(self.log or ())))
        return super().end(log, failures)


def lines(failure: detsched.Failure) -> frozenset[int]:
    """The lines of the program that a failure is about."""
    return frozenset(int(line) for line in re.findall(r"\w+\.py:(\d+)", " ".join(failure.origin)))
