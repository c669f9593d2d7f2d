"""`Pace`: a measured ratio, its mean and its spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from smalti.control.written import numbers

_WEIGHT = 0.1
_OUTLIER = 10.0
_LEAST_SPREAD = 0.1
_FROM_GUESS = 1e-3, 1e2


class Pace:
    """Mean and spread of what was measured, the latest counting most.

    The mean of the first ten is plain; from then on it is exponentially weighted (West 1979, with
    the weights of a moving window). A value over ten times the mean counts as ten times the mean,
    so that a clock that is set forward does not pass for slow drawing; for the same reason, one
    below a thousandth of the first guess or over a hundred times of it counts as that bound.
    """

    def __init__(self, first_guess: float) -> None:
        self._least, self._most = (first_guess * times for times in _FROM_GUESS)
        self.mean = first_guess
        self._variance = (first_guess / 2) ** 2
        self._seen = 0

    @classmethod
    def read(cls, first_guess: float, written: Sequence[float]) -> Pace:
        """What `written` wrote, as if it had been measured once: ten pictures replace it.

        Raises ValueError for what it did not write.
        """
        mean, variance = numbers(written, 2, 0.0)
        pace = cls(first_guess)
        # What was measured is within the bounds themselves, but for rounding.
        if not pace._least / 2 <= mean <= 2 * pace._most:
            raise ValueError(f"{mean} is no pace near {first_guess}.")
        pace.mean, pace._variance, pace._seen = mean, variance, 1
        return pace

    def written(self) -> list[float]:
        """As JSON can hold it."""
        return [self.mean, self._variance]

    @property
    def spread(self) -> float:
        """Standard deviation; at least a tenth of the mean, for few values tell little of it."""
        return max(math.sqrt(self._variance), _LEAST_SPREAD * self.mean)

    def saw(self, value: float) -> bool:
        """Values that are not above zero are not counted; returns whether it was."""
        if not 0 < value < math.inf:
            return False
        if value < self._least:
            value = self._least
        elif value > self._most:
            value = self._most
        if self._seen and value > _OUTLIER * self.mean:
            value = _OUTLIER * self.mean
        self._seen += 1
        weight = max(1 / self._seen, _WEIGHT)
        off = value - self.mean
        self.mean += weight * off
        self._variance = (1 - weight) * (self._variance + weight * off * off)
        return True
