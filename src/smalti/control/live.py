"""`Live`: what a controller remembers of a job until it is over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from smalti.control.appointments import Place
from smalti.control.fair import FairQueue
from smalti.control.nouns import Ask, Claim, Reservation, ServiceTier, service_class
from smalti.control.tiers import Tier
from smalti.control.told import Raw
from smalti.control.user import Step

Path = tuple[Step, Step, Step]
"""A class, an organisation, a user."""
WEIGHTS: dict[ServiceTier, float] = {"default": 1.0, "flex": 0.1, "priority": 2.0}
"""Of a service tier's class, times the weight of the tier."""


@dataclass(slots=True)
class Live:
    """pending: its images until `enqueue`. raw: its forecast, if any.

    promised_s: since admitted_at. rests: whether it needs no slots, for others draw its pictures.

    places: that were kept for its user. used: the claims that it has used up, those of them too.
    """

    ask: Ask
    path: Path
    work: float
    pending: int
    admitted_at: float = 0.0
    raw: Raw | None = None
    held: Reservation | None = None
    waiting: int = 0
    running: set[int] = field(default_factory=set)
    withdrawn: bool = False
    rests: bool = False
    promised_s: float | None = None
    places: tuple[Place, ...] = ()
    used: list[Claim] = field(default_factory=list)


def path_of(tier: Tier, ask: Ask) -> Path:
    of_class = _class(tier.name, tier.weight, ask.served_as)
    return of_class, Step(ask.org_id), Step(ask.user_id, 1.0, tier.max_running)


def served_as(path: Path, tier: Tier, service: ServiceTier) -> Path:
    """The same user's, in another class of his tier."""
    return _class(tier.name, tier.weight, service), path[1], path[2]


def classes_of(tier: Tier) -> tuple[Step, ...]:
    """Those that something is promised to."""
    return tuple(_class(tier.name, tier.weight, its) for its in WEIGHTS if its != "flex")


def follow(tiers: Mapping[str, Tier], jobs: Iterable[Live], queue: FairQueue) -> None:
    """Other weights and bounds than before hold for the jobs that are there, too."""
    for live in jobs:
        tier = tiers.get(live.ask.tier)
        path = live.path if tier is None else path_of(tier, live.ask)
        if path != live.path and path[0].name == live.path[0].name:
            live.path = path
            queue.change(path)


@cache
def _class(tier: str, weight: float, service: ServiceTier) -> Step:
    return Step(service_class(tier, service), weight * WEIGHTS[service])
