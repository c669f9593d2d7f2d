"""The slow twin of `Rules`: every reservation in a list, and counting."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from smalti.control import Ask, Claim, Limit, Policy, Reservation, Tier
from smalti.control.breathing import breadth


@dataclass
class Kept:
    """A reservation; device_s is of its images that are left."""

    held: Reservation
    left: int
    device_s: float

    @property
    def now(self) -> Reservation:
        """As a store tells it after a restart."""
        h = self.held
        return Reservation(
            h.job_id, h.user_id, h.tier, self.left, h.at, h.org_id, h.key_id, h.region, h.model,
            self.device_s,
        )  # fmt: skip

    def give_back(self, images: int) -> None:
        self.device_s = self.device_s * (self.left - images) / self.left
        self.left -= images


def milliseconds(device_s: float) -> int:
    return round(device_s * 1000)


@dataclass
class SlowRules:
    policy: Policy
    parts: int = 1_000_000
    kept: list[Kept] = field(default_factory=list)
    claims: dict[tuple[str, str], Claim] = field(default_factory=dict)

    def amounts(self, limit: Limit, subject: str) -> list[tuple[float, int]]:
        told = [k.now for k in self.kept if k.left and k.held.subject(limit.scope) == subject]
        if limit.unit == "images":
            return [(t.at, t.images) for t in told]
        return [(t.at, milliseconds(t.device_s)) for t in told]

    def value(self, limit: Limit, parts: int) -> int:
        return limit.count if limit.floor is None else breadth(limit.floor, limit.count, parts)

    def used(self, limit: Limit, subject: str, now: float) -> int:
        """What counts, in images or milliseconds."""
        amounts = self.amounts(limit, subject)
        if limit.burst is None:
            return sum(n for at, n in amounts if at > now - limit.window_s)
        backlogs = [Fraction(0)]
        for start in [at for at, n in amounts if n and at > now - limit.reach_s]:
            passed_us = math.floor(now * 10**6) - math.ceil(start * 10**6)
            worked_off = Fraction(passed_us * limit.count, limit.window_s * 10**6)
            backlogs.append(sum(n for at, n in amounts if at >= start) - worked_off)
        return math.ceil(max(backlogs))

    def within(self, limit: Limit, subject: str, amount: int, parts: int, now: float) -> bool:
        most = limit.burst or self.value(limit, parts) * limit.scale
        return self.used(limit, subject, now) + amount <= most

    def open_for(self, about: Ask | Reservation, now: float, parts: int | None = None) -> int:
        """How far limits are open for somebody. parts: for all; as they are by default."""
        if parts is None:
            parts = self.parts
        claim = self.claims.get((about.user_id, f"{about.tier}/breathing"))
        if claim is not None and claim.at <= now <= claim.until:
            parts = max(parts, claim.value)
        return parts

    def admits(self, ask: Ask, device_s: float, now: float, parts: int | None = None) -> bool:
        if any(s.on(now) and s.concerns(ask) for s in self.policy.switches):
            return False
        tier: Tier = self.policy.tiers[ask.tier]
        if ask.served_as not in tier.services or (tier.models and ask.model not in tier.models):
            return False
        parts = self.open_for(ask, now, parts)
        held = Reservation("", ask.user_id, ask.tier, 1, now, ask.org_id, ask.key_id, ask.region,
                           ask.model)  # fmt: skip
        return all(
            self.within(
                limit,
                held.subject(limit.scope),
                ask.images if limit.unit == "images" else milliseconds(device_s),
                parts,
                now,
            )
            for limit in tier.limits
            if held.subject(limit.scope)
        )

    def reserve(self, held: Reservation, now: float) -> None:
        self.claims = {n: c for n, c in self.claims.items() if c.until >= now}
        claim = self.claims.get((held.user_id, f"{held.tier}/breathing"))
        if claim is not None and claim.at <= now:
            del self.claims[claim.user_id, claim.rule]
        self.kept.append(Kept(held, held.images, held.device_s))
