"""Intervals that cover what they say, from the errors that were measured.

Adaptive conformal inference (Gibbs and Candès, 2021) in its quantile-tracking form (Angelopoulos,
Candès and Tibshirani, Conformal PID Control, 2023, section 2.1): after each outcome a quantile
rises by a step times its level if it was exceeded, else it falls by a step times the rest. Whatever
the errors do, the share of outcomes that lie below it tends to its level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from smalti.control.written import numbers

_STEP, _OUTER_STEP = 0.04, 0.004
_FIRST_STEP = 2.0
_SCALE_WEIGHT = 0.02
_OUTLIER = 10.0
_LEAST_SCALE = 0.002
_LEAN, _MOST_LEAN = 0.12, 10.0
_GAIN, _MOST_OFF = 0.002, 3.0


class Quantiles:
    """Quantiles of errors at several levels, the median first; `at` tells them.

    The step of each is a share of the errors' mean distance from it, so that one that is far off is
    soon back, and larger while little was seen. Outcomes come long after they were foreseen, so
    what was told is held against them too: while it covers too little, all but the median lean
    further out. That is quick, so their own steps are small: between two bursts they remember the
    last. The median runs after the errors, and where they change faster than they are known it is
    that of the last burst; so it is told only while errors are nearer to it than to 0.
    """

    __slots__ = ("_far", "_gain", "_lean", "_levels", "_seen", "_values")

    def __init__(self, levels: Sequence[float], first: Sequence[float], seen: int = 0) -> None:
        """first: the quantiles before anything was seen; as if so many outcomes had been."""
        self._values = list(first)
        self._levels = tuple(levels)
        self._lean = self._gain = 0.0
        self._far = [max(abs(first[-1] - first[0]), _LEAST_SCALE)] * len(first)
        self._seen = seen

    @classmethod
    def read(cls, levels: Sequence[float], written: Sequence[float]) -> Quantiles:
        """What `written` wrote, of the same levels."""
        n = len(levels)
        found = numbers(written, 2 * n + 3)
        if found[-1] < 0.0:
            raise ValueError(f"{found[-1]} outcomes cannot have been seen.")
        its = cls(levels, found[:n], int(found[-1]))
        its._far = [max(far, _LEAST_SCALE) for far in found[n:-3]]
        its._lean, its._gain = found[-3:-1]
        return its

    def written(self) -> list[float]:
        """As JSON can hold it."""
        return [*self._values, *self._far, self._lean, self._gain, float(self._seen)]

    @property
    def median(self) -> float:
        """Whether or not it is told."""
        return self._values[0]

    def at(self, i: int) -> float:
        """The quantile of the level at place i; never below the one before it."""
        values = self._values
        least = values[0] if self._gain > 0.0 else 0.0
        if i == 0:
            return least
        value = values[i] + self._lean * self._far[0]
        return value if value > least else least

    def missed(self) -> None:
        """What was told by the second quantile has passed, and the outcome is still to come."""
        values = self._values
        self._seen += 1
        values[1] = least = values[1] + self._step(1) * self._levels[1]
        for i in range(2, len(values)):
            values[i] = least = max(values[i], least)
        self._learn_cover(True)

    def saw(self, error: float, told: float | None, missed: bool, median: float = 0.0) -> None:
        """An outcome. told: what the second quantile was when it was foreseen; None where something
        else was told.

        missed: whether `missed` has told of it. median: as it was then.
        """
        gain = min(abs(error), _MOST_OFF) - min(abs(error - median), _MOST_OFF)
        self._gain += _GAIN * (gain - self._gain)
        values, far = self._values, self._far
        self._seen += not missed
        weight = max(_SCALE_WEIGHT, 1 / (self._seen + 4))
        before = -math.inf
        for i, level in enumerate(self._levels):
            value = values[i]
            off, mean = abs(error - value), far[i]
            most = _OUTLIER * mean
            mean += weight * ((off if off < most else most) - mean)
            far[i] = mean if mean > _LEAST_SCALE else _LEAST_SCALE
            if i != 1 or not missed:
                step = self._step(i)
                value += step * level if error > value else step * (level - 1.0)
            values[i] = before = value if value > before else before
        if told is not None and not missed:
            self._learn_cover(error > told)

    def _step(self, i: int) -> float:
        share = _FIRST_STEP / self._seen if self._seen > _FIRST_STEP else 1.0
        least = _OUTER_STEP if i else _STEP
        return (share if share > least else least) * self._far[i]

    def _learn_cover(self, missed: bool) -> None:
        off = self._levels[1] - (0.0 if missed else 1.0)
        lean = self._lean + _LEAN * off
        self._lean = lean if -_MOST_LEAN < lean < _MOST_LEAN else math.copysign(_MOST_LEAN, lean)
