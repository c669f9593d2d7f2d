"""`Ladder`: how far down the declared rungs each class of requests is, by its load.

The load of a class is what a newcomer would wait, over what his tier promises. A rung is taken when
the load has reached ENGAGE, or while requests are refused for want of slots, however short the wait
of the others is; it is left when the load is under RELEASE and nobody is refused. A change is
followed by a pause, so that its effect is seen before the next one. Whether the rung before would
do can only be tried: each time that one is left and must be taken again, the next try comes twice
as late, until all have been left for as long as that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smalti.control.nouns import FULL, Offer

RUNGS = ("partials", "guidance", "quality", "size", "model")
"""From the least loss to the greatest; what follows them is the flex offer, then a refusal."""
ENGAGE, RELEASE = 0.6, 0.3
ENGAGE_EVERY_S, RELEASE_EVERY_S, RELEASE_AT_MOST_S = 3.0, 15.0, 240.0


@dataclass(slots=True)
class _Place:
    """tries: whether the latest change was to leave a rung. pause_s: before the next is left."""

    level: int = 0
    changed_at: float = 0.0
    tries: bool = False
    pause_s: float = RELEASE_EVERY_S


class Ladder:
    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}

    def level(self, service_class: str) -> int:
        """How many of its tier's rungs are taken."""
        place = self._places.get(service_class)
        return 0 if place is None else place.level

    def clock_set(self, by_s: float) -> None:
        """Rungs were taken as long ago as before."""
        for place in self._places.values():
            place.changed_at += by_s

    def load_is(self, service_class: str, load: float, short: bool, rungs: int, now: float) -> None:
        """Take a rung or leave one. short: some are refused. rungs: how many the tier allows."""
        load, place = max(load, ENGAGE) if short else load, self._places.get(service_class)
        if place is None:
            if load < ENGAGE:
                return
            place = self._places[service_class] = _Place(0, now - ENGAGE_EVERY_S)
        since_s = abs(now - place.changed_at)
        if place.level == 0 and since_s >= place.pause_s:
            place.tries, place.pause_s = False, RELEASE_EVERY_S
        if load >= ENGAGE and place.level < rungs and since_s >= ENGAGE_EVERY_S:
            if place.tries:
                place.pause_s = min(2.0 * place.pause_s, RELEASE_AT_MOST_S)
            place.level, place.changed_at, place.tries = place.level + 1, now, False
        elif load < RELEASE and place.level > 0 and since_s >= place.pause_s:
            place.level, place.changed_at, place.tries = place.level - 1, now, True
        place.level = min(place.level, rungs)


def chosen(full: float, offers: Sequence[Offer], allowed: Sequence[str], level: int) -> Offer:
    """What is served: the last offer whose rung is taken; the whole, of work `full`, where none is.

    allowed: the tier's rungs, in order. level: how many of them are taken.
    """
    taken = allowed[:level]
    served = Offer(FULL, full)
    for offer in offers:
        if offer.rung in taken:
            served = offer
    return served
