"""`Rolling`: numbers with dates, and how many lie after a date."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smalti.control.bursts import Burst


class Rolling:
    """Amounts by the time at which they were reserved.

    Counting takes O(log n). Adding at the end takes O(1); adding or taking away in the middle takes
    as many steps as there are later dates.

    dates, totals: in order; a total is the sum until its date, of what was forgotten too. dropped:
    how many dates were forgotten. changes: how often what lay before the last date was changed.
    bursts: what `bursts` derives from it, by the rate.
    """

    __slots__ = ("bursts", "changes", "dates", "dropped", "forgotten", "totals")

    def __init__(self) -> None:
        self.dates: list[float] = []
        self.totals: list[int] = []
        self.forgotten = 0
        self.dropped = 0
        self.changes = 0
        self.bursts: dict[tuple[int, int], Burst] | None = None

    def __bool__(self) -> bool:
        return bool(self.dates)

    def add(self, at: float, amount: int) -> None:
        dates, totals = self.dates, self.totals
        if not dates or dates[-1] < at:
            totals.append((totals[-1] if totals else self.forgotten) + amount)
            dates.append(at)
            return
        i = bisect_left(dates, at)
        if i < len(dates) - 1 or dates[i] != at:
            self.changes += 1
        if dates[i] != at:
            totals.insert(i, self._total_before(i))
            dates.insert(i, at)
        for later in range(i, len(totals)):
            totals[later] += amount

    def take(self, at: float, amount: int) -> None:
        """Take away what was added with this date; of a forgotten date, nothing."""
        i = bisect_left(self.dates, at)
        if i == len(self.dates) or self.dates[i] != at:
            return
        self.changes += 1
        for later in range(i, len(self.totals)):
            self.totals[later] -= amount
        if self.totals[i] == self._total_before(i):
            del self.dates[i], self.totals[i]

    def forget(self, until: float) -> None:
        """Drop what is dated `until` or earlier."""
        i = bisect_right(self.dates, until)
        self.forgotten = self._total_before(i)
        self.dropped += i
        del self.dates[:i], self.totals[:i]

    def after(self, date: float) -> int:
        """The sum of what is dated later than `date`."""
        totals = self.totals
        if not totals:
            return 0
        i = bisect_right(self.dates, date)
        return totals[-1] - (totals[i - 1] if i else self.forgotten)

    def opens_at(self, window_s: int, left: int) -> float | None:
        """The first whole second at which the window holds at most `left`; None: at any time."""
        over = self._total_before(len(self.dates)) - left
        if over <= self.forgotten:
            return None
        return float(math.ceil(self.dates[bisect_left(self.totals, over)]) + window_s)

    def _total_before(self, i: int) -> int:
        return self.totals[i - 1] if i else self.forgotten
