"""Shared state, against brute force: random programs over attributes, variables, containers and locks, in every order of their accesses."""

import pytest

import detsched
from detsched._memory.watching import Watching
from shared_programs import every_order, load, random_program, together


def programs(count, first=0, **settings):
    """So many random programs that brute force can do."""
    seed = first
    while count:
        seed += 1
        text = random_program(seed, **settings)
        program = load(text)
        found = every_order(program)
        if found is not None:
            count -= 1
            yield seed, text, program, found


def test_instructions_show_nothing_that_accesses_do_not():
    """Whatever comes out of switches between instructions comes out of switches between accesses too."""
    for seed, text, program, (outcomes, _) in programs(4):
        fine = detsched.explore(program, strategy="random", granularity="opcode", ignore=together, runs=60)
        assert set(fine.outcomes) <= outcomes, f"random_program({seed}):\n{text}"


def test_the_reduction_against_brute_force():
    """`dpor` runs each class of orderings of accesses once, and sees every outcome."""
    for seed, text, program, (outcomes, classes) in programs(4):
        reduced = detsched.explore(program, strategy="dpor", granularity="access", ignore=together, runs=None)
        assert reduced.complete and reduced.redundant == 0
        assert (set(reduced.outcomes), reduced.runs) == (outcomes, len(classes)), f"random_program({seed}):\n{text}"


def test_what_is_not_shared_makes_no_difference(monkeypatch):
    """With every access an event, proven local or not, there are the same outcomes and the same classes."""
    compared = 0
    for seed, text, program, found in programs(6, first=1_000, budget=1):
        with monkeypatch.context() as patch:
            patch.setattr(Watching, "thorough", True)
            thorough = every_order(program, most=400)
        if thorough is not None:
            # How objects are numbered depends on which of them are seen, so the classes are counted, not compared by name.
            assert thorough[0] == found[0] and len(thorough[1]) == len(found[1]), f"random_program({seed}, budget=1):\n{text}"
            compared += 1
    assert compared > 2


@pytest.mark.parametrize("seed", [3, 14, 59])
def test_the_same_in_every_run(seed):
    """A program has the same events under the same choices, run after run."""
    program = load(random_program(seed))
    runs = [detsched.record(program, granularity="access", ignore=together, seed=5) for _ in range(3)]

    assert len({str(run.schedule) for run in runs}) == 1
