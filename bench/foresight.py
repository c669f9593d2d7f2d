"""How well could a simulation foresee a wait that knows the state as it is?

    python bench/foresight.py [--data ../shared/data] [--runs azure_code:1 equal_users:1 …]
                              [--jobs 60] [--futures 6]

Jobs that waited over a second are picked from a replay. At the admission of each, the replay splits
into copies that go on from exactly that state, each into another future, until the job has its
slot; the median of the copies' waits is what somebody would tell who knows all of the state and
supposes such futures. Twice: `resampled`, where the future is made of what came in the last two
minutes, in pieces of ten seconds; and `times_known`, where requests come at the times at which they
did come, from other users. Beside them `told`, what the controller told these jobs. The figures are
median errors over the wait. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from overload import FLEET, MAX_WAITING, TAKES_FLEX, decided

from smalti.control import DEFAULT_POLICY, Controller
from smalti.errors import InvalidRequest
from smalti.plan.demand import Demand, Row
from smalti.plan.replay import NEVER, Loop, Outcome
from smalti.plan.sources import demand_at

RUNS = (
    "azure_code:1", "burstgpt:1", "viral_week:1", "viral_week:10", "equal_users:1",
    "azure_conv:2", "mooncake:2", "servegen_small:2",
)  # fmt: skip
WINDOW_S, PIECE_S = 120.0, 10.0
HORIZON_S = 600.0
"""Longer than anybody waits who is promised something."""
KINDS = ("resampled", "times_known")
PEOPLE = 2000
"""Of so many requests before and after a job, others are taken for those that come."""


class Started(Exception):
    """The job has its slot."""


class Copy(Loop):
    """A replay that splits at some admissions. waits: of each such job, by kind of future."""

    def __init__(self, demand: Demand, jobs: set[int], futures: int) -> None:
        controller = Controller(DEFAULT_POLICY, MAX_WAITING)
        super().__init__(demand, FLEET, controller, 0, None, None, TAKES_FLEX)
        self.jobs, self.futures = jobs, futures
        self.waits: dict[int, dict[str, list[float]]] = {}
        self.of: int | None = None

    def arrives(self, i: int, now: float) -> None:
        super().arrives(i, now)
        new = self.of is None and i in self.jobs and self.out.admitted_s[i] == now
        if new and self.out.started_s[i] == NEVER:
            self.waits[i] = {kind: self.splits(i, now, kind) for kind in KINDS}

    def fill(self, now: float, changed: tuple[int, ...] = ()) -> None:
        super().fill(now, changed)
        if self.of is not None and self.out.started_s[self.of] != NEVER:
            raise Started

    def splits(self, i: int, now: float, kind: str) -> list[float]:
        return [wait for seed in range(self.futures) for wait in self.split(i, now, kind, seed)]

    def split(self, i: int, now: float, kind: str, seed: int) -> list[float]:
        """The wait of a job in one future; nothing if it is never drawn there."""
        reads, writes = os.pipe()
        if not os.fork():
            os.close(reads)
            with os.fdopen(writes, "wb") as told:
                pickle.dump(self.wait(i, now, kind, random.Random(i * 1000 + seed)), told)
                told.flush()
                os._exit(0)
        os.close(writes)
        with os.fdopen(reads, "rb") as told:
            found: list[float] = pickle.load(told)
        os.wait()
        return found

    def wait(self, i: int, now: float, kind: str, dice: random.Random) -> list[float]:
        self.of, self.dice = i, dice
        rows, out = self.rows, self.out
        come = resampled(rows[: i + 1], now, dice)
        if kind == "times_known":
            come = times_known(rows, i, dice)
        future = list(come)
        self.rows = [*rows[: i + 1], *future]
        renew(out, i + 1, len(future))
        try:
            self.run(i + 1)
        except Started:
            return [out.started_s[i] - now]
        return []


def resampled(past: Sequence[Row], now: float, dice: random.Random) -> Iterator[Row]:
    recent = [row for row in past[:-1] if row.arrival_s > now - WINDOW_S]
    for piece in range(round(HORIZON_S / PIECE_S)):
        begins = now - WINDOW_S + dice.random() * (WINDOW_S - PIECE_S)
        for row in recent:
            if begins <= row.arrival_s < begins + PIECE_S:
                yield row._replace(arrival_s=now + piece * PIECE_S + row.arrival_s - begins)


def times_known(rows: Sequence[Row], i: int, dice: random.Random) -> Iterator[Row]:
    people = rows[max(0, i - PEOPLE) : i + PEOPLE]
    for row in rows[i + 1 :]:
        if row.arrival_s > rows[i].arrival_s + HORIZON_S:
            return
        yield dice.choice(people)._replace(arrival_s=row.arrival_s)


def renew(out: Outcome, first: int, n: int) -> None:
    """Room for other requests in place of those from `first` on."""
    times = (
        out.admitted_s, out.started_s, out.finished_s,
        *out.told_start_s, *out.told_finish_s,
    )  # fmt: skip
    for column in times:
        del column[first:]
        column.extend([NEVER] * n)
    del out.device_s[first:]
    out.device_s.extend([0.0] * n)
    for counts in (out.position, out.drawn, out.attempts):
        counts[first:] = [0] * n
    for names in (out.rule, out.rung):
        names[first:] = [""] * n


def errors(demand: Demand, jobs: int, futures: int) -> dict[str, float | None]:
    out = decided(demand, "smalti")
    waited = {
        i: out.started_s[i] - out.admitted_s[i]
        for i, row in enumerate(demand.rows)
        if row.images == 1 and i not in out.flex and out.started_s[i] - out.admitted_s[i] > 1.0
        if row.arrival_s > 600.0 and out.attempts[i] == 1 and out.told_start_s[1][i] > 0
    }
    picked = random.Random(1).sample(sorted(waited), min(jobs, len(waited)))
    copy = Copy(demand, set(picked), futures)
    copy.run()
    found: dict[str, list[float]] = {kind: [] for kind in ("told", *KINDS)}
    for i, waits in copy.waits.items():
        found["told"].append(abs(out.told_start_s[0][i] - waited[i]) / waited[i])
        for kind, each in waits.items():
            if each:
                found[kind].append(abs(median(each) - waited[i]) / waited[i])
    return {kind: round(median(each), 3) if each else None for kind, each in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", nargs="+", default=list(RUNS), help="demand:load; 1 if left out")
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--futures", type=int, default=6)
    chosen = parser.parse_args()
    figures: dict[str, dict[str, float | None]] = {}
    for run in chosen.runs:
        name, _, load = run.partition(":")
        try:
            demand = demand_at(name, chosen.data, float(load or 1), FLEET)
        except InvalidRequest as error:
            sys.exit(error.message)
        figures[run] = errors(demand, chosen.jobs, chosen.futures)
        shown = ", ".join(
            f"{kind} {'-' if error is None else f'{error:.3f}'}"
            for kind, error in figures[run].items()
        )
        print(f"{run:<18} {shown}", flush=True)
    print(json.dumps({"bench": "foresight", "figures": figures}))


if __name__ == "__main__":
    main()
