"""Random small programs: the outcomes under detsched are those of an independent interpreter of the same program."""

import os
import threading
import time

import pytest

import detsched
from exhaustive import Noting, TooMany
from model import random_program

PROGRAMS = int(os.environ.get("DETSCHED_ORACLE_PROGRAMS", "15"))
MOST_RUNS = 800 if PROGRAMS <= 100 else 2000


def noted(text, strategy):
    """A program of no arguments from the text of one, which hands its log to the strategy."""
    code = compile(text, "program.py", "exec")

    def program():
        scope = {name: getattr(threading, name) for name in threading.__all__} | {"sleep": time.sleep}
        exec(code, scope)
        log = []
        strategy.keep(log)
        scope["program"](log)

    return program


def compare(seed):
    """None if both agree, "too large", or what differs."""
    text, model = random_program(seed)
    strategy = Noting(MOST_RUNS)
    try:
        exploration = detsched.explore(noted(text, strategy), strategy=strategy, runs=None, granularity="sync")
    except TooMany:
        return "too large"
    expected = model.outcomes()
    if strategy.found == expected and not any(failure.kind == "divergence" for failure in exploration.failures):
        return None
    report = [f"program {seed}, {exploration.runs} runs:", *(f"{number:3} {line}" for number, line in enumerate(text.split("\n"), 1))]
    report += [f"missed by detsched: {one}" for one in sorted(map(show, expected - strategy.found))]
    report += [f"not in the model:   {one}" for one in sorted(map(show, strategy.found - expected))]
    report += [f"failure: {failure}" for failure in exploration.failures]
    return "\n".join(report)


def show(outcome):
    """An outcome as text that can be sorted."""
    failures, log = outcome
    return ("; ".join(sorted(f"{kind} {sorted(lines)}" for kind, lines in failures)) or "passed") + f" {list(log)}"


@pytest.mark.parametrize("start", range(0, PROGRAMS, 15))
def test_outcomes_equal_those_of_the_model(start):
    """Every outcome of the model comes under exhaustive search, and no other."""
    came = {seed: compare(seed) for seed in range(start, start + 15)}
    wrong = [text for text in came.values() if text not in (None, "too large")]

    assert not wrong, "\n\n".join(wrong)
    assert sum(text == "too large" for text in came.values()) <= 5


@pytest.mark.parametrize("start", range(1000, 1020, 10))
def test_random_search_stays_within_the_model(start):
    """No run under random choice comes to anything that the model does not have, for programs too large to exhaust as well."""
    for seed in range(start, start + 10):
        text, model = random_program(seed)
        expected = model.outcomes()
        found = {show(one) for one in expected}
        for number in range(10):
            strategy = Noting()
            run = detsched.record(noted(text, strategy), seed=number, granularity="sync")
            strategy.end(None, run.failures)

            assert {show(one) for one in strategy.found} <= found, f"program {seed}, seed {number}\n{text}"
