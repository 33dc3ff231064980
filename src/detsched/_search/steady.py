"""Steady: whether a program is still the one that a systematic search began with.

A program that keeps state may do a little more in every run. Then each run begins exactly as the one before it, from which it branches
off late, and there would be always more to try at the end. So an early run is done again from time to time.
"""

from __future__ import annotations

from .._core.schedule import Schedule
from ..errors import DivergenceError
from ..strategies import Follow, Strategy, Turn
from ..strategies.replay import CAUSES
from .session import Done, Session

_FIRST, _RARER = 16, 4
"""Of how many runs the early one is done again after the last, and by which factor that grows."""


class Steady:
    """Keeps an early run of a systematic search, and does it again when there have been 16, 64, 256, … runs; after a shorter search at its end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._early: Schedule | None = None
        self._due = _FIRST

    def check(self, strategy: Strategy, done: Done, more: bool) -> None:
        """A run has been done; there are `more` to come or not. Raises DivergenceError where the early run does not come again as it was."""
        if not strategy.runs:
            return
        if self._early is None:
            self._early = done.schedule()
        elif strategy.runs >= self._due or (strategy.complete and not more and self._due == _FIRST):
            self._due *= _RARER
            follow = Follow(self._early)
            again = self._session.run(follow, Turn(0, self._session.settings.seed))
            follow.end(again.execution.log, again.failures)
            if not follow.whole:
                raise DivergenceError(
                    f"one of the first runs had {len(self._early)} steps, and after {strategy.runs} runs its schedule fits "
                    f"{follow.fitted} of {len(again.execution.log)}; {CAUSES}"
                )


__all__ = ["Steady"]
