"""`Claims`: how far limits were open when a time was stated, so that the time stays true.

A limit states a time, and so does the fleet, which keeps a place (`appointments`): who comes for it
must not be refused by a limit that was wide enough when the place was named.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from smalti.control.appointments import RULE as PLACE
from smalti.control.nouns import Claim, Reservation

_OF_LIMITS = "/breathing"
SHORTEST_S = 60.0
OF_WINDOW = 0.1
"""A claim is kept for at least so long, and this part of the longest window that it is about."""


class Claims:
    """One for each user and tier, and one for each place that is kept for a user. Their value is in
    parts, as `Breath.open` is."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], tuple[Claim, ...]] = {}
        self._by_end: list[tuple[float, tuple[str, str]]] = []

    def __bool__(self) -> bool:
        return bool(self._claims)

    def of(self, user_id: str, tier: str, now: float) -> tuple[Claim, ...]:
        """What is or will be honoured."""
        rules = tier + _OF_LIMITS, PLACE
        found = [claim for rule in rules for claim in self._claims.get((user_id, rule), ())]
        return tuple(claim for claim in found if now <= claim.until)

    def merged(
        self, user_id: str, tier: str, parts: int, at: float, until: float, now: float
    ) -> Claim:
        """One that honours a new time and the one that was stated before."""
        for before in self._claims.get((user_id, tier + _OF_LIMITS), ()):
            if now <= before.until:
                parts, at = max(parts, before.value), min(at, before.at)
                until = max(until, before.until)
        return Claim(user_id, tier + _OF_LIMITS, parts, at, until)

    def keep(self, claim: Claim) -> None:
        """In place of the one before, and of a place, of the one at that time; one for which limits
        need not be open is left aside."""
        if claim.value:
            name = claim.user_id, claim.rule
            others = self._claims.get(name, ()) if claim.rule == PLACE else ()
            self._claims[name] = (*(its for its in others if its.at != claim.at), claim)
            heapq.heappush(self._by_end, (claim.until, name))

    def drop_old(self, now: float) -> None:
        while self._by_end and self._by_end[0][0] < now:
            until, name = heapq.heappop(self._by_end)
            left = tuple(its for its in self._claims.pop(name, ()) if its.until != until)
            if left:
                self._claims[name] = left

    def use(self, user_id: str, tier: str, now: float) -> list[Claim]:
        """A request was admitted: what was honoured by then is used up, and places in any case.

        Returns what was."""
        used = list(self._claims.pop((user_id, PLACE), ()))
        name = user_id, tier + _OF_LIMITS
        if any(claim.at <= now for claim in self._claims.get(name, ())):
            used += self._claims.pop(name)
        return used

    def give_back(self, claim: Claim) -> None:
        """What used it up came to nothing. One that was kept since then takes its place."""
        kept = self._claims.get((claim.user_id, claim.rule), ())
        if not any(claim.rule != PLACE or its.at == claim.at for its in kept):
            self.keep(claim)

    def restore(
        self, claims: Iterable[Claim], reservations: Iterable[Reservation], now: float
    ) -> None:
        """Those that were not used, as far as the reservations show, and are not over."""
        latest: dict[tuple[str, str], float] = {}
        for held in reservations:
            for rule in (held.tier + _OF_LIMITS, PLACE):
                name = held.user_id, rule
                latest[name] = max(held.at, latest.get(name, held.at))
        for claim in claims:
            used_at = latest.get((claim.user_id, claim.rule))
            if claim.until >= now and (used_at is None or used_at < claim.at):
                self.keep(claim)
