"""How fast a class is served while it waits: the fair order as if work were a fluid.

Classes that have work waiting share the rate by weight; one that has none takes what arrives for
it, up to its share, and leaves the rest to the others (weighted max-min fairness, Bertsekas and
Gallager, Data Networks, 6.5.2). A class whose work is used up falls back to what arrives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Rival = tuple[float, float, float]
"""Another class: its weight, the work that waits, and the work that comes for it in a second."""

_OPEN = -1.0


def seconds_to_serve(work: float, weight: float, rivals: Sequence[Rival], rate: float) -> float:
    """Until a class that goes on waiting has been served `work` more.

    rate: work per second of all slots together. Rivals are not changed. Takes one step for each
    rival that runs out of work before.
    """
    if work <= 0:
        return 0.0
    if rate <= 0:
        return math.inf
    left = [waiting for _, waiting, _ in rivals]
    passed_s = 0.0
    while True:
        mine, theirs = split(weight, rivals, left, rate)
        next_s, runs_out = work / mine, -1
        for i, waiting in enumerate(left):
            if waiting > 0 and (loses := theirs[i] - rivals[i][2]) > 0:
                out_s = waiting / loses
                if out_s < next_s:
                    next_s, runs_out = out_s, i
        passed_s += next_s
        if runs_out < 0:
            return passed_s
        work -= mine * next_s
        left[runs_out] = 0.0
        for i, waiting in enumerate(left):
            if waiting > 0:
                left[i] = max(waiting + (rivals[i][2] - theirs[i]) * next_s, 0.0)


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
