"""`Promises`: what was promised to have its slot by a time, and whether that can still be kept.

The fair order keeps promises as long as demand is as it was foreseen. When a crowd comes, classes
that were lent the share of others give it back, and what they had admitted before is late. So a
second order stands behind the fair one: by deadlines, earliest first. If any order keeps all
promises, that one does (Jackson, 1955; Liu and Layland, 1973), and whether it does is a sum: up to
each deadline, the work that is due by then over the rate of the fleet (the demand bound of Baruah,
Rosier and Howell, 1990). That sum is asked twice: of a newcomer, who is not admitted where somebody
else's promise would be broken for it; and of each free slot, which is given by deadline while the
time is at its edge, and by the fair order else.

For the sum deadlines fall into bins, rounded down, so that it looks at a hundred of them however
many wait; a bin is given up when the last deadline in it has passed.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Callable

from smalti.control.course import Due

MARGIN = 1.0
"""How long before it is too late slots are given by deadline, in times that a picture takes."""

_BINS = 32
"""Of a promised wait."""
_NONE = 1e-6
"""Tile-steps that are left by rounding."""

ByClass = dict[str, float]
"""Tile-steps that are due, of each class."""


class Promises:
    """Of jobs that wait. Works are tile-steps, rates tile-steps per second of all slots together.

    A promise that could not be kept is not counted any more: its job waits in the fair order.
    changes: how many times it was told of something.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._ends: list[float] = []
        self._works: list[float] = []
        self._of_classes: list[ByClass] = []
        self._lasts: list[float] = []
        self._of: dict[str, tuple[float, float, str]] = {}
        self._by_end: list[tuple[float, int, str]] = []
        self._number = 0
        self._given_up = -math.inf  # the latest end that is not counted any more
        self._edge = math.inf  # the edge is not before this, at this rate or more; 0: not known
        self._edge_rate = 0.0

    def __len__(self) -> int:
        return len(self._of)

    def work(self, now: float) -> float:
        """Of all that waits and is promised."""
        self._expire(now)
        return sum(self._works)

    def edge(self, rate: float) -> float:
        """The latest time at which slots must be given by deadline."""
        return self._edge_from(-math.inf, rate)

    def due(self, places: dict[str, int], at: float) -> Due:
        """Of classes that have a place, as it stands; it follows what is told."""
        return Due(self._ends, self._of_classes, places, at)

    def keep(
        self, job_id: str, promised_s: float, work: float, now: float, service_class: str = ""
    ) -> None:
        """All of a job's pictures are promised to have their slots within so many seconds.

        What is adopted after a restart may be told when its bin was given up; then it is, too.
        """
        self._expire(now)
        end, last = _binned(promised_s, now), now + promised_s
        if end <= self._given_up:
            return
        self._of[job_id] = end, last, service_class
        self._add(end, last, service_class, work)
        self._tidy()
        self._number += 1
        heapq.heappush(self._by_end, (last, self._number, job_id))
        if self._edge_rate:
            self._edge = min(self._edge, end) - work / self._edge_rate

    def served(self, job_id: str, work: float) -> None:
        """So much of it does not wait any more."""
        its = self._of.get(job_id)
        if its is None:
            return
        self.changes += 1
        at = bisect_left(self._ends, its[0])
        if at < len(self._ends) and self._ends[at] == its[0]:
            self._works[at] -= work
            self._of_classes[at][its[2]] -= work
            if self._works[at] <= _NONE:
                self._drop(at)

    def put_back(self, job_id: str, work: float) -> None:
        """So much of it waits again. What was given up stays so."""
        its = self._of.get(job_id)
        if its is not None and its[0] >= self._least():
            self._add(*its, work)
            self._edge_rate = 0.0

    def forget(self, job_id: str) -> None:
        """Nothing of it waits any more, or nothing is promised to it any more."""
        self._of.pop(job_id, None)

    def clock_set(self, by_s: float) -> None:
        """Deadlines stay as far ahead as they are."""
        self._ends = [end + by_s for end in self._ends]
        self._lasts = [last + by_s for last in self._lasts]
        self._of = {
            job_id: (end + by_s, last + by_s, of) for job_id, (end, last, of) in self._of.items()
        }
        self._by_end = [(last + by_s, number, job_id) for last, number, job_id in self._by_end]
        self._given_up += by_s
        self._edge_rate = 0.0
        self.changes += 1

    def late_s(self, promised_s: float, work: float, rate: float, now: float) -> float:
        """By how much promises would be broken by a newcomer, by its own or by another's."""
        self._expire(now)
        return now + work / rate - self._edge_from(_binned(promised_s, now), rate)

    def pressing(self, rate: float, margin_s: float, now: float) -> bool:
        """Whether slots must be given by deadline from now on, or within so many seconds."""
        if not self._ends or (0 < self._edge_rate <= rate and now + margin_s < self._edge):
            return False
        self._expire(now)
        self._edge_rate = rate
        self._edge = self._edge_from(-math.inf, rate)
        return now + margin_s >= self._edge

    def first(self, may: Callable[[str], bool]) -> str | None:
        """The job with the earliest deadline of those that may have a slot.

        Those that may not are looked at and put aside. They are of users who have all the slots
        that they may have, so there are at most as many as those users may have waiting.
        """
        by_end, aside, found = self._by_end, list[tuple[float, int, str]](), None
        self._tidy()
        while by_end:
            job_id = by_end[0][2]
            if may(job_id):
                found = job_id
                break
            aside.append(heapq.heappop(by_end))
            self._tidy()
        for entry in aside:
            heapq.heappush(by_end, entry)
        return found

    def _tidy(self) -> None:
        """The earliest in line is one that still waits and that is counted."""
        by_end, least = self._by_end, self._least()
        while by_end:
            last, _, job_id = by_end[0]
            its = self._of.get(job_id)
            if its is not None and its[1] == last and its[0] >= least:
                return
            heapq.heappop(by_end)

    def _least(self) -> float:
        """The earliest end that is counted."""
        return self._ends[0] if self._ends else math.inf

    def _add(self, end: float, last: float, service_class: str, work: float) -> None:
        self.changes += 1
        at = bisect_left(self._ends, end)
        if at == len(self._ends) or self._ends[at] != end:
            self._ends.insert(at, end)
            self._works.insert(at, 0.0)
            self._of_classes.insert(at, {})
            self._lasts.insert(at, last)
        self._works[at] += work
        due = self._of_classes[at]
        due[service_class] = due.get(service_class, 0.0) + work
        if last > self._lasts[at]:
            self._lasts[at] = last

    def _drop(self, at: int) -> None:
        self.changes += 1
        del self._ends[at], self._works[at], self._of_classes[at], self._lasts[at]

    def _edge_from(self, least: float, rate: float) -> float:
        """The latest time at which all slots must begin with what is due by some end, so that it
        is done by then; the earliest of those for `least` and all ends after it."""
        ends, works = self._ends, self._works
        at = bisect_left(ends, least)
        due = sum(works[:at])
        edge = least - due / rate if least > -math.inf else math.inf
        for i in range(at, len(ends)):
            due += works[i]
            begin = ends[i] - due / rate
            if begin < edge:
                edge = begin
        return edge

    def _expire(self, now: float) -> None:
        while self._lasts and self._lasts[0] < now:
            self._given_up = self._ends[0]
            self._drop(0)


def _binned(promised_s: float, now: float) -> float:
    width_s = promised_s / _BINS
    return math.floor((now + promised_s) / width_s) * width_s
