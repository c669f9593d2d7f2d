"""A live run beside what the replay of the same demand foretells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from live.load import Load
from smalti.control import Ask, Controller, Denial, Turn
from smalti.control.nouns import Admission
from smalti.control.recording import Entry, replay_recorded
from smalti.plan.fleet import FleetSpec
from smalti.plan.measured import measured_fleet
from smalti.plan.recorded import controller_after, replay_arrivals, waits_of
from smalti.plan.replay import replay
from smalti.plan.scores import percentile

Figures = dict[str, Any]

REPLAYS = 9
"""With so many dice the demand is replayed."""


class _Watched:
    """A controller, and when the first picture of each job got its slot."""

    def __init__(self, controller: Controller, start: float) -> None:
        self._controller = controller
        self._start = start
        self.started_s: dict[int, float] = {}
        self.enqueue, self.finished = controller.enqueue, controller.finished
        self.withdraw = controller.withdraw

    @property
    def slots(self) -> int:
        return self._controller.slots

    @slots.setter
    def slots(self, slots: int) -> None:
        self._controller.slots = slots

    def admit(self, ask: Ask, now: float) -> Admission | Denial:
        return self._controller.admit(ask, now)

    def next(self, now: float) -> Turn | None:
        turn = self._controller.next(now)
        if turn is not None:
            self.started_s.setdefault(int(turn.job_id), now - self._start)
        return turn


def compared(load: Load, entries: Sequence[Entry]) -> Figures:
    """The figures of one load. entries: of the server's whole life."""
    first = next(
        (k for k, e in enumerate(entries) if e.get("now", 0.0) >= load.start), len(entries)
    )
    before, during = entries[:first], entries[first:]
    slots = [entry for entry in before if entry["do"] in ("begin", "slots")]
    admits = [entry for entry in before if entry["do"] == "admit"]
    fleet = measured_fleet([*slots, *admits, *during])
    agreed = replay_recorded(entries)
    told_again = [replay_arrivals(entries, fleet, dice) for dice in range(REPLAYS)]
    arrivals = told_again[0].agreement
    return {
        **_waits(load, before, fleet),
        **_of_arrivals(
            waits_of(during),
            [each.waits_s for each in told_again],
            {entry["ask"]["job_id"] for entry in admits},
        ),
        "requests": len(load.demand.rows),
        "attempts": _mean([row["attempts"] for row in load.told.values()]),
        "broken": sum(row["end"] == "broken" for row in load.told.values()),
        **_freed(load, during),
        "step_full_ms": round(1000 * fleet.step_s[-1], 3),
        "speed_range": [round(end(fleet.drift.speeds), 3) for end in (min, max)],
        "decisions": agreed.decisions,
        "same": agreed.same,
        "difference": agreed.difference,
        "arrivals_agree": round(arrivals.same / max(arrivals.decisions, 1), 4),
    }


def _waits(load: Load, before: Sequence[Entry], fleet: FleetSpec) -> Figures:
    """Waits from acceptance to the first picture's start, and how many were admitted.

    Which user is refused is chance, and with it who waits: the demand is replayed with several
    dice, and what is foretold is the percentile of all their waits together. `..._range_s`: of each
    replay alone, the least and the most. `by_tier`: how many waited, p50, and p50 as foretold.
    """
    leaves = {
        i: row["left_at"] - load.start - load.demand.rows[i].arrival_s
        for i, row in load.told.items()
        if row["end"] == "left"
    }
    rows = load.demand.rows
    drawn = {i: row["wait_s"] for i, row in load.told.items() if row["end"] == "drawn"}
    foretold: list[dict[int, float]] = []
    admitted: list[int] = []
    attempts: list[float] = []
    for dice in range(REPLAYS):
        watched = _Watched(controller_after(before), load.start)
        out = replay(
            load.demand, fleet, watched, seed=dice, sdks=("python3",), leaves=leaves,
            start=load.start,
        )  # fmt: skip
        foretold.append({
            i: watched.started_s[i] - at
            for i, at in enumerate(out.admitted_s)
            if i not in load.leaves and i in watched.started_s
        })  # fmt: skip
        admitted.append(sum(at >= 0 for at in out.admitted_s))
        attempts.append(_mean(out.attempts))
    together = [(i, wait_s) for waits in foretold for i, wait_s in waits.items()]
    figures: Figures = {}
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        was = percentile(list(drawn.values()), part)
        would = percentile([wait_s for _, wait_s in together], part)
        each = [percentile(list(waits.values()), part) for waits in foretold]
        figures[f"{name}_wait_s"] = round(was, 3)
        figures[f"{name}_predicted_s"] = round(would, 3)
        figures[f"{name}_range_s"] = [round(min(each), 3), round(max(each), 3)]
        figures[f"{name}_ratio"] = round(was / would, 3) if would > 0 else None
    tiers: Figures = {}
    for tier in sorted({row.tier for row in rows}):
        its = [wait_s for i, wait_s in drawn.items() if rows[i].tier == tier]
        would = percentile([wait_s for i, wait_s in together if rows[i].tier == tier], 0.5)
        tiers[tier] = [len(its), round(percentile(its, 0.5), 3), round(would, 3)]
    ends = [row["end"] for row in load.told.values()]
    refused = sum(end == "refused" for end in ends)
    return figures | {
        "by_tier": tiers,
        "admitted": len(ends) - refused,
        "refused": refused,
        "admitted_predicted": round(_mean(admitted)),
        "refused_predicted": len(rows) - round(_mean(admitted)),
        "attempts_predicted": _mean(attempts),
    }


def _of_arrivals(
    live: dict[str, float], again: Sequence[dict[str, float]], before: set[str]
) -> Figures:
    """Waits beside those that follow from who came when and who left, with several dice.

    before: jobs of the calibration, which do not count.
    """
    would = [s for waits in again for job_id, s in waits.items() if job_id not in before]
    figures: Figures = {}
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        foretold_s = percentile(would, part)
        figures[f"{name}_of_arrivals_s"] = round(foretold_s, 3)
        figures[f"{name}_of_arrivals_ratio"] = round(
            percentile(list(live.values()), part) / foretold_s, 3
        )
    return figures


def _freed(load: Load, entries: Sequence[Entry]) -> Figures:
    """From a client's going away to the freed slot of his picture."""
    left_at = {
        load.users[load.demand.rows[i].user]: row["left_at"]
        for i, row in load.told.items()
        if row["end"] == "left"
    }
    left_of = {
        e["ask"]["job_id"]: left_at[e["ask"]["user_id"]]
        for e in entries
        if e["do"] == "admit" and e["decided"][0] == "admitted" and e["ask"]["user_id"] in left_at
    }
    withdrawn: set[str] = set()
    freed = []
    for entry in entries:
        job_id = entry.get("job_id", "")
        if job_id not in left_of:
            continue
        if entry["do"] == "withdraw":
            withdrawn.add(job_id)
        elif entry["do"] == "finished" and job_id in withdrawn:
            freed.append(entry["now"] - left_of[job_id])
    return {
        "left": len(left_at),
        "freed": len(freed),
        "freed_p50_s": round(percentile(freed, 0.5), 3) if freed else None,
        "freed_p95_s": round(percentile(freed, 0.95), 3) if freed else None,
    }


def _mean(numbers: Sequence[float]) -> float:
    return round(math.fsum(numbers) / max(len(numbers), 1), 4)
