"""The fair order as if work were a fluid: who is served at what rate.

Classes that have work waiting share the rate by weight; one that has none takes what arrives for
it, up to its share, and leaves the rest to the others (weighted max-min fairness, Bertsekas and
Gallager, Data Networks, 6.5.2). Those that were served the least for their weights go first, alone:
what a class owes, because its pictures went before their turn, the others have coming.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Party:
    """A class. weight: of its share. waiting: its tile-steps that wait. arriving: tile-steps that
    come for it in a second, from now until each of `crowds.UNTIL_S`. level: how much it was
    served, over its weight, beyond who was named last."""

    weight: float
    waiting: float
    arriving: Sequence[float]
    level: float = 0.0


def shares(
    parties: Sequence[Party],
    left: list[float],
    arriving: list[float],
    levels: list[float],
    rate: float,
) -> tuple[float, float, list[float]]:
    """The least level of those that have work waiting, how fast it rises, and what each party is
    served in a second.

    left: the work that each has waiting; somebody has. arriving: that comes for each in a second.
    levels: as `Party.level`, by now.
    """
    low = math.inf
    for i, waiting in enumerate(left):
        if waiting > 0.0 and levels[i] < low:
            low = levels[i]
    served, modest, weights = [0.0] * len(parties), list[int](), 0.0
    for i, party in enumerate(parties):
        if levels[i] <= low:
            if left[i] > 0.0:
                weights += party.weight
                served[i] = party.weight
            elif arriving[i] > 0.0:
                weights += party.weight
                modest.append(i)
    rises = rate / weights
    while modest:
        content = [i for i in modest if arriving[i] <= rises * parties[i].weight]
        if not content:
            break
        for i in content:
            modest.remove(i)
            weights -= parties[i].weight
            rate -= arriving[i]
        rises = rate / weights
    for i, weight in enumerate(served):
        if weight > 0.0:
            served[i] = rises * weight
        elif levels[i] <= low:
            served[i] = min(arriving[i], rises * parties[i].weight)
    return low, rises, served
