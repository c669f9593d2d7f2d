"""`Room`: how many pictures may be there at a time: of a user, of others together, of all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from smalti.control import wording
from smalti.control.capacity import Capacity
from smalti.control.denial import Denial
from smalti.control.fair import FairQueue
from smalti.control.limits import Bound
from smalti.control.live import Live, path_of
from smalti.control.nouns import Ask, Occupancy, Reservation, ServiceTier, Wait
from smalti.control.present import Lines, Present, classes_in_line
from smalti.control.tiers import Tier

_LOOKED_AT = 32
"""Jobs of which it is foreseen when they are gone, at either end of a crowd."""


class Room:
    """max_waiting: pictures of all users that may wait; it may be set at any time. pending: those
    of jobs that are not enqueued yet. foresee: the wait of a job in the queue by now. unpaused:
    when, from a time on, a request is not paused; infinite if that is not known."""

    def __init__(
        self,
        max_waiting: int,
        queue: FairQueue,
        capacity: Capacity,
        foresee: Callable[[str, float], Wait | None],
        unpaused: Callable[[Ask, float], float],
    ) -> None:
        self.max_waiting = max_waiting
        self.pending = 0
        self._queue = queue
        self._capacity = capacity
        self._foresee = foresee
        self._unpaused = unpaused
        self._lines = Lines()
        self._present = Present()

    @property
    def waiting(self) -> int:
        return self._queue.everybody.waiting + self.pending

    def bounds_are(self, tiers: Mapping[str, Tier], live: Iterable[Live]) -> None:
        """live: all jobs that are there."""
        self._present.keep((b.scope for tier in tiers.values() for b in tier.bounds), live)

    def count(self, live: Live, waiting: int, running: int = 0) -> None:
        """So many more of a job's pictures wait, and are drawn, than was counted before."""
        self._lines.add(live.ask, waiting)
        self._present.count(live, waiting, running)

    def line(self, ask: Ask, service: ServiceTier | None = None) -> int:
        """Pictures of its user that wait in its line. service: in place of the one asked for."""
        return self._lines.waiting(ask, service)

    def before(self, ask: Ask) -> int:
        """Those of them that are drawn before it."""
        return self._lines.in_class(ask)

    def denies(
        self, tier: Tier, ask: Ask, now: float, service: ServiceTier | None = None
    ) -> Denial | None:
        """More pictures than the tier allows a user, or others together, or than the server allows
        all; half of the server's room is for who is promised something. service: as in `line`."""
        service = service or ask.served_as
        waiting = self.line(ask, service)
        if ask.images > tier.max_waiting:
            return wording.never_waiting(tier.max_waiting, waiting, ask.images, tier)
        most = self._most(service)
        if ask.images > most:
            return wording.never_waiting(most, self.waiting, ask.images, service=service)
        over = waiting + ask.images - tier.max_waiting
        if over > 0:
            wait_s = self._until_shorter(tier, ask, service, over, now)
            room_at = self._room_at(ask, wait_s, now)
            return wording.too_many_waiting(tier, waiting, ask.images, room_at, now)
        beyond = [self._beyond(bound, tier, ask, now) for bound in tier.bounds]
        denials = [denial for denial in beyond if denial is not None]
        if denials:
            return max(denials, key=_latest)
        over = self.waiting + ask.images - most
        if over > 0:
            room_at = self._room_at(ask, self._capacity.until_gone(over, now), now)
            return wording.full(service, most, self.waiting, ask.images, room_at, now)
        return None

    def holds(self, tier: Tier, ask: Ask) -> tuple[int, int]:
        """How many pictures of a request there is room for if nobody else's are there, and now."""
        most = min(tier.max_waiting, self._most(ask.service))
        left = min(tier.max_waiting - self.line(ask), self._most(ask.service) - self.waiting)
        for bound in tier.bounds:
            if self._present.counts(bound, ask):
                most = min(most, bound.count)
                left = min(left, bound.count - self._present.used(bound, ask))
        return most, max(left, 0)

    def occupancies(self, tier: Tier, about: Ask | Reservation) -> list[Occupancy]:
        """Of each of a tier's bounds that counts for somebody."""
        return [
            Occupancy(f"{tier.name}/{bound.rule}", bound.scope, bound.of, bound.count,
                      self._present.used(bound, about))
            for bound in tier.bounds
            if self._present.counts(bound, about)
        ]  # fmt: skip

    def _until_shorter(
        self, tier: Tier, ask: Ask, service: ServiceTier, pictures: int, now: float
    ) -> float:
        """Estimated seconds until so many pictures of its user's line have slots: by the class in
        which so many wait and that is the sooner; where there is none, all of them."""
        enough, fewer = list[float](), [0.0]
        for its in classes_in_line(service):
            alike = replace(ask, service=its)
            waiting = self._lines.in_class(alike)
            if waiting:
                count = min(pictures, waiting)
                wait_s = self._capacity.until_named(path_of(tier, alike), count, now)
                (enough if count == pictures else fewer).append(wait_s)
        return min(enough) if enough else max(fewer)

    def _most(self, service: str) -> int:
        """Pictures that may wait in all."""
        return self.max_waiting // (2 if service == "flex" else 1)

    def _beyond(self, bound: Bound, tier: Tier, ask: Ask, now: float) -> Denial | None:
        if not self._present.counts(bound, ask):
            return None
        used = self._present.used(bound, ask)
        if ask.images > bound.count:
            return wording.never_present(tier, bound, used, ask.images)
        over = used + ask.images - bound.count
        if over <= 0:
            return None
        room_at = self._room_at(ask, self._until_fewer(bound, ask, over, now), now)
        return wording.too_many_present(tier, bound, used, ask.images, room_at, now)

    def _room_at(self, ask: Ask, wait_s: float, now: float) -> float | None:
        """When there should be room that is not paused; None if that is not known."""
        at = self._unpaused(ask, wording.whole_second(now, wait_s))
        return at if math.isfinite(at) else None

    def _until_fewer(self, bound: Bound, ask: Ask, pictures: int, now: float) -> float:
        """Estimated seconds until so many of those that are counted are gone, nine times in ten.

        Of a crowd, which there is where a bound was lowered, the oldest are looked at and those
        that are the last to go.
        """
        jobs, wait_s, looks = self._present.jobs(bound, ask), 0.0, 0
        for live in jobs:
            if pictures <= 0 or looks == _LOOKED_AT:
                break
            there, running = _there(bound, live)
            gone_s = self._until_gone(bound, live, min(pictures, there), running, now)
            wait_s, pictures, looks = max(wait_s, gone_s), pictures - there, looks + 1
        if pictures <= 0:
            return wait_s
        may_stay, looks = bound.count - ask.images, 0
        for live in reversed(jobs):
            there, running = _there(bound, live)
            if there > may_stay:
                gone_s = self._until_gone(bound, live, there - may_stay, running, now)
                wait_s, looks = max(wait_s, gone_s), looks + 1
                if looks == _LOOKED_AT:
                    break
            may_stay = max(may_stay - there, 0)
        return wait_s

    def _until_gone(
        self, bound: Bound, live: Live, pictures: int, running: int, now: float
    ) -> float:
        """Of one job's. running: of those that are counted, which go first."""
        wait, each_s = self._foresee(live.ask.job_id, now), self._capacity.drawing_s(live.work)
        drawn_s = each_s if bound.of == "at once" else 0.0
        if wait is None or pictures <= running:
            return drawn_s
        first_s, (half_s, most_s) = wait.start_s[1], wait.finish_s
        last_s = max(most_s * (1.0 - each_s / half_s), first_s)
        part = (pictures - running - 1) / max(live.waiting - 1, 1)
        return first_s + (last_s - first_s) * part + drawn_s


def _there(bound: Bound, live: Live) -> tuple[int, int]:
    """Pictures of a job that a bound counts, and those of them that run."""
    running = len(live.running) if bound.of == "at once" else 0
    return live.pending + live.waiting + running, running


def _latest(denial: Denial) -> float:
    """When it says that there is room; never for what cannot be."""
    return math.inf if denial.retry_at is None else denial.retry_at
