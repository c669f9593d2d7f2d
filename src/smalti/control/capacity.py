"""`Capacity`: how a request is served, and what who cannot be served in time may have else.

A request is refused at once if its pictures would not surely get their slots within the wait that
its tier promises, or would not be drawn before its client gives up. It is told when to come back,
and a place is kept for it from then on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from smalti.control import wording
from smalti.control.appointments import KEPT_S, RULE, Appointments
from smalti.control.denial import Denial, Option, as_many_as_fit
from smalti.control.fair import FairQueue, Step
from smalti.control.forecast import Forecast, Stamp
from smalti.control.keeping import Keeping
from smalti.control.ladder import Ladder, chosen
from smalti.control.live import Live, Path, classes_of, served_as
from smalti.control.nouns import Admission, Ask, Claim, Offer, Reservation, service_class
from smalti.control.tiers import Tier
from smalti.control.told import Raw
from smalti.control.wording import SOON_S

LOOK_EVERY_S = 1.0
SMOOTH_S = 20.0
SHORT = 0.05
"""While no larger share of a tier's requests is refused, clients may try again by themselves, and
no rung is taken for it."""
FULL_FLEET = 0.9
"""Part of the slots that are taken while no fleet has more to give: in a large one some are always
on their way from one picture to the next."""


class Capacity:
    """load: 0 while it is calm, 1 where promises are at their edge.

    in_flex: how many pictures of its user wait in flex; None for who would be denied there.
    unpaused: when, from a time on, a request is not paused; infinite if that is not known.
    """

    def __init__(
        self,
        queue: FairQueue,
        forecast: Forecast,
        appointments: Appointments,
        keeping: Keeping,
        in_flex: Callable[[Tier, Ask, float], int | None],
        unpaused: Callable[[Ask, float], float],
    ) -> None:
        self.load = 0.0
        self._in_flex = in_flex
        self._unpaused = unpaused
        self._queue = queue
        self._forecast = forecast
        self._appointments = appointments
        self._keeping = keeping
        self._ladder = Ladder()
        self._looked_at: float | None = None
        self._flex: dict[tuple[str, str, int, float], tuple[Option, ...]] = {}
        self._newcomers: dict[tuple[str, float, str], Raw] = {}
        self._stamp: tuple[int, Stamp] | None = None

    # --- load and rungs ---

    def level(self, service_class: str) -> int:
        return self._ladder.level(service_class)

    def look(self, tiers: Mapping[str, Tier], now: float) -> float | None:
        """Once a second: how loaded each class is; returns the load of all, or None in between.

        The first time it is taken as it is: after a restart under load that has lasted already.
        """
        before = self._looked_at
        if before is not None and 0 <= now - before < LOOK_EVERY_S:
            return None
        self._looked_at = now
        self._forecast.look(now)
        self._keeping.look(tiers, now)
        self._flex.clear()
        busy = min(len(self._queue.running) / max(self._forecast.slots, 1), 1.0)
        most = 0.5 * busy
        for tier in tiers.values():
            for step in classes_of(tier):
                load, group = 0.0, self._queue.classes.get(step.name)
                if tier.promised_wait_s is not None and group is not None and group.waiting:
                    load = self._forecast.serves(step, group.work) / tier.promised_wait_s
                short = busy >= FULL_FLEET and step.name == tier.name and self._refuses(tier, now)
                self._ladder.load_is(step.name, load, short, len(tier.rungs), now)
                most = max(most, 0.5 + 0.5 * min(load, 1.0) if load > 0 else 0.0)
        since_s = math.inf if before is None else min(max(now - before, 0.0), 600.0)
        self.load += (1 - math.exp(-since_s / SMOOTH_S)) * (most - self.load)
        return self.load

    def clock_set(self, by_s: float) -> None:
        """Nothing has waited longer for it, and nothing comes later. Places that were named are
        kept at the times that were told."""
        if self._looked_at is not None:
            self._looked_at += by_s
        self._queue.clock_set(by_s)
        self._forecast.clock_set(by_s)
        self._keeping.clock_set(by_s)
        self._ladder.clock_set(by_s)
        self._newcomers.clear()

    def offer(self, tier: Tier, ask: Ask) -> Offer:
        """What is served, on the rungs that are taken."""
        level = self._ladder.level(service_class(tier.name, ask.served_as))
        return chosen(ask.work, ask.offers, tier.rungs, level)

    def _refuses(self, tier: Tier, now: float) -> bool:
        return self._keeping.refused_part(tier.name, now) > SHORT

    # --- forecasts ---

    def raw(self, path: Path, work: float, images: int, waiting: int, now: float) -> Raw:
        """Of a job that is not there. waiting: pictures of its user that wait in its class.

        Those that ask for one picture and have nothing here find the same while nothing changes.
        """
        user = self._queue.user(path)
        if user is not None or waiting or images > 1:
            runs = user.seat.running if user is not None else 0
            return self._raw(path, work, images, waiting, runs, now)
        stamp = self._queue.changes, self._forecast.stamp(now)
        if self._stamp != stamp:
            self._stamp = stamp
            self._newcomers.clear()
        newcomer = path[0].name, path[0].weight, path[1].name
        raw = self._newcomers.get(newcomer)
        if raw is None:
            raw = self._newcomers[newcomer] = self._raw(path, work, 1, 0, 0, now)
        return raw.again(work)

    def _raw(
        self, path: Path, work: float, images: int, waiting: int, runs: int, now: float
    ) -> Raw:
        """runs: pictures of its user that hold slots."""
        ahead = self._queue.ahead_of(path, images, work)
        return self._forecast.raw(path, work, ahead, images, waiting, runs, now)

    def until_named(self, path: Path, pictures: int, now: float) -> float:
        """Seconds until so many of a user's waiting pictures have slots, nine times in ten."""
        user, before = self._queue.user(path), 0
        if user is None or user.first is None:
            return self.until_gone(1, now)
        job = user.first
        while job.behind is not None and before + len(job.indices) < pictures:
            before += len(job.indices)
            job = job.behind
        ahead, images = self._queue.ahead(job.job_id), min(pictures - before, len(job.indices))
        assert ahead is not None
        ahead, runs = ahead.up_to(images, len(job.indices)), user.seat.running
        raw = self._forecast.raw(path, job.work, ahead, images, before, runs, now)
        return self._forecast.last_s(raw)

    def until_gone(self, pictures: int, now: float) -> float:
        """Seconds until so many of all waiting pictures have slots."""
        return max(pictures * self._queue.mean_work / self._forecast.rate, 1.0)

    def drawing_s(self, work: float) -> float:
        """Seconds that a picture takes in its slot while all are taken."""
        return self._forecast.full.mean * work

    # --- admission ---

    def denies(
        self, tier: Tier, ask: Ask, path: Path, offer: Offer, raw: Raw, alone: bool, now: float
    ) -> Denial | None:
        """Of what stands in its way, what does so the longest; nobody is refused on a guess.

        alone: whether nothing of its user waits.
        """
        if not self._forecast.measured:
            return None
        promised_s = tier.promised_wait_s if ask.service != "flex" else None
        work, late_s, over_s, step = offer.work * ask.images, 0.0, 0.0, path[0]
        if promised_s is not None and not self._appointments.holds(ask.user_id, work, now):
            late_s = self._late_s(tier, ask, step, raw, work, ask.images, alone, now)
            over_s = max(late_s - promised_s, 0.0)
        if ask.patience_s is not None:
            wait = self._forecast.wait(raw)
            gone_s = wait.finish_s[1] - ask.patience_s
            if gone_s > 0.0:
                helps = wait.start_s[1] > 0.0
                helps = helps and self._least_s(tier, ask, step, raw) <= ask.patience_s
                if gone_s > (over_s if helps else 0.0):
                    at = wording.whole_second(now, gone_s)
                    at = self._unpaused(ask, at) if helps else math.inf
                    streamed = replace(ask, features=ask.features | {"streaming"})
                    streams = self._unpaused(streamed, now) <= now
                    return wording.too_long_for_client(
                        ask.patience_s, wait.finish_s, promised_s if over_s > 0.0 else None,
                        at if math.isfinite(at) else None, now, streams,
                    )  # fmt: skip
        if promised_s is not None and over_s > 0.0:
            fewer = self._fewer(tier, ask, path, offer, alone, now)
            options = (*fewer, *self._options(tier, ask, path, now))
            return self._too_long(tier, ask, raw, promised_s, late_s, options, now)
        return None

    def admits(self, ask: Ask, offer: Offer, raw: Raw, now: float) -> Admission:
        held = Reservation(
            ask.job_id, ask.user_id, ask.tier, ask.images, now, ask.org_id, ask.key_id, ask.region,
            ask.model, offer.work * ask.images * self._queue.device_s_per_work,
        )  # fmt: skip
        return Admission(offer, ask.served_as, held, self._forecast.wait(raw))

    def accepts(self, live: Live, now: float) -> None:
        """A job is admitted. If a place was kept for it, its work has been counted before."""
        user_id = live.ask.user_id
        live.places = places = self._appointments.came(user_id, live.path[0].name)
        known = {(used.at, used.until) for used in live.used if used.rule == RULE}
        live.used += [
            Claim(user_id, RULE, 0, at, until) for at, until, _, _ in places
            if (at, until) not in known
        ]  # fmt: skip
        if all(place[2] != live.path[0].name for place in places):
            self._forecast.coming.asked(live.path[0].name, live.work * live.ask.images, now)

    def gives_back(self, live: Live) -> None:
        """An admission came to nothing."""
        self._keeping.gives_back(live)
        self._appointments.give_back(live.ask.user_id, live.path[0].name, live.places)

    def _late_s(
        self, tier: Tier, ask: Ask, step: Step, raw: Raw, work: float, images: int, alone: bool,
        now: float,
    ) -> float:  # fmt: skip
        """Seconds within which the last of a job's pictures surely has its slot; those before it
        may stand in its way, whatever the load is. work: of all."""
        late_s = self._keeping.late_s(tier, ask.user_id, step, raw, work, alone, now)
        return max(late_s, self._forecast.own_s(tier.max_running, images, raw))

    def _least_s(self, tier: Tier, ask: Ask, step: Step, raw: Raw) -> float:
        """Seconds until a job is drawn if nobody else is there, nine times in ten."""
        own_s = self._forecast.own_s(tier.max_running, ask.images, raw)
        return self._forecast.drawn_s(step, raw, own_s)

    def _fewer(
        self, tier: Tier, ask: Ask, path: Path, offer: Offer, alone: bool, now: float
    ) -> tuple[Option, ...]:
        """The most pictures, fewer than asked for, that can be promised, or for which a place is
        kept now, and for which the client has the patience."""
        promised_s = tier.promised_wait_s
        assert promised_s is not None

        def fits(images: int) -> bool:
            work = offer.work * images
            held = self._appointments.holds(ask.user_id, work, now)
            if not alone:
                return held and ask.patience_s is None
            raw = self.raw(path, offer.work, images, 0, now)
            late_s = self._late_s(tier, ask, path[0], raw, work, images, True, now)
            if late_s > promised_s and not held:
                return False
            return ask.patience_s is None or self._forecast.wait(raw).finish_s[1] <= ask.patience_s

        return as_many_as_fit(ask.images - 1, fits)

    def _too_long(
        self, tier: Tier, ask: Ask, raw: Raw, promised_s: float, late_s: float,
        options: tuple[Option, ...], now: float,
    ) -> Denial:  # fmt: skip
        own_s = self._forecast.own_s(tier.max_running, ask.images, raw)
        if own_s > promised_s:
            return wording.too_many_to_promise(tier, promised_s, own_s, ask.images, options)
        told = self._appointments.told(ask.user_id, ask.work * ask.images, now)
        at = wording.whole_second(now, late_s - promised_s) if told is None else told
        at = self._unpaused(ask, at)
        claim = Claim(ask.user_id, RULE, 0, at, at + KEPT_S) if math.isfinite(at) else None
        soon = at - now <= SOON_S and not self._refuses(tier, now)
        first = not self._appointments.any_for(ask.user_id, now)
        return wording.too_long(
            tier, promised_s, late_s, claim, options, first, soon, now, at == told
        )

    def _options(self, tier: Tier, ask: Ask, path: Path, now: float) -> tuple[Option, ...]:
        """Those who have nothing in flex are told the same for a second."""
        waiting = self._in_flex(tier, ask, now)
        if waiting is None:
            return ()
        path = served_as(path, tier, "flex")
        alike = tier.name, ask.org_id, ask.images, ask.work
        new = not waiting and self._queue.user(path) is None
        options = self._flex.get(alike) if new else None
        if options is None:
            raw = self.raw(path, ask.work, ask.images, waiting, now)
            options = (Option("flex", self._forecast.wait(raw).finish_s),)
            if new:
                self._flex[alike] = options
        return options

    def books(self, claim: Claim, ask: Ask, now: float) -> None:
        """A denial is told: keep the place that it names, and no longer the one before."""
        name, work = service_class(ask.tier, ask.served_as), ask.work * ask.images
        told = self._appointments.told(ask.user_id, work, now)
        if claim.rule != RULE or told == claim.at:
            return
        self._appointments.keep(claim, name, work)
        if told is None:
            self._forecast.coming.asked(name, work, now)
