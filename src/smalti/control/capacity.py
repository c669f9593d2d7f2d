"""`Capacity`: whether a request can be served within what is promised, and what it may have else.

A request is refused at once if its pictures would not surely get their slots within the wait that
its tier promises, or would not be drawn before its client gives up. It is told when to come back,
and a place is kept for it from then on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from smalti.control import wording
from smalti.control.appointments import KEPT_S, RULE, Appointments
from smalti.control.bucket import Bucket
from smalti.control.denial import Denial, Option
from smalti.control.fair import FairQueue, Step
from smalti.control.flow import Flow
from smalti.control.forecast import Forecast, Raw
from smalti.control.ladder import Ladder, chosen
from smalti.control.live import Live, path_of
from smalti.control.nouns import Ask, Claim, Offer
from smalti.control.promises import Promises
from smalti.control.tiers import Tier
from smalti.control.wording import SOON_S

LOOK_EVERY_S = 1.0
SMOOTH_S = 20.0
SHORT = 0.05
"""While no larger share of a tier's requests is refused, clients may try again by themselves."""
HALF = 0.7
"""Below this part of the promise nobody has to stand back behind places that are kept."""

FULL = 0.9
"""Part of the fleet's rate that may be promised: slots are seldom full to the last moment."""
MARGIN = 1.0
"""How long before it is too late slots are given by deadline, in times that a picture takes."""


