"""How fast a class is served while it waits: the fair order as if work were a fluid.

Classes that have work waiting share the rate by weight; one that has none takes what arrives for
it, up to its share, and leaves the rest to the others (weighted max-min fairness, Bertsekas and
Gallager, Data Networks, 6.5.2). A class whose work is used up falls back to what arrives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count

Rival = tuple[float, float, float]
"""Another class: its weight, the work that waits, and the work that comes for it in a second."""

_LEAST = 0.1
"""Part of what its class gets that passes by nobody."""


class Course:
    """How a class that goes on waiting is served from now on: stage by stage, each until a rival
    runs out of work. A stage is found when somebody asks for as much, and once.

    of: the class's weight, its rivals, and the work per second of all slots together.
    """

    __slots__ = ("_left", "_level", "_runs_out", "_stages", "of")

    def __init__(self, weight: float, rivals: Sequence[Rival], rate: float) -> None:
        self.of = weight, rivals, rate
        self._left = [waiting for _, waiting, _ in rivals]
        self._stages: list[tuple[float, float]] = []
        self._level, self._runs_out = 0.0, -1

    def seconds(self, work: float, passing: float = 0.0) -> float:
        """Until the class has been served `work` more, beside what passes it in a second."""
        if work <= 0.0:
            return 0.0
        if self.of[2] <= 0.0:
            return math.inf
        stages, passed_s = self._stages, 0.0
        for i in count():
            mine, lasts_s = stages[i] if i < len(stages) else self._stage()
            if passing:
                mine = max(mine - passing, _LEAST * mine)
            mine_s = work / mine
            if mine_s <= lasts_s:
                break
            passed_s += lasts_s
            work -= mine * lasts_s
        return passed_s + mine_s

    def contested(self) -> float:
        """What the class is served while anybody else has work waiting; infinite if that lasts."""
        stages, served = self._stages, 0.0
        for i in count():
            mine, lasts_s = stages[i] if i < len(stages) else self._stage()
            if lasts_s == math.inf:
                break
            served += mine * lasts_s
        return math.inf if any(self._left) else served

    def _stage(self) -> tuple[float, float]:
        """The next: what the class gets in a second, and for how long."""
        (weight, rivals, rate), left = self.of, self._left
        if self._runs_out >= 0:
            self._pass(self._stages[-1][1])
        self._level = level = level_of(weight, rivals, left, rate)
        lasts_s, self._runs_out = math.inf, -1
        for i, waiting in enumerate(left):
            if waiting > 0.0:
                its_weight, _, arriving = rivals[i]
                loses = level * its_weight - arriving
                if loses > 0.0 and waiting / loses < lasts_s:
                    lasts_s, self._runs_out = waiting / loses, i
        stage = level * weight, lasts_s
        self._stages.append(stage)
        return stage

    def _pass(self, passed_s: float) -> None:
        """A stage is over: a rival runs out of work."""
        left, rivals, level = self._left, self.of[1], self._level
        left[self._runs_out] = 0.0
        for i, waiting in enumerate(left):
            if waiting > 0.0:
                its_weight, _, arriving = rivals[i]
                then = waiting + (arriving - level * its_weight) * passed_s
                left[i] = then if then > 0.0 else 0.0


def level_of(weight: float, rivals: Sequence[Rival], left: Sequence[float], rate: float) -> float:
    """What a class that has work waiting gets of the rate, for each of its weight.

    So does each of its rivals that has work waiting, and one for which more arrives than that. What
    arrives for the others is taken from the rate. left: the work that rivals have waiting.
    """
    weights, modest = weight, []
    for i, rival in enumerate(rivals):
        if left[i] > 0.0:
            weights += rival[0]
        elif rival[2] > 0.0:
            weights += rival[0]
            modest.append(rival)
    level = rate / weights
    while modest:
        content = [rival for rival in modest if rival[2] <= level * rival[0]]
        if not content:
            break
        for rival in content:
            modest.remove(rival)
            weights -= rival[0]
            rate -= rival[2]
        level = rate / weights
    return level
