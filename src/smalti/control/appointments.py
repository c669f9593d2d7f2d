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

_FIRST_SHOW, _MOST_SEEN = (0.5, 10), 3000
"""Which part comes, until it is known, as if so many had been seen; how many are remembered."""
_UNKNOWN = 0.0
"""Work for which a place was kept in an earlier life: whatever he asks for."""


Place = tuple[float, float, str, float]
"""From when and until when it is kept, in which class, and for how much work."""


class Appointments:
    """Who asked for few pictures and then for many may have a place for each, and takes one: so
    the largest of a user's places in a class is what is to be expected of him there."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Place]] = {}
        self._by_end: list[tuple[float, str, str]] = []
        self._work: dict[str, float] = {}
        self._show: dict[str, tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def work(self, service_class: str, now: float, but: str = "") -> float:
        """Tile-steps that are to be expected of those who were told a time; not of user `but`."""
        self._expire(now)
        show, _ = self._show.get(service_class, _FIRST_SHOW)
        work = self._work.get(service_class, 0.0)
        own = self._largest(but, service_class)
        return _left(work - own if own else work) * show

    def keep(self, claim: Claim, service_class: str, work: float) -> None:
        """In place of those of his that are no sooner, and for no more."""
        for place in self._kept.get(claim.user_id, ())[:]:
            if _UNKNOWN < place[3] <= work and place[0] >= claim.at:
                self._drop(claim.user_id, place)
        more = max(work - self._largest(claim.user_id, service_class), 0.0)
        place = claim.at, claim.until, service_class, work
        self._kept.setdefault(claim.user_id, []).append(place)
        self._work[service_class] = self._work.get(service_class, 0.0) + more
        heapq.heappush(self._by_end, (claim.until, claim.user_id, ""))

    def holds(self, user_id: str, work: float, now: float) -> bool:
        """Whether a place for so much work is kept for him now."""
        places = self._kept.get(user_id, ())
        return any(at <= now <= until and _fits(work, its) for at, until, _, its in places)

    def told(self, user_id: str, work: float, now: float) -> float | None:
        """The time he was told for so much work, if it is still to come.

        It is told again whatever the load is by then: the lowest of several forecasts is too low.
        While sooner ones were told as well, a class was promised more than its share.
        """
        places = self._kept.get(user_id, ())
        return min((at for at, _, _, its in places if at > now and _fits(work, its)), default=None)

    def any_for(self, user_id: str, now: float) -> bool:
        """Whether a place is kept for him, now or later, for however much."""
        return any(until >= now for _, until, _, _ in self._kept.get(user_id, ()))

    def came(self, user_id: str, service_class: str) -> tuple[Place, ...]:
        """He is admitted. Returns the places that were kept for him, the first of them first.

        Who takes something else, such as flex, gives his place up; that says nothing of the others.
        """
        places = tuple(sorted(self._kept.get(user_id, ())))
        for place in places:
            self._drop(user_id, place)
        used = _first_of(places, service_class)
        if used is not None:
            heapq.heappush(self._by_end, (used[1], user_id, service_class))
        return places

    def give_back(self, user_id: str, service_class: str, places: tuple[Place, ...]) -> None:
        """His admission came to nothing. Places that were kept since then stand in their stead."""
        used = _first_of(places, service_class)
        if used is not None and (end := (used[1], user_id, service_class)) in self._by_end:
            self._by_end.remove(end)
            heapq.heapify(self._by_end)
        if user_id not in self._kept:
            for at, until, service_class, work in places:
                self.keep(Claim(user_id, RULE, 0, at, until), service_class, work)

    def restore(self, claims: Iterable[Claim]) -> None:
        """Places that were kept before a restart; what they are for is not known any more."""
        for claim in claims:
            if claim.rule == RULE:
                self.keep(claim, "", _UNKNOWN)

    def _expire(self, now: float) -> None:
        """In order of their ends, whether they were used or not."""
        ends = self._by_end
        while ends and ends[0][0] < now:
            until, user_id, used_for = heapq.heappop(ends)
            if used_for:
                self._learn(used_for, 1.0)
                continue
            for place in self._kept.get(user_id, ())[:]:
                if place[1] == until:
                    self._drop(user_id, place)
                    if not self._has_place(user_id, place[2]):
                        self._learn(place[2], 0.0)

    def _drop(self, user_id: str, place: Place) -> None:
        places, service_class = self._kept[user_id], place[2]
        before = self._largest(user_id, service_class)
        places.remove(place)
        less = before - self._largest(user_id, service_class)
        if not places:
            del self._kept[user_id]
        self._work[service_class] = _left(self._work[service_class] - less)

    def _largest(self, user_id: str, service_class: str) -> float:
        """Of the places that are kept for somebody in a class, the work of the one for most."""
        works = (its for _, _, of, its in self._kept.get(user_id, ()) if of == service_class)
        return max(works, default=0.0)

    def _has_place(self, user_id: str, service_class: str) -> bool:
        return any(place[2] == service_class for place in self._kept.get(user_id, ()))

    def _learn(self, service_class: str, came: float) -> None:
        """A place has ended, used or not. Not before: those who come are known sooner than those
        who do not, so it would seem that all come."""
        show, seen = self._show.get(service_class, _FIRST_SHOW)
        self._show[service_class] = show + (came - show) / (seen + 1), min(seen + 1, _MOST_SEEN)


def _first_of(places: Iterable[Place], service_class: str) -> Place | None:
    """Of somebody's places, in order, the one that he comes for."""
    return next((place for place in places if place[2] == service_class), None)


def _fits(work: float, kept: float) -> bool:
    return work <= kept or kept == _UNKNOWN


def _left(work: float) -> float:
    """What rounding leaves is nothing."""
    return work if work > 1e-6 else 0.0
