"""`Course`: how a class that goes on waiting is served from now on, stage by stage.

Two orders, as slots are given (`keeping`): the fair one as a fluid, and, while promises are at
their edge, that of deadlines. Then all that is due by the latest time that is in danger goes first,
whoever it is of; who has it has it on its account, up to a bound, and the others what they are
short of later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from smalti.control.crowds import UNTIL_S
from smalti.control.fluid import Party, shares
from smalti.control.nouns import LONGEST_S


@dataclass(slots=True)
class Due:
    """ends: by when slots must have been given, one after the other. works: to how much work of
    whom, and no sooner. places: of those among the parties; nobody else is looked at. at: now."""

    ends: list[float]
    works: list[dict[str, float]]
    places: dict[str, int]
    at: float

    def add(self, k: int, to: list[float]) -> float:
        """What is due by the k-th time and no sooner, to what each party has; returns its sum."""
        added, places = 0.0, self.places
        for name, work in self.works[k].items():
            place = places.get(name, -1)
            if place >= 0:
                to[place] += work
                added += work
        return added


NOTHING_DUE = Due([], [], {}, 0.0)

Stage = tuple[float, float, float, bool]
"""What the class is served in a second, for how long, how much of what passes goes on passing then,
and whether deadlines decide."""

_LEAST = 0.1
"""Part of what its class gets that passes by nobody."""
LEAST_GRAIN_S = 1e-3
"""Times of day are rounded to less than a thousandth of it."""
_NONE = 1e-6
"""Tile-steps that are left by rounding."""


class Course:
    """Each stage lasts until somebody runs out of work or has what he was short of, another rate is
    expected, or deadlines begin or cease to decide. It is found when somebody asks for as much, and
    once.

    parties: the class itself, of which it is not looked at what waits, and its rivals. rate: work
    per second of all slots together. calm_s: until then no deadline is in danger, whatever is
    served; due is not looked at before. grain_s: what is no later than this is at once. debt: how
    far early turns bring a level above that of who is served in turn, at most.
    """

    __slots__ = (
        "_arriving", "_at_s", "_calm_s", "_debt", "_due", "_ends_s", "_given", "_grain_s",
        "_in_danger", "_left", "_level", "_levels", "_parties", "_rate", "_rates", "_runs_out",
        "_stages", "_until",
    )  # fmt: skip

    def __init__(
        self,
        parties: Sequence[Party],
        rate: float,
        calm_s: float = math.inf,
        due: Due = NOTHING_DUE,
        grain_s: float = LEAST_GRAIN_S,
        debt: float = math.inf,
    ) -> None:
        self._parties, self._rate, self._due, self._debt = parties, rate, due, debt
        self._calm_s, self._grain_s = calm_s - LEAST_GRAIN_S, grain_s
        self._in_danger = self._calm_s <= 0.0
        self._left = [math.inf, *[its.waiting for its in parties[1:]]]
        self._levels = [its.level for its in parties]
        self._arriving = [its.arriving[0] for its in parties]
        self._given = [0.0] * len(parties)  # since now
        self._at_s, self._until = 0.0, 0
        self._stages: list[Stage] = []
        self._rates: list[float] = []  # of the latest stage; and when it ends, and at which level
        self._ends_s = self._level = 0.0
        self._runs_out = -1  # who does then

    def seconds(self, work: float, passing: float = 0.0) -> float:
        """Until the class has been served `work` more, beside what passes it in a second."""
        if self._rate <= 0.0:
            return math.inf if work > 0.0 else 0.0
        stages, passed_s = self._stages, 0.0
        for i in count():
            mine, lasts_s, passes, hurried = stages[i] if i < len(stages) else self._stage()
            if hurried:
                work = max(work - mine * lasts_s, 0.0)
            elif mine > 0.0:
                if passing:
                    mine = max(mine - passes * passing, _LEAST * mine)
                if work <= mine * lasts_s:
                    passed_s += work / mine
                    break
                work -= mine * lasts_s
            passed_s += lasts_s
            if passed_s > LONGEST_S:
                break
        return min(passed_s, LONGEST_S)

    def hurried(self, by_s: float) -> tuple[bool, bool]:
        """Whether deadlines decide before a time that was told, and any of the class itself do."""
        stages, at_s, found = self._stages, 0.0, False
        for i in count():
            if at_s >= by_s:
                break
            mine, lasts_s, _, hurried = stages[i] if i < len(stages) else self._stage()
            if hurried and mine > 0.0:
                return True, True
            found = found or hurried
            at_s += lasts_s
        return found, False

    def _stage(self) -> Stage:
        """The next."""
        if self._stages:
            self._pass(self._stages[-1])
        stage = self._hurried() if self._in_danger else None
        if stage is None:
            stage = self._fair()
        self._stages.append(stage)
        return stage

    def _fair(self) -> Stage:
        left, levels, arriving, now_s = self._left, self._levels, self._arriving, self._at_s
        low, rises, self._rates = shares(self._parties, left, arriving, levels, self._rate)
        self._ends_s, self._runs_out = UNTIL_S[self._until], -1
        lasts_s, short_of = self._ends_s - now_s, math.inf
        for i, rate in enumerate(self._rates):
            loses = rate - arriving[i]
            if loses > 0.0 and left[i] < loses * lasts_s:
                lasts_s, self._runs_out = left[i] / loses, i
            if low < levels[i] < short_of and (left[i] > 0.0 or arriving[i] > 0.0):
                short_of = levels[i]
        if short_of - low <= rises * lasts_s:
            lasts_s, self._runs_out = (short_of - low) / rises, -1
        else:
            short_of = low + rises * lasts_s
        if now_s + lasts_s > self._calm_s:
            if now_s < self._calm_s:
                calm_s = self._calm_s - now_s
            else:
                calm_s = self._calm_for(lasts_s)
                self._in_danger = calm_s < lasts_s
            if calm_s < lasts_s:
                lasts_s, short_of, self._runs_out = calm_s, low + rises * calm_s, -1
        self._level = short_of
        self._ends_s = min(self._ends_s, now_s + lasts_s)
        first, now = self._parties[0].arriving[0], arriving[0]
        return self._rates[0], lasts_s, now / first if now < first else 1.0, False

    def _hurried(self) -> Stage | None:
        """Up to the latest time that is in danger; None if none is."""
        rate, latest_s = self._rate, self._at_s + self._grain_s
        due, most, hurried = [-had for had in self._given], 0.0, list[float]()
        for k, end in enumerate(self._due.ends):
            most += self._due.add(k, due)
            end_s = end - self._due.at
            if end_s - most / rate <= latest_s:
                work = sum([its for its in due if its > 0.0])
                if work > _NONE and end_s - work / rate <= latest_s:
                    hurried = [max(its, 0.0) for its in due]
        self._in_danger = False
        if not hurried:
            return None
        lasts_s = sum(hurried) / rate
        self._rates, self._runs_out = [its / lasts_s for its in hurried], -1
        self._ends_s = self._at_s + lasts_s
        return self._rates[0], lasts_s, 1.0, True

    def _calm_for(self, lasts_s: float) -> float:
        """Seconds until deadlines decide, at most so many, if the fair order goes on as it does.

        What is due by a time falls as its parties are served, and no more of each than it has; so
        its slack is concave, and Newton's steps come to its end from above.
        """
        rate, now_s, rates = self._rate, self._at_s, self._rates
        left, most = [-had for had in self._given], 0.0
        for k, end in enumerate(self._due.ends):
            most += self._due.add(k, left)
            end_s = end - self._due.at
            if end_s - now_s - most / rate >= lasts_s:
                continue
            calm_s, due, falls = min(lasts_s, end_s - now_s), 0.0, 0.0
            while calm_s > 0.0:
                due = falls = 0.0
                for i, its in enumerate(left):
                    if its > rates[i] * calm_s:
                        due += its
                        falls += rates[i]
                if falls >= rate:
                    break
                then_s = (end_s - now_s - due / rate) / (1.0 - falls / rate)
                if then_s >= calm_s - LEAST_GRAIN_S:
                    break
                calm_s = then_s
            if 0.0 < calm_s < lasts_s and due - falls * calm_s > _NONE:
                lasts_s = calm_s
        return lasts_s

    def _pass(self, stage: Stage) -> None:
        """A stage is over. Who has nothing waiting is short of nothing."""
        left, levels, arriving, level = self._left, self._levels, self._arriving, self._level
        _, lasts_s, _, hurried = stage
        most = level + self._debt
        for i, rate in enumerate(self._rates):
            served = rate * lasts_s
            self._given[i] += served
            left[i] += (arriving[i] - rate) * lasts_s
            if left[i] < 0.0 or i == self._runs_out:
                left[i] = 0.0
            if hurried:
                rises = served / self._parties[i].weight
                if levels[i] + rises < most:
                    levels[i] += rises
                elif levels[i] < most:
                    levels[i] = most
            elif rate > 0.0 or (left[i] <= 0.0 and levels[i] < level):
                levels[i] = level
        self._at_s = self._ends_s
        while self._at_s >= UNTIL_S[self._until]:
            self._until += 1
            for i, party in enumerate(self._parties):
                arriving[i] = party.arriving[self._until]
                if i:
                    left[i] = min(left[i], party.waiting)  # who is late is refused
