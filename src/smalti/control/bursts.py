"""`Burst`: an even pace, with so many at once: GCRA (ITU-T I.371), derived from what is reserved.

In no stretch of t seconds, t up to the limit's reach, are more images than its burst and t times
its rate. For images at dates `at_i`: for every i, all since i are no more than burst + (now - at_i)
x rate, which is GCRA's `TAT_i = max(TAT_{i-1}, at_i) + images_i / rate` written out. So a refund, a
restart or a clock that was set back leave no trace. The reach is there so that a user who never
pauses can be judged by a log that ends somewhere.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right

from smalti.control.limits import Limit
from smalti.control.rolling import Rolling

_US = 1_000_000


class Burst:
    """Where a log is tightest for a rate, kept while it is only added to at its end.

    Sums are whole: of microseconds times the rate's count. `_tight` falls from one date to the
    next: a date is left out if a later one is as tight. Adding takes amortised O(1), asking
    O(log n), and a change in the middle as many steps as there are dates within the reach.
    """

    __slots__ = ("_changes", "_count", "_dates", "_log", "_seen", "_since", "_tight", "_window_us")

    def __init__(self, log: Rolling, count: int, window_s: int) -> None:
        self._log, self._count, self._window_us = log, count, window_s * _US
        self._dates: list[float] = []
        self._tight: list[int] = []
        self._seen, self._changes, self._since = 0, -1, math.inf

    def used(self, reach_s: int, now: float) -> int:
        """Images that were reserved and not worked off at the rate; parts count as one."""
        i = self._first(now - reach_s)
        if i == len(self._dates):
            return 0
        used = self._tight[i] + self._log.totals[-1] * self._window_us
        return max(0, -((math.floor(now * _US) * self._count - used) // self._window_us))

    def opens_at(self, reach_s: int, left: int, now: float) -> float:
        """The first whole second at which no more than `left` are used.

        Who asks knows that it is not so now. A date that binds no longer than until it is out of
        reach binds until then.
        """
        opens = 0
        over = (self._log.totals[-1] - left) * self._window_us
        for i in range(self._first(now - reach_s), len(self._dates)):
            worked_off = -(-(self._tight[i] + over) // (self._count * _US))
            out_of_reach = math.ceil(self._dates[i]) + reach_s
            opens = max(opens, min(worked_off, out_of_reach))
            if worked_off <= out_of_reach:
                break
        return float(opens)

    def _first(self, since: float) -> int:
        self._follow(since)
        return bisect_right(self._dates, since)

    def _follow(self, since: float) -> None:
        """Look at what is new in the log."""
        log, dates, tight = self._log, self._dates, self._tight
        if self._changes != log.changes or since < self._since:
            dates.clear()
            tight.clear()
            self._changes, self._since = log.changes, since
            start = bisect_right(log.dates, since)
        else:
            start = max(self._seen - log.dropped, 0)
            if dates and log.dates and dates[0] < log.dates[0]:
                gone = bisect_left(dates, log.dates[0])
                del dates[:gone], tight[:gone]
        for i in range(start, len(log.dates)):
            before = log.totals[i - 1] if i else log.forgotten
            mine = math.ceil(log.dates[i] * _US) * self._count - before * self._window_us
            while tight and tight[-1] <= mine:
                del dates[-1], tight[-1]
            dates.append(log.dates[i])
            tight.append(mine)
        self._seen = log.dropped + len(log.dates)


def burst_of(log: Rolling, limit: Limit) -> Burst:
    """What is derived from a log for a limit's rate; made where there is none yet."""
    if log.bursts is None:
        log.bursts = {}
    rate = (limit.count, limit.window_s)
    burst = log.bursts.get(rate)
    if burst is None:
        burst = log.bursts[rate] = Burst(log, *rate)
    return burst
