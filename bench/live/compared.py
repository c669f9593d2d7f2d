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
from smalti.plan.recorded import controller_after, replay_arrivals
from smalti.plan.replay import replay
from smalti.plan.scores import percentile

Figures = dict[str, Any]


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
    arrivals = replay_arrivals(entries, fleet).agreement
    return {
        **_waits(load, before, fleet),
        "requests": len(load.demand.rows),
        "attempts": _mean([row["attempts"] for row in load.told.values()]),
        "broken": sum(row["end"] == "broken" for row in load.told.values()),
        **_freed(load, during),
        "step_full_ms": round(1000 * fleet.step_s[-1], 3),
        "decisions": agreed.decisions,
        "same": agreed.same,
        "difference": agreed.difference,
        "arrivals_agree": round(arrivals.same / max(arrivals.decisions, 1), 4),
    }


def _waits(load: Load, before: Sequence[Entry], fleet: FleetSpec) -> Figures:
    """Waits from acceptance to the first picture's start, and how many were admitted."""
    leaves = {
        i: row["left_at"] - load.start - load.demand.rows[i].arrival_s
        for i, row in load.told.items()
        if row["end"] == "left"
    }
    watched = _Watched(controller_after(before), load.start)
    foretold = replay(
        load.demand, fleet, watched, sdks=("python3",), leaves=leaves, start=load.start
    )
    live = [row["wait_s"] for row in load.told.values() if row["end"] == "drawn"]
    predicted = [
        watched.started_s[i] - at
        for i, at in enumerate(foretold.admitted_s)
        if i not in load.leaves and i in watched.started_s
    ]
    figures: Figures = {}
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        was, would = percentile(live, part), percentile(predicted, part)
        figures[f"{name}_wait_s"] = round(was, 3)
        figures[f"{name}_predicted_s"] = round(would, 3)
        figures[f"{name}_ratio"] = round(was / would, 3) if would > 0 else None
    ends = [row["end"] for row in load.told.values()]
    refused = sum(end == "refused" for end in ends)
    admitted = sum(at >= 0 for at in foretold.admitted_s)
    return figures | {
        "admitted": len(ends) - refused,
        "refused": refused,
        "admitted_predicted": admitted,
        "refused_predicted": len(foretold.admitted_s) - admitted,
        "attempts_predicted": _mean(foretold.attempts),
    }


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
