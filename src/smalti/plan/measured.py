"""A fleet, described by how long the pictures of a recorded run held their slots."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from smalti.control.recording import Entry
from smalti.errors import InvalidRequest
from smalti.plan.drift import Drift
from smalti.plan.fleet import FleetSpec

_ROUNDS = 60
_FEW = 8
"""Where fewer pictures were drawn, they tell nothing of the speed."""

Held = dict[tuple[int, int], float]
"""Seconds with 1, 2, … pictures in slots in each stretch, as (stretch, pictures)."""


@dataclass
class _Run:
    """A picture in its slot, itself among the pictures of held_s."""

    work: float
    held_s: Held


def measured_fleet(entries: Iterable[Entry], every_s: float = 20.0) -> FleetSpec:
    """Step times, and the speed of each stretch of every_s seconds beside them, that explain best
    how long the pictures of a recording held their slots.

    Seen as one device with all slots, and as if its clock had not been set. Raises InvalidRequest
    where nothing was drawn.
    """
    told = list(_steady(entries))
    times = [entry["now"] for entry in told if entry["do"] in _MOVES] or [0.0]
    stretches = int((times[-1] - times[0]) // every_s) + 1
    even = Drift((1.0,) * stretches, every_s, times[0])
    slots, runs = _runs(told, even)
    if not runs:
        raise InvalidRequest("Nothing was drawn in the recording.", "recorded")
    rates, speeds = _rates(slots, runs, stretches)
    errors = [math.log(_expected(run, rates, speeds) / run.work) for run in runs]
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum((error - mean) ** 2 for error in errors) / len(errors))
    drift = replace(even, speeds=tuple(speeds))
    return FleetSpec(1, tuple(1 / rate for rate in rates[1:]), min(spread, 1.0), drift)


def _steady(entries: Iterable[Entry]) -> Iterator[Entry]:
    """By a clock that nobody sets."""
    ahead_s = 0.0
    for entry in entries:
        if entry["do"] == "clock_set":
            ahead_s += entry["by_s"]
        yield {**entry, "now": entry["now"] - ahead_s} if "now" in entry else entry


_MOVES = ("next", "finished", "requeue")
"""What fills a slot or frees one."""


def _runs(entries: Iterable[Entry], clock: Drift) -> tuple[int, list[_Run]]:
    """The most slots there were, and the pictures that were drawn from end to end."""
    slots = 1
    work: dict[str, float] = {}
    since: dict[tuple[str, int], int] = {}
    withdrawn: set[str] = set()
    runs: list[_Run] = []
    spans: list[tuple[tuple[int, int], float]] = []  # what happened, one after the other
    before = math.inf
    for entry in entries:
        do = entry["do"]
        if do == "begin":
            since.clear()
        elif do == "slots":
            slots = max(slots, entry["slots"])
        elif do == "admit" and entry["decided"][0] == "admitted":
            work[entry["ask"]["job_id"]] = _work(entry)
        elif do == "withdraw":
            withdrawn.add(entry["job_id"])
        if do not in _MOVES:
            continue
        if entry["now"] > before:
            parts = clock.parts(before, entry["now"])
            spans.extend(((stretch, min(len(since), slots)), part_s) for stretch, part_s in parts)
        before = entry["now"]
        if do == "next":
            since[entry["decided"][0], entry["decided"][1]] = len(spans)
            continue
        job_id = entry["job_id"]
        first = since.pop((job_id, entry["index"]), None)
        if first is None or do != "finished" or not entry["device_s"] or job_id in withdrawn:
            continue
        held_s: Held = {}
        for where, part_s in spans[first:]:
            held_s[where] = held_s.get(where, 0.0) + part_s
        if held_s and work.get(job_id):
            runs.append(_Run(work[job_id], held_s))
    return slots, runs


def _work(entry: Entry) -> float:
    """Tile-steps of each of an admitted job's pictures, on the rung on which it is served."""
    ask, rung = entry["ask"], entry["decided"][1]
    return float(next((o["work"] for o in ask["offers"] if o["rung"] == rung), ask["work"]))


def _rates(slots: int, runs: Sequence[_Run], stretches: int) -> tuple[list[float], list[float]]:
    """Tile-steps per second of one picture among 0, 1, 2, … pictures, and each stretch's speed.

    Richardson's and Lucy's iteration, which keeps them above zero (Lucy, 1974, equation 15), for
    the ones and the others in turn. A number of pictures that was never seen is as its neighbour.
    The mean speed, over what was drawn, is 1.
    """
    drawn = Counter(k for run in runs for k in {stretch for stretch, _ in run.held_s})
    known = sorted({n for run in runs for _, n in run.held_s})
    whole = sum(run.work for run in runs) / sum(sum(run.held_s.values()) for run in runs)
    rates, speeds = [whole] * (slots + 1), [1.0] * stretches
    for _ in range(_ROUNDS):
        better = _corrections(runs, rates, speeds, 1)
        rates = [rate * better.get(n, 1.0) for n, rate in enumerate(rates)]
        better = _corrections(runs, rates, speeds, 0)
        speeds = [speed * better[k] if drawn[k] >= _FEW else 1.0 for k, speed in enumerate(speeds)]
        mean = sum(drawn[k] * speed for k, speed in enumerate(speeds)) / drawn.total()
        rates = [rate * mean for rate in rates]
        speeds = [speed / mean for speed in speeds]
    near = [min(known, key=lambda other: abs(other - n)) for n in range(slots + 1)]
    return [rates[n] for n in near], speeds


def _corrections(
    runs: Sequence[_Run], rates: Sequence[float], speeds: Sequence[float], by: int
) -> dict[int, float]:
    """What each rate (by 1) or speed (by 0) is to be multiplied with, to fit better."""
    weights: dict[int, float] = {}
    ratios: dict[int, float] = {}
    for run in runs:
        ratio = run.work / _expected(run, rates, speeds)
        for where, held_s in run.held_s.items():
            weight = held_s * speeds[where[0]] * rates[where[1]]
            weights[where[by]] = weights.get(where[by], 0.0) + weight
            ratios[where[by]] = ratios.get(where[by], 0.0) + weight * ratio
    return {name: ratios[name] / weight for name, weight in weights.items()}


def _expected(run: _Run, rates: Sequence[float], speeds: Sequence[float]) -> float:
    """Tile-steps that a picture should have been drawn in its time."""
    return sum(s * speeds[k] * rates[n] for (k, n), s in run.held_s.items())
