"""How fast a class is served while it waits: the fair order as if work were a fluid.

Classes that have work waiting share the rate by weight; one that has none takes what arrives for
it, up to its share, and leaves the rest to the others (weighted max-min fairness, Bertsekas and
Gallager, Data Networks, 6.5.2). A class whose work is used up falls back to what arrives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Rival(NamedTuple):
    """Another class. waiting: its work; arriving: the work that comes for it in a second."""

    weight: float
    waiting: float
    arriving: float


def seconds_to_serve(work: float, weight: float, rivals: Sequence[Rival], rate: float) -> float:
    """Until a class that goes on waiting has been served `work` more.

    rate: work per second of all slots together. Rivals are not changed. Takes one step for each
    rival that runs out of work before.
    """
    if work <= 0:
        return 0.0
    if rate <= 0:
        return math.inf
    left = [rival.waiting for rival in rivals]
    passed_s = 0.0
    while True:
        mine, theirs = split(weight, rivals, left, rate)
        mine_s = work / mine
        next_s, runs_out = mine_s, -1
        for i, rival in enumerate(rivals):
            if left[i] > 0 and theirs[i] > rival.arriving:
                out_s = left[i] / (theirs[i] - rival.arriving)
                if out_s < next_s:
                    next_s, runs_out = out_s, i
        if runs_out < 0:
            return passed_s + mine_s
        passed_s += next_s
        work -= mine * next_s
        for i, rival in enumerate(rivals):
            if left[i] > 0:
                left[i] = max(left[i] + (rival.arriving - theirs[i]) * next_s, 0.0)
        left[runs_out] = 0.0


def split(
    weight: float, rivals: Sequence[Rival], left: Sequence[float], rate: float
) -> tuple[float, list[float]]:
    """What a class that has work waiting gets of the rate, and what each of its rivals gets.

    left: the work that rivals have waiting.
    """
    weights, rest = weight, rate
    for i, rival in enumerate(rivals):
        if left[i] > 0 or rival[2] > 0:
            weights += rival[0]
    theirs = [-1.0] * len(rivals)
    level, found = rest / weights, True
    while found:
        found = False
        for i, (its_weight, _, arriving) in enumerate(rivals):
            if theirs[i] < 0 and left[i] <= 0 and arriving <= level * its_weight:
                theirs[i], found = arriving, True
                if arriving > 0:
                    rest -= arriving
                    weights -= its_weight
        level = rest / weights
    for i, rival in enumerate(rivals):
        if theirs[i] < 0:
            theirs[i] = level * rival[0]
    return level * weight, theirs
