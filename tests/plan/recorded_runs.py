"""Runs that are recorded on a virtual clock, with devices of which all is known."""

from __future__ import annotations

import random

from smalti.control import DEFAULT_POLICY, Ask, Offer
from smalti.control.recording import Entry, Recorded
from smalti.plan.demand import Demand
from smalti.plan.fleet import FleetSpec
from smalti.plan.people import rows_of
from smalti.plan.replay import replay

STEP_S = (0.004, 0.005, 0.0055, 0.007)
FLEET = FleetSpec(1, STEP_S, 0.0)


def recorded_run(
    requests: int = 300, load: float = 2.0, fleet: FleetSpec = FLEET, seed: int = 1
) -> list[Entry]:
    """What a controller was told while a demand was replayed."""
    entries: list[Entry] = []
    control = Recorded(DEFAULT_POLICY, 1000, entries.append)
    dice = random.Random(seed)
    duration_s = requests * 264.0 / (load * fleet.rate)
    times = sorted(dice.uniform(0.0, duration_s) for _ in range(requests))
    demand = Demand(rows_of(times, dice), duration_s, "made up")
    replay(demand, fleet, control, offers=lambda row: (Offer("partials", row.work),))
    return entries


def cancelled_run() -> list[Entry]:
    """Jobs of 100 tiles on one slot; the second leaves while it waits, the third in its slot."""
    entries: list[Entry] = []
    control = Recorded(DEFAULT_POLICY, 1000, entries.append)
    control.slots = 1
    for job_id in "abc":
        control.admit(Ask(job_id, f"user_{job_id}", "org", "pro", 1, 100.0), 1000.0)
        control.enqueue(job_id, 1000.0)
    assert control.next(1000.0)
    control.withdraw("b", 1000.5)
    control.finished("a", 0, 1.0, 1001.0)
    assert control.next(1001.0)
    control.withdraw("c", 1001.5)
    control.finished("c", 0, 0.5, 1001.5)
    return entries
