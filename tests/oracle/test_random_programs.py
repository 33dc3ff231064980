"""Random small programs: the outcomes under detsched are those of an independent interpreter of the same program."""

import os
import threading
import time

import pytest

import detsched
from exhaustive import TooMany, everything, outcomes
from model import random_program

PROGRAMS = int(os.environ.get("DETSCHED_ORACLE_PROGRAMS", "60"))
MOST_RUNS = 2500




def compare(seed):
    """None if both agree (or the program is too large), else what differs."""
    text, model = random_program(seed)

    def program():
        scope = {name: getattr(threading, name) for name in threading.__all__}
        scope["sleep"] = time.sleep
        exec(code, scope)
        return scope["program"]()

    code = compile(text, f"program{seed}.py", "exec")
    try:
        exploration = everything(program, MOST_RUNS)
    except TooMany:
        return "too large"
    ours, expected = outcomes(exploration), model.outcomes()
    if ours == expected:
        return None
    report = [f"program {seed}, {exploration.runs} runs:", text]
    report += [f"missed by detsched: {one}" for one in sorted(map(show, expected - ours))]
    for one in sorted(ours - expected, key=show):
        report.append(f"not in the model:   {show(one)}")
    return "\n".join(report)


def show(outcome):
    """An outcome as text that can be sorted."""
    if isinstance(outcome, frozenset):
        return "; ".join(sorted(f"{kind} {sorted(lines)}" for kind, lines in outcome))
    return repr(outcome)


@pytest.mark.parametrize("start", range(0, PROGRAMS, 10))
def test_outcomes_equal_those_of_the_model(start):
    """Every outcome of the model comes under exhaustive search, and no other."""
    came = {seed: compare(seed) for seed in range(start, start + 10)}
    wrong = [text for text in came.values() if text not in (None, "too large")]

    assert not wrong, "\n\n".join(wrong)
    assert sum(text == "too large" for text in came.values()) <= 8


@pytest.mark.parametrize("seed", range(8))
def test_random_search_stays_within_the_model(seed):
    """No run under random choice comes to anything that the model does not have."""
    text, model = random_program(1000 + seed)
    code = compile(text, "program.py", "exec")

    def program():
        scope = {name: getattr(threading, name) for name in threading.__all__}
        scope["sleep"] = time.sleep
        exec(code, scope)
        return scope["program"]()

    assert outcomes(detsched.explore(program, runs=100)) <= model.outcomes()
