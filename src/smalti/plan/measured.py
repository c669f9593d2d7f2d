"""A fleet, described by how long the pictures of a recorded run held their slots."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smalti.control.recording import Entry
from smalti.errors import InvalidRequest
from smalti.plan.fleet import FleetSpec

_ROUNDS = 60


@dataclass
class _Run:
    """A picture in its slot. among_s: seconds that it spent with 1, 2, … pictures in slots."""

    work: float
    among_s: list[float]
    at_s: list[float]


def measured_fleet(entries: Iterable[Entry]) -> FleetSpec:
    """Step times that explain best how long the pictures of a recording held their slots.

    Seen as one device with all slots. Raises InvalidRequest where nothing was drawn.
    """
    slots, runs = _runs(entries)
    if not runs:
        raise InvalidRequest("Nothing was drawn in the recording.", "recorded")
    rates = _rates(slots, runs)
    errors = [math.log(_expected(run, rates) / run.work) for run in runs]
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum((error - mean) ** 2 for error in errors) / len(errors))
    return FleetSpec(1, tuple(1 / rate for rate in rates), min(spread, 1.0))


def _runs(entries: Iterable[Entry]) -> tuple[int, list[_Run]]:
    """The most slots there were, and the pictures that were drawn from end to end."""
    slots = 1
    work: dict[str, float] = {}
    held: dict[tuple[str, int], _Run] = {}
    withdrawn: set[str] = set()
    runs: list[_Run] = []
    clock: list[float] = [0.0]  # seconds since ever with 1, 2, … pictures in slots
    before = 0.0
    for entry in entries:
        do = entry["do"]
        if do == "begin":
            held.clear()
        elif do == "slots":
            slots = max(slots, entry["slots"])
        elif do == "admit" and entry["decided"][0] == "admitted":
            work[entry["ask"]["job_id"]] = _work(entry)
        elif do == "withdraw":
            withdrawn.add(entry["job_id"])
        if do not in ("next", "finished", "requeue"):
            continue
        clock.extend([0.0] * (len(held) + 2 - len(clock)))
        clock[len(held)] += max(entry["now"] - before, 0.0)
        before = entry["now"]
        if do == "next":
            name = (entry["decided"][0], entry["decided"][1])
            held[name] = _Run(work.get(name[0], 0.0), [], list(clock))
            continue
        run = held.pop((entry["job_id"], entry["index"]), None)
        if run is None or do != "finished" or not run.work or not entry["device_s"]:
            continue
        if entry["job_id"] not in withdrawn:
            start = run.at_s + [0.0] * (len(clock) - len(run.at_s))
            run.among_s = [now - then for now, then in zip(clock, start, strict=True)][1:]
            runs.append(run)
    return slots, [run for run in runs if sum(run.among_s) > 0]


def _work(entry: Entry) -> float:
    """Tile-steps of each of an admitted job's pictures, on the rung on which it is served."""
    ask, rung = entry["ask"], entry["decided"][1]
    return float(next((o["work"] for o in ask["offers"] if o["rung"] == rung), ask["work"]))


def _rates(slots: int, runs: Sequence[_Run]) -> list[float]:
    """Tile-steps per second of one picture among 1, 2, … pictures.

    Richardson's and Lucy's iteration, which keeps them above zero (Lucy, 1974, equation 15). What
    was never seen is as its neighbour.
    """
    many = range(min(slots, max(len(run.among_s) for run in runs)))
    seen_s = [sum(run.among_s[k] for run in runs if k < len(run.among_s)) for k in many]
    whole = sum(run.work for run in runs) / sum(seen_s)
    rates = [whole] * slots
    for _ in range(_ROUNDS):
        more = [0.0] * slots
        for run in runs:
            ratio = run.work / _expected(run, rates)
            for k, among_s in enumerate(run.among_s[:slots]):
                more[k] += among_s * ratio
        rates = [
            rates[k] * more[k] / seen_s[k] if k < len(seen_s) and seen_s[k] > 0 else 0.0
            for k in range(slots)
        ]
    known = [k for k in range(slots) if rates[k] > 0]
    return [rates[k] or rates[min(known, key=lambda other: abs(other - k))] for k in range(slots)]


def _expected(run: _Run, rates: Sequence[float]) -> float:
    """Tile-steps that a picture should have been drawn in its time."""
    return sum(s * rates[min(k, len(rates) - 1)] for k, s in enumerate(run.among_s)) or 1e-9
