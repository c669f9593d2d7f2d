"""Are waits true right after a restart under load, and are promises kept over it?

    python bench/restart.py [--data ../shared/data] [--runs azure_conv:2 azure_conv:10 …]
                            [--every 600]

A demand is replayed through the server's own controller, and every ten minutes another controller
takes its place: with what the server keeps on disk, reservations and unfinished jobs. Pictures that
are being drawn begin anew. Three ways: `paces`, where it knows besides how fast pictures are drawn;
`learnt`, where it knows who came and how wrong forecasts were too, as the server does; and
`undisturbed`, the same moments without a restart. The figures are of the jobs that were admitted in
the fifteen seconds after it: how many ended within their p90, the median error of the p50 of the
start of those that waited over a second, and how many promises were broken, of all. The last line
is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

from overload import FLEET, MAX_WAITING, TAKES_FLEX

from smalti.control import (
    DEFAULT_POLICY,
    DEFAULT_TIERS,
    Admission,
    Ask,
    Controller,
    Denial,
    Reservation,
)
from smalti.plan.demand import Demand
from smalti.plan.replay import NEVER, Loop, Outcome
from smalti.plan.scores import scores
from smalti.plan.sources import demand_at

RUNS = ("azure_conv:2", "azure_conv:10", "burstgpt:4", "viral_week:2", "viral_week:10")
AFTER_S = 15.0
WAYS = ("paces", "learnt", "undisturbed")


class OnDisk(Controller):
    """What its server writes down: asked, as it is served; reserved."""

    asked: dict[str, Ask]
    reserved: list[Reservation]

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        outcome = super().admit(ask, now)
        if isinstance(outcome, Admission):
            self.asked[ask.job_id] = replace(ask, work=outcome.offer.work)
            self.reserved.append(outcome.reservation)
        return outcome


class Restarted(Loop):
    """A replay with restarts at `times`. way: see above."""

    def __init__(self, demand: Demand, times: Sequence[float], way: str) -> None:
        first = OnDisk(DEFAULT_POLICY, MAX_WAITING)
        first.asked, first.reserved = {}, []
        super().__init__(demand, FLEET, first, 0, None, None, TAKES_FLEX)
        self.control, self.way = first, way
        self.times = [] if way == "undisturbed" else list(times)

    def arrives(self, i: int, now: float) -> None:
        if self.times and now >= self.times[0]:
            self.times.pop(0)
            self.restart(now)
        super().arrives(i, now)

    def restart(self, now: float) -> None:
        before, begun = self.control, Counter(self.out.begun)
        after = OnDisk(DEFAULT_POLICY, MAX_WAITING)
        after.asked, after.reserved = before.asked, before.reserved
        after.slots = before.slots
        learnt = before.learnt()
        if learnt is not None:
            forgot = {**learnt, "coming": {}, "errors": []}
            after.recall(learnt if self.way == "learnt" else forgot, self.start + now)
        after.restore(after.reserved, self.start + now)
        self.control = self.decider = after
        lost = self.lose(now)
        for i in sorted(self.work, key=lambda i: (i not in lost, self.out.admitted_s[i])):
            promised = i not in self.out.flex
            left = {*lost.get(i, ()), *range(begun[i], self.rows[i].images)}
            after.adopt(
                after.asked[str(i)], self.start + self.out.admitted_s[i] if promised else None
            )
            after.enqueue(str(i), self.start + now, sorted(left))
        self.fill(now, tuple(range(len(self.devices))))

    def lose(self, now: float) -> dict[int, list[int]]:
        """Pictures that were being drawn leave their devices; which, by request."""
        lost: dict[int, list[int]] = {}
        for key, (number, index) in list(self.at.items()):
            self.devices[number].cancel(key, now)
            self.left(self.devices[number], key)
            lost.setdefault(key >> 4, []).append(index)
        return lost


def after_restarts(out: Outcome, times: Sequence[float]) -> dict[str, float | None]:
    rows = out.demand.rows
    jobs = [
        i
        for i, admitted_s in enumerate(out.admitted_s)
        if out.finished_s[i] != NEVER
        and i not in out.flex
        and any(0.0 <= admitted_s - at < AFTER_S for at in times)
    ]
    waited = [(i, out.started_s[i] - out.admitted_s[i]) for i in jobs if rows[i].images == 1]
    errors = [abs(out.told_start_s[0][i] - wait_s) / wait_s for i, wait_s in waited if wait_s > 1.0]
    covered = [out.finished_s[i] - out.admitted_s[i] <= out.told_finish_s[1][i] for i in jobs]
    return {
        "jobs": len(jobs),
        "coverage": round(mean(covered), 3) if covered else None,
        "error": round(median(errors), 3) if errors else None,
        "promises_broken": scores(out, DEFAULT_TIERS)["promises_broken"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", nargs="+", default=list(RUNS))
    parser.add_argument("--every", type=float, default=600.0, help="seconds between restarts")
    chosen = parser.parse_args()
    figures: dict[str, dict[str, dict[str, float | None]]] = {}
    for run in chosen.runs:
        name, _, load = run.partition(":")
        demand = demand_at(name, chosen.data, float(load), FLEET)
        times = [n * chosen.every for n in range(1, int(demand.duration_s / chosen.every))]
        figures[run] = {}
        for way in WAYS:
            found = after_restarts(Restarted(demand, times, way).run(), times)
            figures[run][way] = found
            print(
                f"{run:<16}{way:<14}" + "  ".join(f"{k} {v}" for k, v in found.items()), flush=True
            )
    print(json.dumps({"bench": "restart", "figures": figures}))


if __name__ == "__main__":
    main()
