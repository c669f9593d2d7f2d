"""How true the waits were that were told, and what two common formulas would have told.

Gradio's is the mean run time times the rank (over the slots, or it would be far off); AI Horde's is
the work ahead over the mean throughput, of the last minute. Both are given the rank that is told:
how many waiting pictures go before, as the fair order stands when a job comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean, median
from typing import Any

from smalti.plan.replay import NEVER, Outcome

_WAITED_S = 1.0


def foretold(out: Outcome, accepted: Sequence[int]) -> dict[str, Any]:
    """Of what was promised something. None where there is nothing to measure.

    eta_coverage: how many jobs were finished within their p90; eta_coverage_start: of those that
    had to wait, how many had their slot within theirs, and eta_coverage_half within their p50.
    eta_error: median error of the p50 of the start over the wait, of jobs of one picture that
    waited over a second; eta_error_gradio, eta_error_horde: of the formulas, of the same.
    eta_error_s: median absolute error of the same in seconds, beside their mean wait_s;
    eta_error_s_gradio, eta_error_s_horde: of the formulas.
    eta_error_end, eta_error_end_s, end_s: the same of the end and the time until then, of all jobs
    of one picture; the formulas tell the mean run time more for it. flex_coverage, flex_error: of
    the ends of those that are promised nothing, and waited.
    """
    rows, half, ninety = out.demand.rows, 0, 1
    ended = [
        i
        for i in accepted
        if i not in out.flex and out.finished_s[i] != NEVER and out.told_finish_s[ninety][i] > 0
    ]
    single = [i for i in ended if rows[i].images == 1]
    queued = [i for i in single if out.told_start_s[ninety][i] > 0]
    late = [i for i in queued if _wait_s(out, i) > _WAITED_S]
    flex = [
        i
        for i in accepted
        if i in out.flex and out.finished_s[i] != NEVER and _wait_s(out, i) > _WAITED_S
    ]
    waits_s = {i: _wait_s(out, i) for i in queued}
    until_end_s = {i: out.finished_s[i] - out.admitted_s[i] for i in (*ended, *flex)}
    figures: dict[str, Any] = {
        "eta_coverage": _within(out.told_finish_s[ninety], until_end_s, ended),
        "eta_coverage_start": _within(out.told_start_s[ninety], waits_s, queued),
        "eta_coverage_half": _within(out.told_start_s[half], waits_s, queued),
        "eta_error": _error(out.told_start_s[half], waits_s, late),
        "eta_error_s": _error_s(out.told_start_s[half], waits_s, late),
        "wait_s": round(mean(waits_s[i] for i in late), 3) if late else None,
        "eta_error_end": _error(out.told_finish_s[half], until_end_s, single),
        "eta_error_end_s": _error_s(out.told_finish_s[half], until_end_s, single),
        "end_s": round(mean(until_end_s[i] for i in single), 3) if single else None,
        "flex_coverage": _within(out.told_finish_s[ninety], until_end_s, flex),
        "flex_error": _error(out.told_finish_s[half], until_end_s, flex),
    }
    if late:
        gradio, horde, run_s = _formulas(out)
        for name, start_s in (("gradio", gradio), ("horde", horde)):
            end_s = [start + run for start, run in zip(start_s, run_s, strict=True)]
            figures[f"eta_error_{name}"] = _error(start_s, waits_s, late)
            figures[f"eta_error_s_{name}"] = _error_s(start_s, waits_s, late)
            figures[f"eta_error_end_{name}"] = _error(end_s, until_end_s, single)
            figures[f"eta_error_end_s_{name}"] = _error_s(end_s, until_end_s, single)
    return figures


def _formulas(out: Outcome) -> tuple[list[float], list[float], list[float]]:
    """What each formula would have told of the start at each admission, and the mean run time."""
    n, slots = len(out.demand.rows), out.fleet.slots
    gradio, horde, mean_run_s = [0.0] * n, [0.0] * n, [0.0] * n
    ends = sorted(
        (out.finished_s[i], out.finished_s[i] - out.started_s[i], out.demand.rows[i].images)
        for i in range(n)
        if out.finished_s[i] != NEVER
    )
    at = low = pictures = recent = 0
    drawing_s = 0.0
    for now, i in sorted((now, i) for i, now in enumerate(out.admitted_s) if now != NEVER):
        while at < len(ends) and ends[at][0] <= now:
            drawing_s += ends[at][1]
            pictures += 1
            recent += ends[at][2]
            at += 1
        while low < at and ends[low][0] < now - 60.0:
            recent -= ends[low][2]
            low += 1
        mean_run_s[i] = drawing_s / pictures if pictures else slots * 256 / out.fleet.rate
        gradio[i] = mean_run_s[i] * out.position[i] / slots
        per_s = recent / min(max(now, 1.0), 60.0) or out.fleet.rate / 256
        horde[i] = out.position[i] / per_s
    return gradio, horde, mean_run_s


def _wait_s(out: Outcome, i: int) -> float:
    return out.started_s[i] - out.admitted_s[i]


def _within(told: Sequence[float], came_s: dict[int, float], jobs: Sequence[int]) -> float | None:
    return round(sum(came_s[i] <= told[i] for i in jobs) / len(jobs), 4) if jobs else None


def _error(told: Sequence[float], came_s: dict[int, float], jobs: Sequence[int]) -> float | None:
    """Median of how far off what was told is, over what came."""
    return round(median(abs(told[i] - came_s[i]) / came_s[i] for i in jobs), 4) if jobs else None


def _error_s(told: Sequence[float], came_s: dict[int, float], jobs: Sequence[int]) -> float | None:
    """Median of how far off what was told is, in seconds."""
    return round(median(abs(told[i] - came_s[i]) for i in jobs), 3) if jobs else None
