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
        for i, (_, _, arriving) in enumerate(rivals):
            if left[i] > 0 and theirs[i] > arriving:
                out_s = left[i] / (theirs[i] - arriving)
                if out_s < next_s:
                    next_s, runs_out = out_s, i
        passed_s += next_s
        if runs_out < 0:
            return passed_s
        work -= mine * next_s
        for i, (_, _, arriving) in enumerate(rivals):
            if left[i] > 0:
                left[i] = max(left[i] + (arriving - theirs[i]) * next_s, 0.0)
        left[runs_out] = 0.0


def split(
    weight: float, rivals: Sequence[Rival], left: Sequence[float], rate: float
) -> tuple[float, list[float]]:
    """What a class that has work waiting gets of the rate, and what each of its rivals gets.

    left: the work that rivals have waiting.
    """
    theirs = [arriving for _, _, arriving in rivals]
    weights, rest = weight, rate
    hungry: list[int] = []
    modest: list[int] = []
    for i, (its_weight, _, arriving) in enumerate(rivals):
        if left[i] > 0 or arriving > 0:
            weights += its_weight
            (hungry if left[i] > 0 else modest).append(i)
    level = rest / weights
    while modest:
        content = [i for i in modest if theirs[i] <= level * rivals[i][0]]
        if not content:
            break
        for i in content:
            rest -= theirs[i]
            weights -= rivals[i][0]
            modest.remove(i)
        level = rest / weights
    for i in hungry + modest:
        theirs[i] = level * rivals[i][0]
    return level * weight, theirs
