"""Intervals that cover what they say, from the errors that were measured.

Adaptive conformal inference (Gibbs and Candès, 2021) in its quantile-tracking form (Angelopoulos,
Candès and Tibshirani, Conformal PID Control, 2023, section 2.1): after each outcome a quantile
rises by a step times its level if it was exceeded, else it falls by a step times the rest. Whatever
the errors do, the share of outcomes that lie below it tends to its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_STEP = 0.04
_FIRST_STEP = 2.0
_SCALE_WEIGHT = 0.02
_OUTLIER = 10.0
_LEAST_SCALE = 0.002
_LEAN, _MOST_LEAN = 0.1, 8.0


class Quantiles:
    """Quantiles of errors at several levels, the lowest level first; `at` tells them.

    The step is a share of the errors' mean distance from the first quantile, and larger while
    little was seen. Outcomes come long after they were foreseen, so what was told is held against
    them too: while it covers too little, all but the first quantile lean further out.
    """

    __slots__ = ("_lean", "_levels", "_scale", "_seen", "_values")

    def __init__(self, levels: Sequence[float], first: Sequence[float]) -> None:
        """first: the quantiles before anything was seen."""
        self._values = list(first)
        self._levels = tuple(levels)
        self._lean = 0.0
        self._scale = max(abs(first[-1] - first[0]), _LEAST_SCALE)
        self._seen = 0

    def at(self, i: int) -> float:
        """The quantile of the level at place i; never below the one before it."""
        values = self._values
        least = values[0]
        if i == 0:
            return least
        value = values[i] + self._lean * self._scale
        return value if value > least else least

    def missed(self) -> None:
        """What was told by the second quantile has passed, and the outcome is still to come."""
        self._values[1] += self._step() * self._levels[1]
        self._learn_cover(True)

    def saw(self, error: float, told: float, missed: bool) -> None:
        """An outcome. told: what the second quantile was when it was foreseen.

        missed: whether `missed` has told of it.
        """
        values, scale = self._values, self._scale
        self._seen += 1
        off, most = abs(error - values[0]), _OUTLIER * scale
        weight = max(_SCALE_WEIGHT, 1 / (self._seen + 4))
        scale += weight * ((off if off < most else most) - scale)
        self._scale = scale if scale > _LEAST_SCALE else _LEAST_SCALE
        step = self._step()
        before = -math.inf
        for i, level in enumerate(self._levels):
            value = values[i]
            if i != 1 or not missed:
                value += step * level if error > value else step * (level - 1.0)
            values[i] = before = value if value > before else before
        if not missed:
            self._learn_cover(error > told)

    def _step(self) -> float:
        share = _FIRST_STEP / self._seen if self._seen > _FIRST_STEP else 1.0
        return (share if share > _STEP else _STEP) * self._scale

    def _learn_cover(self, missed: bool) -> None:
        off = self._levels[1] - (0.0 if missed else 1.0)
        lean = self._lean + _LEAN * off
        self._lean = lean if -_MOST_LEAN < lean < _MOST_LEAN else math.copysign(_MOST_LEAN, lean)
