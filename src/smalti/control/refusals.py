"""`Refusals`: which part of a tier's requests was refused lately."""

from __future__ import annotations

import math

_HORIZON_S = 60.0
_ONE = 1.0
"""One request that was not refused is counted along, so that what is long past is forgotten."""


class Refusals:
    """A clock that is set back stands still until it has caught up."""

    __slots__ = ("_asked", "_at", "_refused")

    def __init__(self) -> None:
        self._asked = self._refused = 0.0
        self._at = 0.0

    def clock_set(self, by_s: float) -> None:
        """What was refused is as long ago as before."""
        self._at += by_s

    def add(self, refused: bool, now: float) -> None:
        if now > self._at:
            left = math.exp((self._at - now) / _HORIZON_S)
            self._asked *= left
            self._refused *= left
            self._at = now
        self._asked += 1.0
        if refused:
            self._refused += 1.0

    def part(self, now: float) -> float:
        left = math.exp(min(self._at - now, 0.0) / _HORIZON_S)
        return self._refused * left / (self._asked * left + _ONE)
