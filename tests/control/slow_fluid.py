"""The plain twin of `Course`: small steps of time, in which each class is served a little."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from smalti.control.course import Due
from smalti.control.crowds import UNTIL_S
from smalti.control.fluid import Party, shares


class Drops:
    """What is served to each party, drop by drop. step_s: of time. debt: as of `Course`."""

    def __init__(
        self, parties: Sequence[Party], rate: float, due: Due, step_s: float, debt: float = math.inf
    ) -> None:
        self.parties, self.rate, self.due, self.step_s = parties, rate, due, step_s
        self.left = [math.inf, *[its.waiting for its in parties[1:]]]
        self.levels = [its.level for its in parties]
        self.given = [0.0] * len(parties)
        self.now, self.until, self.rises_to, self.debt = 0.0, 0, 0.0, debt

    def served(self) -> Iterator[tuple[float, float, bool]]:
        """What the first party gets in each step, of how long, and whether deadlines decided."""
        while True:
            hurried = self.in_danger()
            if hurried is not None:
                step_s = min(sum(hurried) / self.rate, self.step_s)
                part = step_s * self.rate / sum(hurried)
                gets = [part * its for its in hurried]
            else:
                step_s, gets = self.fair()
            yield gets[0], step_s, hurried is not None
            self.take(gets, step_s, hurried is not None)

    def in_danger(self) -> list[float] | None:
        """What is left of what is due by the latest time at which it is too late for all of it."""
        found, works = None, [0.0] * len(self.given)
        for end, more in zip(self.due.ends, self.due.works, strict=True):
            end_s = end - self.due.at
            for name, its in more.items():
                works[self.due.places[name]] += its
            due = [max(its - had, 0.0) for its, had in zip(works, self.given, strict=True)]
            if sum(due) > 1e-3 and end_s - self.now <= sum(due) / self.rate + 1e-3:
                found = due
        return found

    def fair(self) -> tuple[float, list[float]]:
        arriving = [its.arriving[self.until] for its in self.parties]
        low, rises, rates = shares(self.parties, self.left, arriving, self.levels, self.rate)
        short = [its - low for its in self.levels if its > low]
        step_s = min(self.step_s, *(its / rises for its in short), UNTIL_S[self.until] - self.now)
        step_s = max(step_s, self.step_s / 100)
        for i, rate in enumerate(rates):
            if rate > 0.0:
                self.levels[i] = low + rises * step_s
        self.rises_to = low + rises * step_s
        return step_s, [rate * step_s for rate in rates]

    def take(self, gets: Sequence[float], step_s: float, hurried: bool) -> None:
        for i, its in enumerate(gets):
            party = self.parties[i]
            self.given[i] += its
            self.left[i] += party.arriving[self.until] * step_s - its
            self.left[i] = max(self.left[i], 0.0)
            if hurried:
                level = min(self.levels[i] + its / party.weight, self.rises_to + self.debt)
                self.levels[i] = max(self.levels[i], level)
            elif self.left[i] <= 0.0:
                self.levels[i] = max(self.levels[i], self.rises_to)
        self.now += step_s
        if self.now >= UNTIL_S[self.until] - 1e-9:
            self.until += 1
            waiting = [math.inf, *[its.waiting for its in self.parties[1:]]]
            self.left = [min(has, its) for has, its in zip(self.left, waiting, strict=True)]


def seconds(
    parties: Sequence[Party],
    rate: float,
    work: float,
    due: Due,
    step_s: float,
    passing: float = 0,
    debt: float = math.inf,
) -> float:
    """Until the first party has been served so much."""
    drops, own = Drops(parties, rate, due, step_s, debt), parties[0].arriving
    for gets, lasts_s, hurried in drops.served():
        if hurried:
            work = max(work - gets, 0.0)
        elif gets > 0.0:
            still = min(own[drops.until] / own[0], 1.0) if own[0] > 0 else 1.0
            gets = max(gets - still * passing * lasts_s, 0.1 * gets)
            if work <= gets:
                return drops.now + lasts_s * work / gets
            work -= gets
    raise AssertionError("it never ends")
