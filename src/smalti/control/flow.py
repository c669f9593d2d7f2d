"""`Flow`: how much comes per second, the latest counting most; `Arrivals`, which sees a change."""

from __future__ import annotations

import math

_SHORT_S, _LONG_S = 15.0, 90.0
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

    __slots__ = ("_long", "_short", "_squares")

    def __init__(self) -> None:
        self._short, self._long = Flow(_SHORT_S), Flow(_LONG_S)
        self._squares = Flow(_LONG_S)

    def add(self, amount: float, now: float) -> None:
        self._short.add(amount, now)
        self._long.add(amount, now)
        self._squares.add(amount * amount, now)

    def rate(self, now: float) -> float:
        short, long = self._short.rate(now), self._long.rate(now)
        chance = math.sqrt(self._squares.rate(now) / (2.0 * _SHORT_S))
        return short if abs(short - long) > _APART * chance else long
