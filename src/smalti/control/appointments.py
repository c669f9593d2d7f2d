"""`Appointments`: who was told when to come back, and how much of it is to be expected.

Who is refused because the wait would be too long is told a time, and a place is kept for him from
then on for a while. What is kept stands before newcomers as if it waited already, weighed by how
many of those who were told a time did come.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from smalti.control.nouns import Claim

RULE = "server/promise"
KEPT_S = 120.0
"""For how long a place is kept."""

_FIRST_SHOW = 0.5
_SHOW_WEIGHT = 0.05
_UNKNOWN = 0.0
"""Work for which a place was kept in an earlier life: whatever he asks for."""


Place = tuple[float, float, str, float]
"""From when and until when it is kept, in which class, and for how much work."""


class Appointments:
    """Each user has one place at most: a later one replaces it."""

    def __init__(self) -> None:
        self._kept: dict[str, Place] = {}
        self._by_end: list[tuple[float, str]] = []
        self._work: dict[str, float] = {}
        self._show: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def work(self, service_class: str, now: float) -> float:
        """Tile-steps that are to be expected of those who were told a time."""
        self._expire(now)
        show = self._show.get(service_class, _FIRST_SHOW)
        return self._work.get(service_class, 0.0) * show

    def keep(self, claim: Claim, service_class: str, work: float) -> None:
        if claim.user_id in self._kept:
            self._drop(claim.user_id)
        self._kept[claim.user_id] = claim.at, claim.until, service_class, work
        self._work[service_class] = self._work.get(service_class, 0.0) + work
        heapq.heappush(self._by_end, (claim.until, claim.user_id))

    def holds(self, user_id: str, work: float, now: float) -> bool:
        """Whether a place for so much work is kept for him now."""
        kept = self._kept.get(user_id)
        return kept is not None and kept[0] <= now <= kept[1] and _fits(work, kept)

    def told(self, user_id: str, work: float, now: float) -> float | None:
        """The time he was told for so much work, if it is still to come."""
        kept = self._kept.get(user_id)
        return kept[0] if kept is not None and kept[0] > now and _fits(work, kept) else None

    def came(self, user_id: str) -> Place | None:
        """He is admitted. Returns the place that was kept for him, if one was."""
        kept = self._drop(user_id)
        if kept is not None:
            self._learn(kept[2], 1.0)
        return kept

    def give_back(self, user_id: str, place: Place) -> None:
        """His admission came to nothing. A place that was kept since then stands."""
        if user_id not in self._kept:
            at, until, service_class, work = place
            self.keep(Claim(user_id, RULE, 0, at, until), service_class, work)

    def restore(self, claims: Iterable[Claim]) -> None:
        """Places that were kept before a restart; what they are for is not known any more."""
        for claim in claims:
            if claim.rule == RULE:
                self.keep(claim, "", _UNKNOWN)

    def _expire(self, now: float) -> None:
        ends = self._by_end
        while ends and ends[0][0] < now:
            until, user_id = heapq.heappop(ends)
            kept = self._kept.get(user_id)
            if kept is not None and kept[1] == until:
                self._drop(user_id)
                self._learn(kept[2], 0.0)

    def _drop(self, user_id: str) -> Place | None:
        kept = self._kept.pop(user_id, None)
        if kept is not None:
            _, _, service_class, work = kept
            left = self._work[service_class] - work
            self._work[service_class] = left if left > 1e-6 else 0.0
        return kept

    def _learn(self, service_class: str, came: float) -> None:
        show = self._show.get(service_class, _FIRST_SHOW)
        self._show[service_class] = show + _SHOW_WEIGHT * (came - show)


def _fits(work: float, place: Place) -> bool:
    return work <= place[3] or place[3] == _UNKNOWN
