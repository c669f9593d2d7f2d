"""`Flow`: how much comes per second, the latest counting most; `Arrivals`, which sees a change."""

from __future__ import annotations

import math

_SHORT_S, _LONG_S = 15.0, 90.0
_TIMES = _LONG_S / _SHORT_S
_APART = 3.0
"""In standard deviations."""


class Flow:
    """An exponentially decayed sum over about `horizon_s` seconds, as a rate.

    A clock that is set back stands still until it has caught up.
    """

    __slots__ = ("_at", "_begun", "_sum", "horizon_s")

    def __init__(self, horizon_s: float) -> None:
        self.horizon_s = horizon_s
        self._sum = 0.0
        self._at: float | None = None
        self._begun = 0.0

    def add(self, amount: float, now: float) -> None:
        at = self._at
        if at is None:
            self._at = self._begun = now
        elif now > at:
            self._sum *= math.exp((at - now) / self.horizon_s)
            self._at = now
        self._sum += amount

    def rate(self, now: float) -> float:
        """Amount per second. A flow that is younger than its horizon is judged by its age."""
        if self._at is None:
            return 0.0
        since_s = max(now - self._at, 0.0)
        age_s = max(now - self._begun, 1.0)
        seen_s = self.horizon_s * (1.0 - math.exp(-age_s / self.horizon_s))
        return self._sum * math.exp(-since_s / self.horizon_s) / seen_s


class Arrivals:
    """How much comes per second: the mean of a long time, or of a short one where the two are
    further apart than chance would have them.

    Chance: of pieces that come independently of each other, the rate over a horizon of h seconds
    has the variance E(sum of their squares a second) / 2h (Campbell's theorem, with weights that
    decay exponentially).
    """

    __slots__ = ("_at", "_begun", "_long", "_short", "_squares")

    def __init__(self) -> None:
        self._short = self._long = self._squares = 0.0
        self._at: float | None = None
        self._begun = 0.0

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
