"""`Rules`: everything that a person has set: switches, plans, limits; and what counts for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from smalti.control import wording
from smalti.control.accounts import CLOCK_SLACK_S, Accounts
from smalti.control.breathing import Breath
from smalti.control.claims import OF_WINDOW, SHORTEST_S, Claims
from smalti.control.denial import Denial, Option
from smalti.control.gauges import Gauge
from smalti.control.nouns import Ask, Claim, Reservation, Standing
from smalti.control.policy import Policy
from smalti.control.switches import LAST_S, Switch
from smalti.control.tiers import Tier


class _Plan:
    """A tier, as requests are held against it. breathing: those of its limits that do."""

    __slots__ = ("breathing", "gauges", "models", "services", "tier")

    def __init__(self, tier: Tier, accounts: Accounts) -> None:
        self.tier = tier
        self.models = frozenset(tier.models)
        self.services = frozenset(tier.services)
        self.gauges = tuple(Gauge(tier.name, limit, accounts) for limit in tier.limits)
        self.breathing = tuple(gauge for gauge in self.gauges if gauge.limit.breathes)


class Rules:
    """policy may be set at any time; what is reserved stays reserved. room: for how many pictures
    of a request there is room ever, and now; as many as it likes where that is not told.

    Limits that count for others than before count what is remembered; those that reach further
    back see what is told to `recount`.
    """

    def __init__(
        self, policy: Policy, room: Callable[[Tier, Ask], tuple[int, int]] | None = None
    ) -> None:
        self._room = room
        self._accounts = Accounts()
        self._breath = Breath()
        self._claims = Claims()
        self.policy = policy

    @property
    def policy(self) -> Policy:
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._policy = policy
        limits = [limit for tier in policy.tiers.values() for limit in tier.limits]
        self._accounts.keep_s = max((limit.reach_s for limit in limits), default=0)
        self._accounts.keep((limit.scope, limit.unit) for limit in limits)
        self._plans = {name: _Plan(tier, self._accounts) for name, tier in policy.tiers.items()}
        self._open()

    @property
    def keep_s(self) -> int:
        """How far back reservations count, or would if the clock were set back: further than any
        limit looks, by CLOCK_SLACK_S."""
        return self._accounts.keep_s + CLOCK_SLACK_S

    @property
    def open(self) -> int:
        """How far the limits that breathe are open, in parts of `breathing.WIDE`."""
        return self._breath.open

    # --- what is decided ---

    def denies(self, ask: Ask, device_s: float, now: float) -> Denial | None:
        """Why a request is against the rules now. device_s: expected of the whole job.

        What its tier does not include it is not told to wait for, whatever is paused.
        """
        plan = self._plans[ask.tier]
        if ask.served_as not in plan.services:
            return wording.not_in_plan(plan.tier, "service", ask.served_as, plan.tier.services)
        if plan.models and ask.model not in plan.models:
            return wording.not_in_plan(plan.tier, "model", ask.model, plan.tier.models)
        if self._policy.switches:
            switch = self._pausing(ask, now)
            if switch is not None:
                return self._paused(plan, ask, device_s, switch, now)
        for gauge in plan.gauges:
            if not gauge.admits(ask, device_s, now):
                return self._over_limit(plan, ask, device_s, now)
        return None

    def _over_limit(self, plan: _Plan, ask: Ask, device_s: float, now: float) -> Denial | None:
        """Of the limits that a request breaks, the one that opens last. None for what no time
        helps, since there is never room for it: then that is what it must be told."""
        for gauge in plan.gauges:
            if not gauge.ever_fits(ask, device_s):
                fewer = self._fewer(plan, ask, device_s, now)
                return wording.impossible(
                    plan.tier, gauge.limit, gauge.used(ask, now), ask.images, fewer
                )
        if ask.images > self._room_for(plan, ask)[0]:
            return None
        last, parts, told_by, retry_at = self._opens(plan, ask, device_s, now)
        if last is None:
            return None
        known = retry_at if retry_at <= LAST_S else None
        value, used = last.value_at(parts), last.used(ask, now)
        return Denial(
            "limit",
            last.rule,
            last.limit.scope,
            value,
            used,
            last.limit.unit,
            window_s=last.limit.window_s,
            retry_at=known,
            reason="load" if value < last.limit.count else "plan",
            words=wording.over_limit(plan.tier, last.limit, value, used, ask.images, known, now),
            options=self._fewer(plan, ask, device_s, now),
            claim=self._claim(plan, ask, device_s, told_by, retry_at, now),
            floor=last.limit.least if last.limit.breathes else None,
            ceiling=last.limit.count if last.limit.breathes else None,
            burst=last.limit.burst,
        )

    def _paused(self, plan: _Plan, ask: Ask, device_s: float, switch: Switch, now: float) -> Denial:
        """It tells when all rules admit the request, where that is known."""
        if self._room_for(plan, ask)[0] < ask.images:
            return wording.paused(switch, None, now)
        _, _, told_by, retry_at = self._opens(plan, ask, device_s, now)
        known = retry_at if retry_at <= LAST_S else None
        claim = self._claim(plan, ask, device_s, told_by, retry_at, now)
        return wording.paused(switch, known, now)._replace(claim=claim)

    def _opens(
        self, plan: _Plan, ask: Ask, device_s: float, now: float
    ) -> tuple[Gauge | None, int, int, float]:
        """When a request is within the limits and nothing is paused; infinite if that is not known.

        With the limit that opens last, None if all admit it now; how far limits are open for it
        now; and how far they must be then.
        """
        claims = self._honoured(ask, now)
        parts = told_by = self._parts(claims, now)
        last, opens = self._last(plan, ask, device_s, parts, now)
        retry_at = self.unpaused(ask, opens)
        for claim in claims:
            if claim.at > now and claim.value > parts:
                _, later = self._last(plan, ask, device_s, claim.value, now)
                by_claim = self.unpaused(ask, max(later, claim.at))
                if by_claim < retry_at:
                    told_by, retry_at = claim.value, by_claim
        return last, parts, told_by, retry_at

    def _last(
        self, plan: _Plan, ask: Ask, device_s: float, parts: int, now: float
    ) -> tuple[Gauge | None, float]:
        """The limit that opens last, and when: infinite if not while they are open so far.

        None where all admit the request now.
        """
        last, opens = None, now
        for gauge in plan.gauges:
            at = gauge.opens_at(ask, device_s, parts, now)
            if at is not None and (last is None or at > opens):
                last, opens = gauge, at
        return last, opens

    def pauses_flex(self, ask: Ask, now: float) -> bool:
        """Whether an operator has paused what a request would be in flex."""
        switches = self._policy.switches
        return bool(switches) and self._pausing(replace(ask, service="flex"), now) is not None

    def _pausing(self, ask: Ask, now: float) -> Switch | None:
        """Of the switches that are on for a request, the one that goes off last."""
        last = None
        for switch in self._policy.switches:
            if switch.on(now) and switch.concerns(ask) and (last is None or switch.outlasts(last)):
                last = switch
        return last

    def unpaused(self, ask: Ask, at: float) -> float:
        """The first whole second, `at` if it is one, at which no switch is on for a request;
        infinite if that is not known."""
        while math.isfinite(at):
            switch = self._pausing(ask, at)
            if switch is None:
                break
            at = math.inf if switch.until_s is None else float(math.ceil(switch.until_s))
        return at

    # --- times that are stated ---

    def _honoured(self, about: Ask | Reservation, now: float) -> tuple[Claim, ...]:
        return self._claims.of(about.user_id, about.tier, now) if self._claims else ()

    def _parts(self, claims: Iterable[Claim], now: float) -> int:
        """How far limits are open for somebody."""
        return max(self._breath.open, *(claim.value for claim in claims if claim.at <= now), 0)

    def _claim(
        self, plan: _Plan, ask: Ask, device_s: float, parts: int, retry_at: float, now: float
    ) -> Claim | None:
        """What is needed to keep a stated time true, whatever the load is by then."""
        window_s = self._shut_s(plan, ask, device_s, retry_at, now) if parts else 0
        if not window_s:
            return None
        until = retry_at + max(SHORTEST_S, OF_WINDOW * window_s)
        return self._claims.merged(ask.user_id, ask.tier, parts, retry_at, until, now)

    def _shut_s(self, plan: _Plan, ask: Ask, device_s: float, at: float, now: float) -> int:
        """The longest window of those limits that, fully shut, would refuse a request at a time."""
        window_s = 0
        for gauge in plan.breathing if math.isfinite(at) else ():
            opens = gauge.opens_at(ask, device_s, 0, now)
            if opens is not None and opens > at:
                window_s = max(window_s, gauge.limit.window_s)
        return window_s

    def with_place(self, denial: Denial, ask: Ask, device_s: float, now: float) -> Denial:
        """A place is named by the fleet's load: limits stay open for it as far as they are for him
        now, or as they were when it was named first."""
        claim = denial.claim
        if claim is None:
            return denial
        honoured = self._honoured(ask, now)
        places = [kept for kept in honoured if kept.rule == claim.rule]
        if self._shut_s(self._plans[ask.tier], ask, device_s, claim.at, now):
            parts = max(self._parts(honoured, now), *(kept.value for kept in places), 0)
        else:
            parts = max((kept.value for kept in places if kept.at == claim.at), default=0)
        if parts == claim.value:
            return denial
        return denial._replace(claim=claim._replace(value=parts))

    def honours(self, denial: Denial) -> None:
        """A denial is told, so the time that it states must stay true."""
        if denial.claim is not None:
            self._claims.keep(denial.claim)

    # --- what happens ---

    def reserve(self, held: Reservation, now: float) -> list[Claim]:
        """Returns the claims that this used up."""
        used: list[Claim] = []
        self._accounts.drop_old(now)
        if self._claims:
            self._claims.drop_old(now)
            used = self._claims.use(held.user_id, held.tier, now)
        self._accounts.reserve(held)
        return used

    def retract(self, job_id: str, used: Iterable[Claim]) -> None:
        """Undo what `reserve` did."""
        self._accounts.release(job_id)
        for claim in used:
            self._claims.give_back(claim)

    def release(self, job_id: str, images: int | None = None) -> int:
        """Give back images of a job, by default all; returns how many it still had to give."""
        return self._accounts.release(job_id, images)

    def settle(self, job_id: str, device_s: float) -> None:
        self._accounts.settle(job_id, device_s)

    def restore(
        self, reservations: Iterable[Reservation], claims: Iterable[Claim], now: float
    ) -> None:
        """Count what was reserved before a restart; what is known already counts once."""
        told = sorted(reservations, key=lambda held: held.at)
        for held in told:
            self._accounts.reserve(held)
            self._accounts.drop_old(now)
        self._claims.restore(claims, told, now)

    def recount(self, reservations: Iterable[Reservation], now: float) -> None:
        """Count these too, after a policy that reaches further back than before."""
        self.restore(reservations, (), now)

    def clock_set(self, by_s: float) -> None:
        """Limits and times that were stated go by the new time; how they breathe does not."""
        self._breath.clock_set(by_s)

    def load_is(self, load: float, now: float) -> None:
        """load: 0 while it is calm, 1 where promises are at their edge."""
        before = self._breath.open
        self._breath.load_is(load, now)
        if self._breath.open != before:
            self._open()

    def _open(self) -> None:
        parts = self._breath.open
        for plan in self._plans.values():
            for gauge in plan.breathing:
                gauge.most = gauge.most_at(parts)

    # --- what is told ---

    def standings(self, about: Ask | Reservation, now: float) -> list[Standing]:
        """Of all limits of a tier that count for somebody who is known, as they are for him: those
        that breathe are as wide as the times that he was told are honoured."""
        gauges = self._plans[about.tier].gauges
        claims = self._honoured(about, now)
        parts = self._parts(claims, now)
        later = [claim for claim in claims if claim.at > now and claim.value > parts]
        return [
            gauge.standing(about, parts, now, later if gauge.limit.breathes else ())
            for gauge in gauges
            if gauge.counts(about)
        ]

    def fewer(self, ask: Ask, device_s: float, now: float) -> tuple[Option, ...]:
        """The most images, fewer than asked for, for which there is room, and that are within the
        limits now."""
        return self._fewer(self._plans[ask.tier], ask, device_s, now)

    def _room_for(self, plan: _Plan, ask: Ask) -> tuple[int, int]:
        return (ask.images, ask.images) if self._room is None else self._room(plan.tier, ask)

    def _fewer(self, plan: _Plan, ask: Ask, device_s: float, now: float) -> tuple[Option, ...]:
        if ask.images == 1:
            return ()
        parts = self._parts(self._honoured(ask, now), now)
        images = min(ask.images - 1, self._room_for(plan, ask)[1])
        for gauge in plan.gauges:
            images = gauge.room_for(ask, images, device_s, parts, now)
        return (Option("fewer", images=images),) if images else ()