class Capacity:
    """load: 0 while it is calm, 1 where promises are at their edge. flex_room: whether flex may be
    offered. weights: of all tiers together."""

    def __init__(
        self, queue: FairQueue, forecast: Forecast, appointments: Appointments, promises: Promises
    ) -> None:
        self.load = 0.0
        self.weights = 1.0
        self.flex_room = True
        self._queue = queue
        self._forecast = forecast
        self._appointments = appointments
        self._promises = promises
        self._ladder = Ladder()
        self._looked_at: float | None = None
        self._asked: dict[str, Flow] = {}
        self._refused: dict[str, Flow] = {}
        self._flex: dict[tuple[str, int], Option] = {}
        self._buckets: dict[str, Bucket] = {}

    # --- load and rungs ---

    def level(self, service_class: str) -> int:
        return self._ladder.level(service_class)

    def look(self, tiers: Mapping[str, Tier], now: float) -> float | None:
        """Once a second: how loaded each class is; returns the load of all, or None in between."""
        before = self._looked_at
        if before is not None and 0 <= now - before < LOOK_EVERY_S:
            return None
        self._looked_at = now
        self._forecast.look(now)
        self._flex.clear()
        slots = max(self._forecast.slots, 1)
        most = 0.5 * min(len(self._queue.running) / slots, 1.0)
        for tier in tiers.values():
            if tier.promised_wait_s is None:
                continue
            group = self._queue.classes.get(tier.name)
            load = 0.0
            if group is not None and group.waiting:
                wait_s = self._forecast.serves(Step(tier.name, tier.weight), group.work)
                load = wait_s / tier.promised_wait_s
            self._ladder.load_is(tier.name, load, len(tier.rungs), now)
            most = max(most, 0.5 + 0.5 * min(load, 1.0) if load > 0 else 0.0)
        since_s = LOOK_EVERY_S if before is None else min(max(now - before, 0.0), 600.0)
        self.load += (1 - math.exp(-since_s / SMOOTH_S)) * (most - self.load)
        return self.load

    def offer(self, tier: Tier, service_class: str, ask: Ask) -> Offer:
        """What is served, on the rungs that are taken."""
        level = self._ladder.level(tier.name) if ask.served_as != "flex" else 0
        return chosen(ask.work, ask.offers, tier.rungs, level)

    # --- forecasts ---

    def raw(
        self, path: tuple[Step, Step, Step], work: float, images: int, waiting: int, now: float
    ) -> Raw:
        """Of a job that is not there. waiting: pictures of its user that wait."""
        ahead = self._queue.ahead_of(path, images, work)
        user = self._queue.user(path)
        own = waiting + images - 1 + (user.running if user is not None else 0)
        raw = self._forecast.raw(path, work, ahead, own, now)
        raw.position = min(raw.position, self._queue.waiting)
        return raw

    def until_named(self, path: tuple[Step, Step, Step], pictures: int, now: float) -> float:
        """Seconds until so many of a user's waiting pictures have slots, nine times in ten."""
        user = self._queue.user(path)
        last = None
        for job in user.jobs.values() if user is not None else ():
            last = job
            pictures -= len(job.indices)
            if pictures <= 0:
                break
        if last is None or user is None:
            return self.until_gone(1, now)
        ahead = self._queue.ahead(last.job_id)
        assert ahead is not None
        own = user.running + max(user.waiting - 1, 0)
        raw = self._forecast.raw(path, last.work, ahead, own, now)
        return self._forecast.start_s(raw)

    def until_gone(self, pictures: int, now: float) -> float:
        """Seconds until so many of all waiting pictures have slots."""
        return max(pictures * self._queue.mean_work / self._forecast.rate(), 1.0)

    # --- admission ---

    def denies(
        self, tier: Tier, ask: Ask, path: tuple[Step, Step, Step], offer: Offer, raw: Raw,
        now: float,
    ) -> Denial | None:  # fmt: skip
        promised_s = tier.promised_wait_s if ask.served_as != "flex" else None
        if not self._forecast.measured:
            promised_s = None
        if promised_s is not None and not self._appointments.holds(ask.user_id, now):
            work = offer.work * ask.images
            late_s = self._late_s(path[0], raw, work, promised_s, now)
            if late_s > promised_s:
                return self._too_long(tier, ask, raw, promised_s, late_s, now)
        if ask.patience_s is not None:
            finish_s = self._forecast.wait(raw).finish_s
            if finish_s[1] > ask.patience_s:
                options = (Option("job", finish_s),)
                return wording.too_long_for_client(ask.patience_s, finish_s[1], options, now)
        return None

    def _late_s(self, step: Step, raw: Raw, work: float, promised_s: float, now: float) -> float:
        """Seconds within which a newcomer surely has its slot, as if those for whom places are kept
        stood before it, and with nobody's promise broken for it.

        A class that asks for no more than its share is not refused for what others were promised.
        """
        late_s = self._forecast.surely(raw)
        if late_s > HALF * promised_s:
            late_s += self._appointments.work(step.name, now) * raw.late_s
        if late_s > promised_s or not self._promises:
            return late_s
        share_s = self._share_s(step, work, promised_s, now)
        if share_s <= 0:
            return late_s
        rate = FULL * self._forecast.rate()
        over_s = self._promises.late_s(promised_s, work, rate, now)
        if over_s > (HALF - 1.0) * promised_s:
            over_s += self._appointments.work(step.name, now) / rate
        return max(late_s, promised_s + min(over_s, share_s))

    def _share(self, step: Step) -> float:
        """Tile-steps per second that a class may be promised while all tiers have work waiting."""
        return step.weight / self.weights * FULL * self._forecast.rate()

    def _share_s(self, step: Step, work: float, promised_s: float, now: float) -> float:
        """Seconds until so much is within what a class was not promised of its share; not above
        zero if it is."""
        share, bucket = self._share(step), self._buckets.get(step.name)
        most = share * promised_s
        left = most if bucket is None else bucket.left(share, most, now)
        return (work - left) / share

    def accepts(self, tier: Tier, live: Live, now: float) -> None:
        """A job is admitted. If a place was kept for it, its work has been counted before.

        Before the fleet's pace was measured nobody is refused on a guess, and promises are given.
        """
        if self._appointments.came(live.ask.user_id) != live.path[0].name:
            self._forecast.comes(live.path[0].name, live.work * live.ask.images, now)
        promised_s = tier.promised_wait_s
        if promised_s is None or live.ask.served_as == "flex":
            return
        work = live.work * live.ask.images
        self._promises.keep(live.ask.job_id, promised_s, work, now)
        if self._forecast.measured:
            share = self._share(live.path[0])
            bucket = self._buckets.setdefault(live.path[0].name, Bucket())
            bucket.take(work, share, share * promised_s, now)

    def hurries(self, now: float) -> str | None:
        """A job that must go before its turn, or promises are broken."""
        if not self._promises:
            return None
        forecast = self._forecast
        margin_s = MARGIN * forecast.full.mean * self._queue.mean_work
        if not self._promises.pressing(forecast.rate(), margin_s, now):
            return None
        return self._promises.first(self._may_hurry)

    def _may_hurry(self, job_id: str) -> bool:
        job = self._queue.job(job_id)
        return job is not None and job.user.first is job and job.user.ready()

    def _too_long(
        self, tier: Tier, ask: Ask, raw: Raw, promised_s: float, late_s: float, now: float
    ) -> Denial:
        at = self._appointments.told(ask.user_id, now)
        if at is None:
            at = float(math.ceil(now + max(late_s - promised_s, 1.0)))
        claim = Claim(ask.user_id, RULE, 0, at, at + KEPT_S)
        wait_s = self._forecast.start_s(raw)
        if wait_s <= promised_s:
            wait_s = late_s
        soon = at - now <= SOON_S and self._refused_share(tier.name, now) <= SHORT
        return wording.too_long(
            tier, promised_s, wait_s, claim, self._options(tier, ask, now), soon, now
        )

    def _options(self, tier: Tier, ask: Ask, now: float) -> tuple[Option, ...]:
        if "flex" not in tier.services or not self.flex_room:
            return ()
        option = self._flex.get((tier.name, ask.images))
        if option is None:
            path = path_of(tier, ask, "flex")
            raw = self.raw(path, ask.work, ask.images, 0, now)
            option = Option("flex", self._forecast.finish_s(raw))
            self._flex[tier.name, ask.images] = option
        return (option,)

    def books(self, denial: Denial, ask: Ask, now: float) -> None:
        """A denial is told: keep the place that it names."""
        claim = denial.claim
        if claim is None or claim.rule != RULE:
            return
        if self._appointments.told(ask.user_id, now) is None:
            service = ask.served_as
            name = ask.tier if service == "default" else f"{ask.tier}/{service}"
            self._appointments.keep(claim, name, ask.work * ask.images)
            self._forecast.comes(name, ask.work * ask.images, now)

    def refused(self, tier: str, refused: bool, now: float) -> None:
        """A request of a tier was decided."""
        for flows, amount in ((self._asked, 1.0), (self._refused, float(refused))):
            flow = flows.get(tier)
            if flow is None:
                flow = flows[tier] = Flow(SOON_S)
            flow.add(amount, now)

    def _refused_share(self, tier: str, now: float) -> float:
        asked = self._asked.get(tier)
        if asked is None:
            return 0.0
        return self._refused[tier].rate(now) / max(asked.rate(now), 1e-9)
