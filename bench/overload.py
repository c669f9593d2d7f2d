"""Demand at one to ten times what a fleet can draw, decided in four ways.

    python bench/overload.py [--data ../shared/data] [--demands azure_code viral_week]
                             [--loads 1 2 4 10] [--fleet fleet.json] [--json overload.json]

Each demand is replayed through the server's own controller (`smalti`), and through three others:
first come first served with static limits (`fcfs`), users in turn by job (`round_robin`), and tiers
strictly one after another (`priority`). Two devices take the step times that `bench/mini.py`
measured, or a fleet those that its file says (`plan/fleet.py`), and draw nothing. Half of those who
are offered flex take it; who is refused otherwise does what his SDK does. All of these draw what
was asked for; `smalti_ladder` takes the rungs that its tiers allow and that smalti-mini has. The
last line is JSON: demand -> load -> policy -> figures; `plan/scores.py` says what each figure is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from smalti.control import DEFAULT_POLICY, DEFAULT_TIERS, Controller
from smalti.errors import InvalidRequest
from smalti.models.facts import MINI
from smalti.plan.baselines import Baseline, Order
from smalti.plan.clients import BARE
from smalti.plan.demand import Demand
from smalti.plan.fleet import MINI_CPU, FleetSpec, read_fleet
from smalti.plan.replay import Outcome, replay
from smalti.plan.rungs import offers_by
from smalti.plan.scores import scores, turnaround_p95
from smalti.plan.sources import SOURCES, demand_at

FLEET = replace(MINI_CPU, devices=2)
TAKES_FLEX = 0.5
MAX_WAITING = 10_000
BASELINES: tuple[Order, ...] = ("fcfs", "round_robin", "priority")
SHOWN = (
    "goodput", "promises_broken", "jain", "share_error", "eta_coverage", "eta_error", "attempts",
    "degraded",
)  # fmt: skip


def decided(demand: Demand, policy: str, fleet: FleetSpec = FLEET) -> Outcome:
    if policy in ("smalti", "smalti_ladder"):
        offers = offers_by({MINI.name: MINI.rung_work} if policy == "smalti_ladder" else {})
        controller = Controller(DEFAULT_POLICY, MAX_WAITING)
        return replay(demand, fleet, controller, offers=offers, takes_flex=TAKES_FLEX)
    order = next(order for order in BASELINES if order == policy)
    return replay(demand, fleet, Baseline(order, DEFAULT_TIERS, MAX_WAITING), bare=BARE)


def over_unloaded(out: Outcome) -> dict[str, float]:
    """For tiers that ask for no more than their share: how much longer the slowest twentieth takes
    than if the tier had the fleet to itself."""
    demand, found = out.demand, {}
    weights = sum(tier.weight for tier in DEFAULT_TIERS.values())
    for name, tier in DEFAULT_TIERS.items():
        alone = demand.of_tier(name)
        share = alone.work / (out.fleet.rate * demand.duration_s)
        loaded = turnaround_p95(out, name)
        if alone.rows and loaded is not None and share <= tier.weight / weights:
            unloaded = turnaround_p95(decided(alone, "smalti", out.fleet), name)
            if unloaded:
                found[name] = round(loaded / unloaded, 3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--demands", nargs="+", default=list(SOURCES))
    parser.add_argument("--loads", type=float, nargs="+", default=[1.0, 2.0, 4.0, 10.0])
    parser.add_argument("--fleet", type=Path, help="of other devices; see plan/fleet.py")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    chosen = parser.parse_args()
    try:
        fleet = read_fleet(chosen.fleet) if chosen.fleet is not None else FLEET
    except InvalidRequest as error:
        sys.exit(error.message)
    figures: dict[str, Any] = {}
    print(f"{'demand':<15}{'load':>5} {'policy':<12}" + "".join(f"{n:>16}" for n in SHOWN))
    for name in chosen.demands:
        figures[name] = {}
        for load in chosen.loads:
            try:
                demand = demand_at(name, chosen.data, load, fleet)
            except InvalidRequest as error:
                sys.exit(error.message)
            rows: dict[str, Any] = {}
            for policy in ("smalti", "smalti_ladder", *BASELINES):
                begun = time.perf_counter()
                out = decided(demand, policy, fleet)
                rows[policy] = scores(out, DEFAULT_TIERS)
                if policy == "smalti":
                    rows[policy]["p95_over_unloaded"] = over_unloaded(out)
                rows[policy]["wall_s"] = round(time.perf_counter() - begun, 2)
                shown = "".join(f"{_cell(rows[policy].get(n)):>16}" for n in SHOWN)
                print(f"{name:<15}{load:>5g} {policy:<12}{shown}", flush=True)
            figures[name][f"{load:g}x"] = rows
    whole = {"bench": "overload", "figures": figures}
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(whole))


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
