"""`Crowd`: what will be served to a class in the hours to come, if a crowd lasts as it has lasted.

In the next hour comes what came in the last: a crowd is taken to last about as long as it has been
there (Gott, Implications of the Copernican principle, Nature 363, 1993), and a calm day to stay so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from smalti.control.written import numbers

UNTIL_S = (300.0, 1800.0, 10_800.0, 64_800.0, math.inf)
"""Seconds from now until which each of a class's expected rates holds."""
_BACK_S = tuple(4.0 * until_s for until_s in UNTIL_S[:-1])
"""Over how long those after the first look back: about as far as they look ahead."""


class Crowd:
    """Exponentially decayed sums of a class's admitted work, one for each of those times.

    Before the first of it nothing came: who has been there for a minute is not expected for hours.
    A clock that is set back stands still until it has caught up.
    """

    __slots__ = ("_at", "_sums")

    def __init__(self) -> None:
        self._at = -math.inf
        self._sums = [0.0] * len(_BACK_S)

    @classmethod
    def read(cls, written: Sequence[float], later_s: float) -> Crowd:
        """What `written` wrote, as if it had come so much later."""
        its = cls()
        at, *its._sums = numbers(written, 1 + len(_BACK_S), 0.0)
        its._at = at + later_s
        return its

    def written(self) -> list[float]:
        """As JSON can hold it."""
        return [max(self._at, 0.0), *self._sums]

    def clock_set(self, by_s: float) -> None:
        """What came is as long ago as before."""
        self._at += by_s

    def add(self, amount: float, now: float) -> None:
        self._sums = [before + amount for before in self._decayed(now)]
        self._at = max(self._at, now)

    def rates(self, first: float, now: float) -> tuple[float, ...]:
        """Per second, until each of `UNTIL_S`. first: until the first of them."""
        later = (total / back_s for total, back_s in zip(self._decayed(now), _BACK_S, strict=True))
        return first, *later

    def _decayed(self, now: float) -> Sequence[float]:
        since_s = now - self._at
        if since_s <= 0.0:
            return self._sums
        return [
            total * math.exp(-since_s / back_s)
            for total, back_s in zip(self._sums, _BACK_S, strict=True)
        ]
