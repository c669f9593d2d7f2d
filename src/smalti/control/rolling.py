"""`Rolling`: numbers with dates, and how many lie after a date."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right


class Rolling:
    """Images by the time at which they were reserved.

    Counting takes O(log n). Adding at the end takes O(1); adding or taking away in the middle takes
    as many steps as there are later dates.
    """

    __slots__ = ("_dates", "_forgotten", "_totals")

    def __init__(self) -> None:
        self._dates: list[float] = []
        self._totals: list[int] = []
        self._forgotten = 0

    def __bool__(self) -> bool:
        return bool(self._dates)

    def add(self, at: float, images: int) -> None:
        i = bisect_left(self._dates, at)
        if i == len(self._dates) or self._dates[i] != at:
            self._dates.insert(i, at)
            self._totals.insert(i, self._total_before(i))
        for later in range(i, len(self._totals)):
            self._totals[later] += images

    def take(self, at: float, images: int) -> None:
        """Take away images that were added with this date; of a forgotten date, nothing."""
        i = bisect_left(self._dates, at)
        if i == len(self._dates) or self._dates[i] != at:
            return
        for later in range(i, len(self._totals)):
            self._totals[later] -= images
        if self._totals[i] == self._total_before(i):
            del self._dates[i], self._totals[i]

    def forget(self, until: float) -> None:
        """Drop what is dated `until` or earlier."""
        i = bisect_right(self._dates, until)
        self._forgotten = self._total_before(i)
        del self._dates[:i], self._totals[:i]

    def after(self, date: float) -> int:
        """Images dated later than `date`."""
        return self._total_before(len(self._dates)) - self._total_before(
            bisect_right(self._dates, date)
        )

    def opens_at(self, window_s: int, left: int) -> float | None:
        """The first whole second at which at most `left` images are younger than the window.

        None where that is so at any time.
        """
        i = bisect_left(self._totals, self._total_before(len(self._dates)) - left)
        if i == len(self._dates):
            return None
        return float(math.ceil(self._dates[i]) + window_s)

    def _total_before(self, i: int) -> int:
        return self._totals[i - 1] if i else self._forgotten
