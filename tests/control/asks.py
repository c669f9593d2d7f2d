"""Shortcuts to write requests in the tests of this room."""

from __future__ import annotations

from itertools import count

import pytest

from smalti.control import COMPILED, Admission, Ask, Controller, Denial, Limit, Policy, Tier

NOON = 1_800_000_000.0 - 1_800_000_000 % 86400 + 43200
"""12:00:00 UTC of a day in 2027."""

patches = pytest.mark.skipif(COMPILED, reason="compiled code cannot be patched")
"""A test that shows what a part is for by taking it out."""

_jobs = count(1)


def tier(
    name: str = "free",
    *limits: Limit,
    weight: float = 1.0,
    max_running: int = 1000,
    max_waiting: int = 100_000,
    promised_wait_s: float | None = None,
    rungs: tuple[str, ...] = (),
) -> Tier:
    return Tier(name, weight, limits, max_running, max_waiting, promised_wait_s, rungs)


def policy(*tiers: Tier) -> Policy:
    return Policy({each.name: each for each in tiers or (tier(),)})


def denied(outcome: Admission | Denial) -> Denial:
    assert isinstance(outcome, Denial)
    return outcome


def controller(*tiers: Tier, slots: int = 1, max_waiting: int = 1_000_000) -> Controller:
    made = Controller(policy(*tiers), max_waiting)
    made.slots = slots
    return made


def ask(user: str = "ann", images: int = 1, tier: str = "free", work: float = 100.0) -> Ask:
    return Ask(f"job_{next(_jobs)}", f"user_{user}", "org_1", tier, images, work)


def send(to: Controller, asked: Ask, now: float = NOON) -> str:
    """Admit and enqueue a job that must not be refused; returns its id."""
    assert isinstance(to.admit(asked, now), Admission)
    to.enqueue(asked.job_id, now)
    return asked.job_id
