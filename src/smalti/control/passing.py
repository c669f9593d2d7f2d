"""`Passing`: what comes in a class and goes before somebody who has been there longer.

A fair order serves users alike, so a newcomer who has less of his own waiting is drawn before the
last picture of one who has more. How much of that comes is learnt by how many pictures of its own
user each picture found waiting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

from smalti.control.written import numbers

_HORIZON_S = 60.0
_DEEPEST = 16
_OTHERS = 0.7
"""Part of it that is taken to be of others than the one who is passed, beside what he has there."""


class Passing:
    """Works are tile-steps. Rates are those of the latest `look`; one a second is enough."""

    __slots__ = ("_at", "_came", "_rates")

    def __init__(self) -> None:
        self._at = 0.0
        self._came = [0.0] * _DEEPEST
        self._rates = [0.0] * (_DEEPEST + 1)

    @classmethod
    def read(cls, written: Sequence[float], later_s: float) -> Passing:
        """What `written` wrote, as if it had come so much later."""
        its = cls()
        at, *its._came = numbers(written, 1 + _DEEPEST, 0.0)
        its._at = at + later_s
        return its

    def written(self) -> list[float]:
        """As JSON can hold it."""
        return [self._at, *self._came]

    def clock_set(self, by_s: float) -> None:
        """What came is as long ago as before."""
        self._at += by_s

    def came(self, before: int, images: int, work: float, now: float) -> None:
        """A job is admitted whose user has so many pictures waiting. work: of each of its own."""
        self._forget(now)
        for i in range(before, before + images):
            self._came[min(i, _DEEPEST - 1)] += work

    def look(self, now: float) -> None:
        self._forget(now)
        for before in range(1, _DEEPEST + 1):
            passes = sum(map(mul, _PASSES[before], self._came))
            self._rates[before] = _OTHERS * passes / _HORIZON_S

    def rate(self, before: int, own: int, work: float) -> float:
        """Per second, of somebody with so many pictures waiting before a place.

        own: those, and his that hold slots; they came too, and do not pass him. work: of each.
        """
        before = min(before, _DEEPEST)
        his = _OTHERS * sum(_PASSES[before][:own]) * work / _HORIZON_S
        return max(self._rates[before] - his, 0.0)

    def _forget(self, now: float) -> None:
        if now > self._at:
            left = math.exp((self._at - now) / _HORIZON_S)
            self._came = [came * left for came in self._came]
            self._at = now


_PASSES = [[1.0 - i / n for i in range(n)] for n in range(_DEEPEST + 1)]
"""Part of those who find so many of their own that pass one who has n, of whom those that find n or
more do not; his own queue shortens while he waits, and by the time that half of it is left only who
has less than that passes him."""
