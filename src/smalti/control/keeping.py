"""`Keeping`: whether what a newcomer is promised can be kept, and whose turn cannot wait for that.

A promise is kept in one of two ways. Either the fair order comes to the job in time by itself, as
is foreseen with a measured interval; and nobody else's promise is broken for it. Or it is late in
the fair order, and its deadline brings it to its turn: that needs room until then for all that is
promised, and for all that will be promised for earlier meanwhile. The second way is open to one
class at a time, the one that is refused while all others have what they ask for: it takes what they
leave. With two classes short of slots, their weights decide, and those are the fair order's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from smalti.control.appointments import Appointments
from smalti.control.bucket import Bucket
from smalti.control.denial import Denial
from smalti.control.fair import FairQueue, Step
from smalti.control.forecast import Forecast
from smalti.control.live import Live
from smalti.control.nouns import is_flex, service_class
from smalti.control.promises import Promises
from smalti.control.refusals import Refusals
from smalti.control.tiers import Tier
from smalti.control.told import Raw

HALF = 0.7
"""Below this part of the promise nobody has to stand back behind places that are kept."""
FULL = 0.9
"""Part of the fleet's rate that may be promised: slots are seldom full to the last moment."""
SHORT_OF_SLOTS = 0.25
"""A class is, while a larger part of its requests is refused."""
TIMES_EXPECTED = 2.0
"""For how much that may come before a deadline there must be room, over what is expected."""


