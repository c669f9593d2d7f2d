"""How fast a class is served while it waits: the fair order as if work were a fluid.

Classes that have work waiting share the rate by weight; one that has none takes what arrives for
it, up to its share, and leaves the rest to the others (weighted max-min fairness, Bertsekas and
Gallager, Data Networks, 6.5.2). A class whose work is used up falls back to what arrives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count

from smalti.control.crowds import UNTIL_S
from smalti.control.nouns import LONGEST_S

Rival = tuple[float, float, Sequence[float]]
"""Another class: its weight, the work that waits, and the work that comes for it in a second, from
now until each of `UNTIL_S`."""

Stage = tuple[float, float, float, bool]
"""What a class gets in a second, for how long, how much of what passes goes on passing then, and
whether anybody else has work waiting."""

_LEAST = 0.1
"""Part of what its class gets that passes by nobody."""


class Course:
    """How a class that goes on waiting is served from now on: stage by stage, each until a rival
    runs out of work, or another rate is expected. A stage is found when somebody asks for as much,
    and once.

    of: the class's weight, its rivals, and the work per second of all slots together. arriving: for
    the class itself, as for a rival.
    """

    __slots__ = (
        "_arriving", "_at_s", "_left", "_level", "_own", "_runs_out", "_stages", "_until", "of"
    )  # fmt: skip

    def __init__(
        self,
        weight: float,
        rivals: Sequence[Rival],
        rate: float,
        arriving: Sequence[float] = (0.0,) * len(UNTIL_S),
    ) -> None:
        self.of = weight, rivals, rate
        self._own = arriving
        self._left = [waiting for _, waiting, _ in rivals]
        self._arriving = [arriving[0] for _, _, arriving in rivals]
        self._stages: list[Stage] = []
        self._level, self._runs_out, self._at_s, self._until = 0.0, -1, 0.0, 0

    def seconds(self, work: float, passing: float = 0.0) -> float:
        """Until the class has been served `work` more, beside what passes it in a second."""
        if work <= 0.0:
            return 0.0
        if self.of[2] <= 0.0:
            return math.inf
        stages, passed_s = self._stages, 0.0
        for i in count():
            mine, lasts_s, passes, _ = stages[i] if i < len(stages) else self._stage()
            if passing:
                mine = max(mine - passes * passing, _LEAST * mine)
            mine_s = work / mine
            if mine_s <= lasts_s:
                break
            passed_s += lasts_s
            work -= mine * lasts_s
        return min(passed_s + mine_s, LONGEST_S)

    def contested(self) -> float:
        """What the class is served while anybody else has work waiting; infinite if that lasts."""
        stages, served = self._stages, 0.0
        for i in count():
            mine, lasts_s, _, contested = stages[i] if i < len(stages) else self._stage()
            if not contested:
                return served
            if lasts_s == math.inf:
                return math.inf
            served += mine * lasts_s
        raise AssertionError("the last stage is infinite")

    def _stage(self) -> Stage:
        """The next."""
        (weight, rivals, rate), left = self.of, self._left
        if self._stages:
            self._pass(self._stages[-1][1])
        arriving = self._arriving
        self._level = level = level_of(weight, rivals, left, arriving, rate)
        lasts_s, self._runs_out = UNTIL_S[self._until] - self._at_s, -1
        for i, waiting in enumerate(left):
            if waiting > 0.0:
                loses = level * rivals[i][0] - arriving[i]
                if loses > 0.0 and waiting / loses < lasts_s:
                    lasts_s, self._runs_out = waiting / loses, i
        first, now = self._own[0], self._own[self._until]
        stage = level * weight, lasts_s, now / first if now < first else 1.0, any(left)
        self._stages.append(stage)
        return stage

    def _pass(self, passed_s: float) -> None:
        """A stage is over: a rival runs out of work, or another rate is expected."""
        left, rivals, arriving, level = self._left, self.of[1], self._arriving, self._level
        if self._runs_out >= 0:
            left[self._runs_out] = 0.0
        for i, waiting in enumerate(left):
            if waiting > 0.0:
                then = waiting + (arriving[i] - level * rivals[i][0]) * passed_s
                left[i] = then if then > 0.0 else 0.0
        if self._runs_out >= 0:
            self._at_s += passed_s
        else:
            self._at_s = UNTIL_S[self._until]
            self._until += 1
            for i, (_, waiting, expected) in enumerate(rivals):
                arriving[i] = expected[self._until]
                left[i] = min(left[i], waiting)  # no queue grows for long; who is late is refused


def level_of(
    weight: float,
    rivals: Sequence[Rival],
    left: Sequence[float],
    arriving: Sequence[float],
    rate: float,
) -> float:
    """What a class that has work waiting gets of the rate, for each of its weight.

    So does each of its rivals that has work waiting, and one for which more arrives than that. What
    arrives for the others is taken from the rate. left: the work that rivals have waiting.
    arriving: that comes for each in a second.
    """
    weights, modest = weight, []
    for i, rival in enumerate(rivals):
        if left[i] > 0.0:
            weights += rival[0]
        elif arriving[i] > 0.0:
            weights += rival[0]
            modest.append(i)
    level = rate / weights
    while modest:
        content = [i for i in modest if arriving[i] <= level * rivals[i][0]]
        if not content:
            break
        for i in content:
            modest.remove(i)
            weights -= rivals[i][0]
            rate -= arriving[i]
        level = rate / weights
    return level
