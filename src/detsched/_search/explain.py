"""From a failure to a report that explains it: a simpler run, and the reversal that makes it pass. Each of them is replayed."""

from __future__ import annotations

from typing import Any

from .._core.failure import Failure
from . import reversal
from .run import Run, recorded
from .session import Session
from .shrink import Shrinker


def simplified(session: Session, failure: Failure, run: Run[Any]) -> tuple[Failure, Run[Any]]:
    """The failure as it comes in a simpler run, and that run; both as they are where none was found."""
    assert run._done is not None
    shrunk = Shrinker(session, failure.origin).shrink(run._done)
    if shrunk is None:
        return failure, run
    if shrunk.schedule == run.schedule:
        run.shrunk = shrunk
        return failure, run
    simpler: Run[Any] = recorded(session, shrunk.schedule)
    again = [found for found in simpler.failures if found.origin == failure.origin]
    if not again:
        return failure, run
    simpler.shrunk, simpler._found = shrunk, run._found
    return again[0], simpler


def explain(session: Session, run: Run[Any]) -> None:
    """Find out which two steps of a failing run have to change places for it to pass, and note it in the run."""
    found = reversal.find(session, run)
    shrunk = run.shrunk
    run._others = found.runs + (0 if shrunk is None else shrunk.runs), found.passed + (0 if shrunk is None else shrunk.passed)
    if found.reversal is not None:
        passing: Run[Any] = recorded(session, found.reversal.passed.schedule())
        if passing.failure is None:
            run._reversal = found.reversal.pair, passing