class Keeping:
    """weights: of all tiers together."""

    def __init__(
        self, queue: FairQueue, forecast: Forecast, appointments: Appointments, promises: Promises
    ) -> None:
        self.weights = 1.0
        self._queue = queue
        self._forecast = forecast
        self._appointments = appointments
        self._promises = promises
        self._buckets = defaultdict[str, Bucket](Bucket)
        self._refusals = defaultdict[str, Refusals](Refusals)
        self._short: frozenset[str] = frozenset()
        self._sooner: dict[float, float] = {}

    def look(self, tiers: Mapping[str, Tier], now: float) -> None:
        """Once a second: which tiers are short of slots, and what comes for each promise's time."""
        self._short = frozenset(
            name for name in tiers if self.refused_part(name, now) > SHORT_OF_SLOTS
        )
        due = [
            (tier.promised_wait_s, name)
            for tier in tiers.values()
            if tier.promised_wait_s is not None
            for name in (tier.name, service_class(tier.name, "priority"))
        ]
        self._sooner = {
            promised_s: sum(
                TIMES_EXPECTED * (promised_s - sooner_s) * self._forecast.arriving(name)
                + self._appointments.work(name, now)
                for sooner_s, name in due
                if sooner_s < promised_s
            )
            for promised_s, _ in due
        }

    def clock_set(self, by_s: float) -> None:
        """What is promised stays as far ahead as it is."""
        self._promises.clock_set(by_s)
        for bucket in self._buckets.values():
            bucket.clock_set(by_s)
        for refusals in self._refusals.values():
            refusals.clock_set(by_s)

    def late_s(
        self, tier: Tier, user_id: str, step: Step, raw: Raw, work: float, alone: bool, now: float
    ) -> float:
        """Seconds within which a newcomer surely has its slot, as if others for whom places are
        kept stood before it, and with nobody's promise broken for it. At most what its tier
        promises, if it is to be admitted.

        alone: whether nothing of its user waits.
        """
        promised_s = tier.promised_wait_s
        assert promised_s is not None
        late_s = self._forecast.surely(raw)
        if late_s > HALF * promised_s:
            late_s += self._appointments.work(step.name, now, user_id) * raw.late_s
        if late_s > promised_s:
            if alone and self._short <= {tier.name} and self._has_room(promised_s, work, now):
                raw.within_s = promised_s
                return promised_s
            return late_s
        if not self._promises:
            return late_s
        share_s = self._share_s(step, work, promised_s, now)
        if share_s <= 0:
            return late_s
        rate = FULL * self._forecast.rate
        over_s = self._promises.late_s(promised_s, work, rate, now)
        if over_s > (HALF - 1.0) * promised_s:
            over_s += self._appointments.work(step.name, now, user_id) / rate
        return max(late_s, promised_s + min(over_s, share_s))

    def accepts(self, tier: Tier, live: Live, now: float) -> None:
        """A job is admitted. Before the fleet's pace was measured nobody is refused on a guess, and
        promises are given."""
        promised_s = tier.promised_wait_s
        if promised_s is None or live.ask.service == "flex":
            return
        live.promised_s, live.admitted_at = promised_s, now
        work = live.work * live.ask.images
        self._promises.keep(live.ask.job_id, promised_s, work, now, live.path[0].name)
        if self._forecast.measured:
            share = self._share(live.path[0])
            self._buckets[live.path[0].name].take(work, share, share * promised_s, now)

    def rests(self, live: Live) -> None:
        """A job needs no slots of its own: what was promised to it is kept by others."""
        live.rests = True
        self._promises.served(live.ask.job_id, live.work * live.pending)
        self._promises.forget(live.ask.job_id)

    def wakes(self, live: Live) -> None:
        """It needs them now, if it rested, by the time that it was promised."""
        if live.rests and live.promised_s is not None:
            work, name = live.work * live.ask.images, live.path[0].name
            self._promises.keep(live.ask.job_id, live.promised_s, work, live.admitted_at, name)
        live.rests = False

    def gives_back(self, live: Live) -> None:
        """An admission came to nothing."""
        bucket = self._buckets.get(live.path[0].name)
        if bucket is not None:
            bucket.give_back(live.work * live.ask.images)

    def decided(self, tier: str, denial: Denial | None, now: float) -> None:
        """A request of a tier was decided. One that is refused by its user's own limits, or for its
        client's patience, says nothing of slots."""
        if denial is None or denial.for_slots:
            self._refusals[tier].add(denial is not None, now)

    def refused_part(self, tier: str, now: float) -> float:
        """Of a tier's requests of the last minute or so, those that were refused for the load."""
        refusals = self._refusals.get(tier)
        return refusals.part(now) if refusals is not None else 0.0

    def hurries(self, now: float) -> str | None:
        """A job that must go before its turn, or promises are broken."""
        if not self._promises:
            return None
        forecast = self._forecast
        if not self._promises.pressing(forecast.rate, forecast.margin_s, now):
            return None
        return self._promises.first(self._may_hurry)

    # --- within ---

    def _may_hurry(self, job_id: str) -> bool:
        job = self._queue.job(job_id)
        return job is not None and job.user.first is job and job.user.seat.ready()

    def _has_room(self, promised_s: float, work: float, now: float) -> bool:
        """Whether so much more can be done by its deadline, with all that is due before it, and
        all that waits without a promise, or whose promise was broken."""
        work += self._sooner.get(promised_s, 0.0) + self._unpromised(now)
        rate = FULL * self._forecast.rate
        return self._promises.late_s(promised_s, work, rate, now) <= 0

    def _unpromised(self, now: float) -> float:
        classes = self._queue.classes.items()
        flex = sum(its.work for name, its in classes if is_flex(name))
        return max(self._queue.everybody.work - flex - self._promises.work(now), 0.0)

    def _share(self, step: Step) -> float:
        """Tile-steps per second that a class may be promised while all tiers have work waiting."""
        return step.weight / self.weights * FULL * self._forecast.rate

    def _share_s(self, step: Step, work: float, promised_s: float, now: float) -> float:
        """Seconds until so much is within what a class was not promised of its share; not above
        zero if it is."""
        share, bucket = self._share(step), self._buckets.get(step.name)
        most = share * promised_s
        left = most if bucket is None else bucket.left(share, most, now)
        return (work - left) / share
