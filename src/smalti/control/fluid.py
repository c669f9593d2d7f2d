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

_OPEN = -1.0
_LEAST = 0.1
"""Part of what its class gets that passes by nobody."""


class Course:
    """How a class that goes on waiting is served from now on: stage by stage, each until a rival
    runs out of work. A stage is found when somebody asks for as much, and once.

    of: the class's weight, its rivals, and the work per second of all slots together.
    """

    __slots__ = ("_left", "_stages", "of")

    def __init__(self, weight: float, rivals: Sequence[Rival], rate: float) -> None:
        self.of = weight, rivals, rate
        self._left = [waiting for _, waiting, _ in rivals]
        self._stages: list[tuple[float, float]] = []

    def seconds(self, work: float, passing: float = 0.0) -> float:
        """Until the class has been served `work` more, beside what passes it in a second."""
        if work <= 0:
            return 0.0
        if self.of[2] <= 0:
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

    def _stage(self) -> tuple[float, float]:
        """The next: what the class gets in a second, and for how long."""
        (weight, rivals, rate), left = self.of, self._left
        mine, theirs = split(weight, rivals, left, rate)
        lasts_s, runs_out = math.inf, -1
        for i, waiting in enumerate(left):
            if waiting > 0 and (loses := theirs[i] - rivals[i][2]) > 0:
                out_s = waiting / loses
                if out_s < lasts_s:
                    lasts_s, runs_out = out_s, i
        if runs_out >= 0:
            left[runs_out] = 0.0
            for i, waiting in enumerate(left):
                if waiting > 0:
                    left[i] = max(waiting + (rivals[i][2] - theirs[i]) * lasts_s, 0.0)
        self._stages.append((mine, lasts_s))
        return mine, lasts_s


def split(
    weight: float, rivals: Sequence[Rival], left: Sequence[float], rate: float
) -> tuple[float, list[float]]:
    """What a class that has work waiting gets of the rate, and what each of its rivals gets.

    left: the work that rivals have waiting.
    """
    weights, rest = weight, rate
    theirs, modest = [_OPEN] * len(rivals), False
    for i, (its_weight, _, arriving) in enumerate(rivals):
        if left[i] > 0:
            weights += its_weight
        elif arriving > 0:
            weights += its_weight
            modest = True
        else:
            theirs[i] = 0.0
    level = rest / weights
    while modest:
        modest = False
        for i, (its_weight, _, arriving) in enumerate(rivals):
            if theirs[i] < 0 and left[i] <= 0 and arriving <= level * its_weight:
                theirs[i], modest = arriving, True
                rest -= arriving
                weights -= its_weight
        level = rest / weights
    for i, its in enumerate(theirs):
        if its < 0:
            theirs[i] = level * rivals[i][0]
    return level * weight, theirs
