"""`Clock`: the time of day, and the moment at which somebody sets it.

What is waited for and foreseen is measured by the time of day, since that is what is told. A clock
that is set by an hour, or a machine that slept, would pass for an hour in which everybody waited
and nobody came. So it is held beside one that nobody sets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

LEAST_S = 1.0
"""A clock that is corrected bit by bit is not set."""


class Clock:
    """now: Unix time in seconds. steady: seconds of a clock that goes on evenly; it may stand still
    while the machine sleeps. when_set: told by how much the clock was set, before that is seen.
    """

    def __init__(
        self,
        now: Callable[[], float],
        steady: Callable[[], float],
        when_set: Callable[[float], None],
    ) -> None:
        self._now = now
        self._steady = steady
        self._when_set = when_set
        self._apart = now() - steady()

    def __call__(self) -> float:
        now = self._now()
        by_s = now - self._steady() - self._apart
        if abs(by_s) >= LEAST_S:
            self._apart += by_s
            log.warning("the clock was set by %.1f s; waits are told as if it had not been", by_s)
            self._when_set(by_s)
        return now
