"""Replays a crowd and prints a digest of all that was decided and told: run by `test_alike`."""

from __future__ import annotations

import hashlib
import json
import random
import sys
from dataclasses import replace

from smalti.control import COMPILED, DEFAULT_POLICY, Controller, Offer
from smalti.plan.demand import Demand, Row
from smalti.plan.drift import Drift
from smalti.plan.fleet import MINI_CPU
from smalti.plan.people import rows_of
from smalti.plan.replay import START, replay

REQUESTS, LOAD = 8_000, 3.0


def crowd(seed: int) -> Demand:
    """Some of them ask for several pictures, are impatient, or take less than they asked for."""
    dice = random.Random(seed)
    duration_s = REQUESTS * 264.0 / (LOAD * MINI_CPU.rate)
    rows = rows_of(sorted(dice.uniform(0.0, duration_s) for _ in range(REQUESTS)), dice)
    return Demand([varied(row, dice) for row in rows], duration_s, "made up")


def varied(row: Row, dice: random.Random) -> Row:
    return row._replace(
        images=dice.choice((1, 1, 1, 2, 4)),
        patience_s=dice.choice((None, None, 30.0)),
        service=dice.choice(("auto", "auto", "flex", "priority")),
        offers=dice.choice(
            ((), (Offer("quality", 0.5 * row.work), Offer("size", 0.25 * row.work)))
        ),
    )


def main(seed: int) -> None:
    fleet = replace(MINI_CPU, drift=Drift((1.0, 0.8, 1.2), 20.0, START))
    leaves = dict.fromkeys(range(0, REQUESTS, 17), 5.0)
    controller = Controller(DEFAULT_POLICY, 1_000)
    out = replay(crowd(seed), fleet, controller, seed=seed, takes_flex=0.3, leaves=leaves)
    digest = hashlib.sha256()
    for times in (
        out.admitted_s, out.started_s, out.finished_s, out.device_s,
        *out.told_start_s, *out.told_finish_s,
    ):  # fmt: skip
        digest.update(times.tobytes())
    digest.update(repr((out.rule, out.rung, out.attempts, sorted(out.flex))).encode())
    facts = {
        "compiled": COMPILED,
        "digest": digest.hexdigest(),
        "drawn": sum(out.drawn),
        "rules": sorted(set(out.rule)),
        "rungs": sorted(set(out.rung)),
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(int(sys.argv[1]))
