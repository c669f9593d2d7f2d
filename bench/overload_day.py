"""A day of overload as it passes: what is asked, what is drawn, and who waits how long.

    python bench/overload_day.py [--data ../shared/data] [--demand viral_week] [--load 4]
                                 [--out docs/pictures/viral.png]

The demand is replayed as by `bench/overload.py`, through smalti and first come, first served. The
last line is JSON: of both, how many pictures were asked for and drawn in that time, the most that
waited at once (flex among them), and by tier p95 of the wait of those who were promised something.
With --out it is drawn too, which needs `pip install smalti[plots]`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from overload import FLEET, decided

from smalti.control import DEFAULT_TIERS
from smalti.errors import InvalidRequest
from smalti.plan.replay import NEVER, Outcome
from smalti.plan.scores import percentile
from smalti.plan.sources import SOURCES, demand_at

TIERS = {"free": "#9db4ab", "plus": "#e0a458", "pro": "#3f5a8a", "team": "#0b6e4f"}
WINDOW_S = 30.0
_TILES = 256


def per_s(times_s: Iterable[tuple[float, int]], duration_s: float) -> list[float]:
    """Pictures a second in each window. times_s: when, and how many."""
    counts = [0.0] * (int(duration_s / WINDOW_S) + 1)
    for at, pictures in times_s:
        if at <= duration_s:
            counts[int(at / WINDOW_S)] += pictures
    return [count / WINDOW_S for count in counts]


def asked(out: Outcome, tier: str) -> list[float]:
    rows = out.demand.rows
    return per_s(((r.arrival_s, r.images) for r in rows if r.tier == tier), out.demand.duration_s)


def begun(out: Outcome, tier: str) -> list[float]:
    rows, turns = out.demand.rows, zip(out.begun, out.begun_s, strict=True)
    return per_s(((at, 1) for i, at in turns if rows[i].tier == tier), out.demand.duration_s)


def waits(out: Outcome, tier: str) -> list[int]:
    """Of jobs that were promised something and had their slots: which."""
    return [
        i
        for i, row in enumerate(out.demand.rows)
        if row.tier == tier and out.started_s[i] != NEVER and i not in out.flex
    ]


def longest_queue(out: Outcome) -> int:
    """The most pictures that waited at a time."""
    came = ((out.admitted_s[i], row.images) for i, row in enumerate(out.demand.rows))
    changes = [(at, pictures) for at, pictures in came if at != NEVER]
    changes += [(at, -1) for at in out.begun_s]
    most = waiting = 0
    for _, change in sorted(changes, key=lambda its: (its[0], -its[1])):
        waiting += change
        most = max(most, waiting)
    return most


def facts(out: Outcome) -> dict[str, Any]:
    took = {
        tier: [out.started_s[i] - out.admitted_s[i] for i in waits(out, tier)] for tier in TIERS
    }
    return {
        "asked": sum(row.images for row in out.demand.rows),
        "drawn": sum(at <= out.demand.duration_s for at in out.begun_s),
        "most_waiting": longest_queue(out),
        "p95_wait_s": {tier: round(percentile(its, 0.95), 2) for tier, its in took.items() if its},
    }


def stacked(panel: Any, series: Sequence[list[float]], rate: float) -> None:
    minutes = [i * WINDOW_S / 60.0 for i in range(len(series[0]))]
    panel.stackplot(minutes, series, colors=TIERS.values(), labels=TIERS, step="post")
    panel.axhline(rate, color="black", linewidth=1, linestyle="--")
    panel.set_ylabel("pictures a second")


def tell_waits(panel: Any, out: Outcome) -> None:
    for tier, colour in TIERS.items():
        jobs = waits(out, tier)
        panel.plot(
            [out.admitted_s[i] / 60.0 for i in jobs],
            [max(out.started_s[i] - out.admitted_s[i], 0.1) for i in jobs],
            ".", markersize=1.5, color=colour, rasterized=True,
        )  # fmt: skip
        promised_s = DEFAULT_TIERS[tier].promised_wait_s
        if promised_s:
            panel.axhline(promised_s, color=colour, linewidth=1, linestyle="--")
    panel.set_yscale("log")
    panel.set_ylim(0.08, 4000)
    panel.set_yticks([0.1, 1, 10, 60, 600, 3600], ["none", "1 s", "10 s", "1 min", "10 min", "1 h"])
    panel.minorticks_off()


def draw(ours: Outcome, theirs: Outcome, what: str, to: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, panels = pyplot.subplots(4, 1, figsize=(10, 11), sharex=True)
    rate = FLEET.rate / _TILES
    stacked(panels[0], [asked(ours, tier) for tier in TIERS], rate)
    panels[0].set_title(f"Asked ({what}, the dashed line)", loc="left")
    panels[0].legend(frameon=False, ncols=4, loc="upper left")
    stacked(panels[1], [begun(ours, tier) for tier in TIERS], rate)
    panels[1].set_title("Drawn by smalti", loc="left")
    for panel, out, name in (
        (panels[2], ours, "smalti"), (panels[3], theirs, "first come, first served"),
    ):  # fmt: skip
        tell_waits(panel, out)
        panel.set_title(f"How long each accepted job waited: {name} (dashed: promised)", loc="left")
    panels[3].set_xlabel("minutes")
    figure.tight_layout()
    figure.savefig(to, dpi=100, metadata={"Software": ""})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--demand", choices=list(SOURCES), default="viral_week")
    parser.add_argument("--load", type=float, default=4.0)
    parser.add_argument("--out", type=Path, help="draw it to this file")
    chosen = parser.parse_args()
    try:
        demand = demand_at(chosen.demand, chosen.data, chosen.load, FLEET)
    except InvalidRequest as error:
        sys.exit(error.message)
    ours, theirs = decided(demand, "smalti"), decided(demand, "fcfs")
    if chosen.out is not None:
        what = f"{chosen.demand}, {chosen.load:g} times what the fleet draws"
        draw(ours, theirs, what, chosen.out)
    figures = {"smalti": facts(ours), "fcfs": facts(theirs)}
    for name, its in figures.items():
        print(f"{name:<7}", *(f"{key} {value}" for key, value in its.items()), sep="  ")
    print(json.dumps({"bench": "overload_day", "figures": figures}))


if __name__ == "__main__":
    main()
