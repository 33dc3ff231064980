"""An exploration in one line: what was found, in how many runs, and what that is complete for, in words that claim no more than is so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._report import text
from ..settings import BOUNDS

if TYPE_CHECKING:
    from .explore import Exploration


def summary(of: Exploration[Any]) -> str:
    """The line."""
    settings = of._settings
    name = settings.strategy if isinstance(settings.strategy, str) else getattr(settings.strategy, "__name__", type(settings.strategy).__name__)
    bound = next((f", {kind}={getattr(settings, kind)}" for kind in BOUNDS if getattr(settings, kind) is not None), "")
    rate = f"{of.runs / (of.elapsed - of._explaining):,.0f} runs/s" if of.elapsed > of._explaining else ""
    found = count(len(of._failures), "failure") if of._failures else "no failure"
    where = f" ({of.failed_runs:,} of them failed, {100 * of.failed_runs / of.runs:.3g} %)" if of.failed_runs else ""
    stopped = ", interrupted" if of.interrupted else ""
    no_points = "; NO YIELD POINT was reached, nothing of this program is under control" if of.runs and not of.steps else ""
    imprecise = f"; {text.imprecise(of.imprecise)}" if of.imprecise else ""
    return (
        f"{found} in {count(of.runs, 'run')}{where}, strategy {name}{bound}, seed {settings.seed}, "
        f"{count(len(of._outcomes), 'outcome')}, {_coverage(of)}{stopped}, {rate}{no_points}{imprecise}"
    )


def _coverage(of: Exploration[Any]) -> str:
    """What is complete, and no more than that."""
    settings = of._settings
    if not of.complete:
        but = [f"{count(of.cut, 'run')} with more behind than is covered"] if of.cut else []
        if of._covered:
            but.append(f"but for all {_what(of, 2)} {of._covered}")
        if of.estimate is not None and not of._beyond and (settings.keep_going or not of._failures):
            but.append(str(of._estimate))
        beyond = f", for {' and '.join(of._beyond)}" if of._beyond else ""
        return (f"not complete ({', '.join(but)})" if but else "not complete") + beyond
    number = of._systematic_runs - of.redundant
    what = _what(of, number)
    whole = f"complete: the only {what}" if number == 1 else f"complete: all {number:,} {what}"
    again = f" ({count(of.redundant, 'run')} equivalent to another)" if of.redundant else ""
    if not of._redundant_exactly:
        whole, again = f"complete: all {what}", f" (at least {of.redundant:,} of the runs equivalent to another)"
    limits = f" {of._limits}" if of._limits else ""
    idle = ", with timeouts only when idle" if settings.timeouts == "idle" and of._timed else ""
    return f"{whole}{limits}{again}{idle}"


def _what(of: Exploration[Any], number: int) -> str:
    """What the search goes through."""
    if of._settings.strategy == "dfs":
        return "order of yield points" if number == 1 else "orders of yield points"
    return ("ordering" if number == 1 else "orderings") + (" of synchronisation" if of._settings.granularity == "sync" else "")


def count(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


__all__ = ["count", "summary"]
