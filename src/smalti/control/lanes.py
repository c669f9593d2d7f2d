"""When a picture gets a slot, from who holds the slots and since when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from smalti.control.fair import Run
from smalti.control.pace import Pace

P90 = 1.2816
"""The 90th percentile of a normal distribution, in standard deviations."""

_OVERDUE = 0.1


@dataclass(frozen=True)
class Span:
    """A time to come, in seconds from now: its mean, and its variance."""

    mean_s: float
    variance: float

    @property
    def percentiles(self) -> tuple[float, float]:
        """The 50th and the 90th."""
        return self.mean_s, self.mean_s + P90 * math.sqrt(self.variance)

    def then(self, mean_s: float, spread_s: float) -> Span:
        """After this, something else that takes its own time."""
        return Span(self.mean_s + mean_s, self.variance + spread_s**2)


NOW = Span(0.0, 0.0)


def slot_after(
    ahead: int, runs: Iterable[Run], running: int, slots: int, pace: Pace, work: float, now: float
) -> Span:
    """When a slot is free for whoever has `ahead` pictures before him.

    runs: the `running` pictures that hold slots, in the order in which they got them; they are
    expected to end in that order. pace: seconds in a slot for each tile-step. work: mean tile-steps
    of those ahead. The variance is that of the pictures that are drawn one after another in the
    slot that becomes free.
    """
    slots = max(slots, 1)
    if ahead < slots - running:
        return NOW
    ends = ahead - (slots - running)
    if running <= slots:
        rounds, lane = divmod(ends, slots)
    elif ends < running:
        rounds, lane = 0, ends
    else:
        rounds, lane = divmod(ends - running, slots)
        rounds, lane = rounds + 1, lane + running - slots
    if lane < running:
        first = _rest(next(islice(runs, lane, None)), pace, now)
    else:
        first, rounds = NOW, rounds + 1
    variance = first.variance + rounds * (pace.spread * work) ** 2
    return Span(first.mean_s + rounds * pace.mean * work, variance)


def _rest(run: Run, pace: Pace, now: float) -> Span:
    """Until a running picture is drawn; one that is overdue still takes a while."""
    expected_s = pace.mean * run.work
    rest_s = expected_s - max(now - run.since, 0.0)
    return Span(max(rest_s, _OVERDUE * expected_s), (pace.spread * run.work) ** 2)
