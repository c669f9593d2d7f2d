"""The plain twin of `Arrivals`: one decayed sum, over one horizon."""

from __future__ import annotations

import math


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
