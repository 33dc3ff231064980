"""How much of a search there may be in all, and what is said of it while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._report import progress

if TYPE_CHECKING:
    from ..strategies import Strategy
    from .explore import Exploration


class Estimate:
    """The estimate of a strategy, with the ones before it: how far they lie apart says how far to trust it."""

    def __init__(self) -> None:
        self.value: float | None = None
        """How many runs there may be in all."""
        self.range: tuple[float, float] | None = None
        """The smallest and the largest that this was since an eighth of the runs were made."""
        self._values: list[tuple[int, float]] = []

    def look(self, strategy: Strategy, runs: int, complete: bool) -> None:
        """As `update`, now and then: some four times while the runs become twice as many."""
        if not runs % (1 << max(0, runs.bit_length() - 3)):
            self.update(strategy, runs, complete)

    def update(self, strategy: Strategy, runs: int, complete: bool) -> None:
        """After so many runs."""
        found = float(runs) if complete else strategy.estimate
        if found is None:
            self.value = self.range = None
            self._values.clear()
            return
        least = float(runs if complete else runs + 1)
        self.value = max(found, least)
        self._values = [one for one in self._values if one[0] >= runs // 8] + [(runs, self.value)]
        values = [self.value] if complete else [max(value, least) for _, value in self._values]
        self.range = min(values), max(values)

    def __str__(self) -> str:
        if self.value is None or self.range is None:
            return ""
        low, high = self.range
        return f"about {_rounded(self.value)} runs in all" + (f" ({_rounded(low)} to {_rounded(high)})" if high > 1.1 * low else "")


def _rounded(number: float) -> str:
    """As many digits as mean something."""
    if number < 1e9:
        return f"{float(f'{number:.2g}'):,.0f}" if number >= 1_000 else f"{number:.0f}"
    return f"{number:.0e}".replace("e+", "e").replace("e0", "e")


def so_far(exploration: Exploration[object], made: int, passed: float) -> str:
    """The line that is said of a search now and then: `made` runs in `passed` seconds, besides those that were made before it was resumed."""
    settings, runs, whole = exploration._settings, exploration.runs, exploration._estimate
    rate = made / passed if passed else 0.0
    left = []
    if rate and whole.value is not None:
        left.append((whole.value - runs) / rate)
    if rate and settings.runs is not None:
        left.append((settings.runs - made) / rate)
    if settings.seconds is not None:
        left.append(settings.seconds - passed)
    return progress.line(runs, rate, len(exploration._outcomes), len(exploration.failures), str(whole), min(left, default=None))


__all__ = ["Estimate", "so_far"]
