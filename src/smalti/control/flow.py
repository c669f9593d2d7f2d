"""`Arrivals`: how much comes per second, the latest counting most, and whether that has changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from smalti.control.written import numbers

_SHORT_S, _LONG_S = 15.0, 90.0
_TIMES = _LONG_S / _SHORT_S
_APART = 3.0
"""In standard deviations."""


class Arrivals:
    """How much comes per second: the mean of a long time, or of a short one where the two are
    further apart than chance would have them.

    Chance: of pieces that come independently of each other, the rate over a horizon of h seconds
    has the variance E(sum of their squares a second) / 2h (Campbell's theorem, with weights that
    decay exponentially). A clock that is set back stands still until it has caught up.
    """

    __slots__ = ("_at", "_begun", "_long", "_short", "_squares")

    def __init__(self) -> None:
        self._short = self._long = self._squares = 0.0
        self._at: float | None = None
        self._begun = 0.0

    @classmethod
    def read(cls, written: Sequence[float], later_s: float) -> Arrivals:
        """What `written` wrote, as if it had come so much later."""
        its = cls()
        begun, at, its._short, its._long, its._squares = numbers(written, 5, 0.0)
        its._begun, its._at = begun + later_s, at + later_s
        return its

    def written(self) -> list[float]:
        """As JSON can hold it."""
        at = self._begun if self._at is None else self._at
        return [self._begun, at, self._short, self._long, self._squares]

    def clock_set(self, by_s: float) -> None:
        """What came is as long ago as before."""
        self._begun += by_s
        if self._at is not None:
            self._at += by_s

    def add(self, amount: float, now: float) -> None:
        if self._at is None:
            self._at = self._begun = now
        elif now > self._at:
            left = math.exp((self._at - now) / _LONG_S)
            self._long *= left
            self._squares *= left
            self._short *= left**_TIMES
            self._at = now
        self._short += amount
        self._long += amount
        self._squares += amount * amount

    def rate(self, now: float) -> float:
        if self._at is None:
            return 0.0
        age_s = max(now - self._begun, 1.0)
        left = math.exp((self._at - now) / _LONG_S) if now > self._at else 1.0
        seen_s = _LONG_S * (1.0 - math.exp(-age_s / _LONG_S))
        long = self._long * left / seen_s
        squares = self._squares * left / seen_s
        seen_s = _SHORT_S * (1.0 - math.exp(-age_s / _SHORT_S))
        short = self._short * left**_TIMES / seen_s
        chance = math.sqrt(squares / (2.0 * _SHORT_S))
        return short if abs(short - long) > _APART * chance else long
