"""Rules of a tier `free`, and requests to hold against them."""

from __future__ import annotations

from itertools import count
from typing import Any

from smalti.control import Ask, Denial, Policy, Reservation, Switch, Tier, parse_limit
from smalti.control.rules import Rules

NOON = 1_800_000_000.0 - 1_800_000_000 % 86400 + 43200
"""12:00:00 UTC of a day in 2027."""
DAY_S = 86400

_jobs = count()


def tier(name: str = "free", *limits: str, **more: Any) -> Tier:
    return Tier(name, 1.0, tuple(map(parse_limit, limits)), 1, 99, **more)


def rules(*limits: str, switches: tuple[Switch, ...] = (), **more: Any) -> Rules:
    """Of a tier `free` with these limits, and `plus` without any."""
    tiers = {"free": tier("free", *limits, **more), "plus": tier("plus")}
    return Rules(Policy(tiers, switches))


def ask(images: int = 1, **more: Any) -> Ask:
    told = {"user_id": "ann", "org_id": "org_1", "tier": "free"} | more
    return Ask(f"job_{next(_jobs)}", images=images, work=1.0, **told)


def reserve(to: Rules, asked: Ask, now: float = NOON, device_s: float = 1.0) -> str:
    """Reserve a request that must be within the rules; returns its job's id."""
    assert to.denies(asked, device_s, now) is None
    to.reserve(
        Reservation(
            asked.job_id, asked.user_id, asked.tier, asked.images, now, asked.org_id,
            asked.key_id, asked.region, asked.model, device_s,
        ),
        now,
    )  # fmt: skip
    return asked.job_id


def denied(by: Rules, asked: Ask, now: float = NOON, device_s: float = 1.0) -> Denial:
    denial = by.denies(asked, device_s, now)
    assert denial is not None
    return denial


def told_half_open() -> tuple[Rules, Denial]:
    """Of `2..10/h`, whose value was 6: ann used 6 at noon, and 1 a minute later is denied."""
    of = rules("2..10/h")
    of.load_is(0.75, NOON)
    reserve(of, ask(4), NOON)
    reserve(of, ask(2), NOON + 60)
    denial = denied(of, ask(), NOON + 61)
    of.honours(denial)
    return of, denial
