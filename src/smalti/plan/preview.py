"""`compare`: what was asked for in a period, decided by two policies on the same fleet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smalti.control.nouns import Reservation
from smalti.control.policy import Policy
from smalti.plan.accounted import Accounted
from smalti.plan.clients import Refusal
from smalti.plan.demand import Demand, Row
from smalti.plan.fleet import FleetSpec
from smalti.plan.replay import NEVER, Outcome, replay
from smalti.plan.scores import percentile

ONCE = Refusal(should_retry=False, retry_after_s=None)
"""Whoever came again did so in the period, and is in it."""


@dataclass(frozen=True)
class Period:
    """start: Unix time. rows: in the order in which they came, in seconds from it.

    leaves: by the place of a request, the seconds after it at which its job was cancelled. failed:
    places of those whose jobs failed, and so cost nothing. before: what counted already.
    """

    start: float
    duration_s: float
    rows: Sequence[Row]
    leaves: Mapping[int, float] = field(default_factory=dict)
    failed: frozenset[int] = frozenset()
    before: Sequence[Reservation] = ()


@dataclass(frozen=True)
class TierOutcome:
    """waits: of jobs, from their admission until their last picture had its slot; None: of none.

    Those of flex, which is promised nothing, are left out.
    """

    requests: int
    admitted: int
    denied: int
    wait_p50_s: float | None
    wait_p95_s: float | None
    promises_broken: int


@dataclass(frozen=True)
class PolicyOutcome:
    """denials: how many requests each rule denied. users_denied: who were denied at least once."""

    requests: int
    admitted: int
    denied: int
    users_denied: int
    denials: Mapping[str, int]
    tiers: Mapping[str, TierOutcome]


@dataclass(frozen=True)
class Comparison:
    """changed: requests that are admitted by one policy alone, or by another rung or rule."""

    before: PolicyOutcome
    after: PolicyOutcome
    changed: int


def compare(
    period: Period,
    before: Policy,
    after: Policy,
    fleet: FleetSpec,
    max_waiting: int,
    default_tier: str,
) -> Comparison:
    """default_tier: of those whose tier a policy does not have."""
    one = decide(period, before, fleet, max_waiting, default_tier)
    other = decide(period, after, fleet, max_waiting, default_tier)
    decisions = zip(one.rule, one.rung, other.rule, other.rung, strict=True)
    changed = sum((a, b) != (c, d) for a, b, c, d in decisions)
    return Comparison(_told(one, before), _told(other, after), changed)


def decide(
    period: Period, policy: Policy, fleet: FleetSpec, max_waiting: int, default_tier: str
) -> Outcome:
    """The period under one policy, each client asking as often as it did."""
    rows = [
        row if row.tier in policy.tiers else row._replace(tier=default_tier) for row in period.rows
    ]
    decider = Accounted(policy, max_waiting, period.failed)
    decider.restore(period.before, period.start)
    demand = Demand(rows, period.duration_s)
    return replay(demand, fleet, decider, bare=ONCE, leaves=period.leaves, start=period.start)


def _told(out: Outcome, policy: Policy) -> PolicyOutcome:
    rows = out.demand.rows
    rules = Counter(rule for rule in out.rule if rule)
    denied = rules.total()
    places: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        places.setdefault(row.tier, []).append(i)
    return PolicyOutcome(
        requests=len(rows),
        admitted=len(rows) - denied,
        denied=denied,
        users_denied=len({row.user for row, rule in zip(rows, out.rule, strict=True) if rule}),
        denials=dict(rules.most_common()),
        tiers={name: _of_tier(out, policy, name, places.get(name, ())) for name in policy.tiers},
    )


def _of_tier(out: Outcome, policy: Policy, name: str, places: Sequence[int]) -> TierOutcome:
    admitted = [i for i in places if out.admitted_s[i] != NEVER]
    begun = [i for i in admitted if i not in out.given_up and out.started_s[i] != NEVER]
    rows = out.demand.rows
    waits = [out.started_s[i] - out.admitted_s[i] for i in begun if rows[i].service != "flex"]
    promised_s = policy.tiers[name].promised_wait_s
    broken = 0 if promised_s is None else sum(wait_s > promised_s for wait_s in waits)
    return TierOutcome(
        requests=len(places),
        admitted=len(admitted),
        denied=len(places) - len(admitted),
        wait_p50_s=percentile(waits, 0.5) if waits else None,
        wait_p95_s=percentile(waits, 0.95) if waits else None,
        promises_broken=broken,
    )
