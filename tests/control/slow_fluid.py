"""The plain twin of `Course`: from event to event, with nothing kept in between."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from smalti.control.crowds import UNTIL_S
from smalti.control.fluid import Rival, level_of


def split(
    weight: float, rivals: Sequence[Rival], left: Sequence[float], rate: float, k: int = 0
) -> tuple[float, list[float]]:
    """What a class gets of a rate, and what each of its rivals gets, while the k-th rates hold."""
    arriving = [rival[2][k] for rival in rivals]
    level = level_of(weight, rivals, left, arriving, rate)
    theirs = [
        level * its_weight if waiting > 0 else min(comes, level * its_weight)
        for (its_weight, _, _), comes, waiting in zip(rivals, arriving, left, strict=True)
    ]
    return level * weight, theirs


def events(
    weight: float, rivals: Sequence[Rival], rate: float
) -> Iterator[tuple[int, float, float, bool]]:
    """Which rates hold, for how long, what the class gets meanwhile in a second, and whether
    anybody else waits."""
    left, now, k = [waiting for _, waiting, _ in rivals], 0.0, 0
    while True:
        mine, theirs = split(weight, rivals, left, rate, k)
        loses = [
            its - rival[2][k] if waiting > 0 else 0.0
            for rival, waiting, its in zip(rivals, left, theirs, strict=True)
        ]
        ends_s = [waiting / off for waiting, off in zip(left, loses, strict=True) if off > 0]
        step_s = min([UNTIL_S[k] - now, *ends_s])
        yield k, step_s, mine, any(left)
        if step_s == math.inf:
            return
        left = [
            0.0 if off > 0 and waiting / off <= step_s else max(waiting - off * step_s, 0.0)
            for waiting, off in zip(left, loses, strict=True)
        ]
        now += step_s
        if step_s not in ends_s:
            now, k = UNTIL_S[k], k + 1
            left = [min(now_left, rival[1]) for now_left, rival in zip(left, rivals, strict=True)]


def seconds(
    weight: float,
    rivals: Sequence[Rival],
    rate: float,
    work: float,
    passing: float = 0.0,
    own: Sequence[float] = (0.0,) * len(UNTIL_S),
) -> float:
    """Until the class has been served so much."""
    now = 0.0
    for k, lasts_s, mine, _ in events(weight, rivals, rate):
        still = min(own[k] / own[0], 1.0) if own[0] > 0 else 1.0
        mine = max(mine - still * passing, 0.1 * mine)
        if work <= mine * lasts_s:
            return now + work / mine
        now += lasts_s
        work -= mine * lasts_s
    raise AssertionError("the last one has no end")


def contested(weight: float, rivals: Sequence[Rival], rate: float) -> float:
    """What the class is served while anybody else waits."""
    served = 0.0
    for _, lasts_s, mine, others in events(weight, rivals, rate):
        if not others:
            break
        served += mine * lasts_s
    return served
