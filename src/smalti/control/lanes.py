"""When a picture gets a slot, from who holds the slots and since when."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from smalti.control.fair import Run
from smalti.control.pace import Pace

_OVERDUE = 0.1
"""Of what a picture should take: a running one is never expected to be drawn sooner."""


def slot_after(
    ahead: int, runs: Iterable[Run], running: int, slots: int, pace: Pace, work: float, now: float
) -> float:
    """Seconds until a slot is free for whoever has `ahead` pictures before him, in the mean.

    runs: the `running` pictures that hold slots, in the order in which they got them; they are
    expected to end in that order. pace: seconds in a slot for each tile-step. work: mean tile-steps
    of those ahead.
    """
    slots = max(slots, 1)
    if ahead < slots - running:
        return 0.0
    ends = ahead - (slots - running)
    if running <= slots:
        rounds, lane = divmod(ends, slots)
    elif ends < running:
        rounds, lane = 0, ends
    else:
        rounds, lane = divmod(ends - running, slots)
        rounds, lane = rounds + 1, lane + running - slots
    if lane < running:
        first_s = _rest_s(next(islice(runs, lane, None)), pace, now)
    else:
        first_s, rounds = 0.0, rounds + 1
    return first_s + rounds * pace.mean * work


def _rest_s(run: Run, pace: Pace, now: float) -> float:
    """Until a running picture is drawn; one that is overdue still takes a while."""
    expected_s = pace.mean * run.work
    rest_s = expected_s - max(now - run.since, 0.0)
    return max(rest_s, _OVERDUE * expected_s)
