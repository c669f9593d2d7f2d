"""Draws what `bench/overload.py --json` measured.

    python bench/overload_plots.py overload.json [more.json …] [--into docs/pictures]

Needs `pip install smalti[plots]`. The last line is JSON: of what smalti told, the mean over all
runs and the middle one; of the start and of the end of jobs, over the wait and in seconds over the
mean wait, beside the better of the two formulas in each run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean, median
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # the backend is chosen first

COLOURS = {
    "smalti_ladder": "#58b368",
    "smalti": "#0b6e4f",
    "fcfs": "#b23a48",
    "round_robin": "#c08a2e",
    "priority": "#3f5a8a",
}
NAMES = {
    "smalti_ladder": "smalti, with its ladder",
    "smalti": "smalti, all in full",
    "fcfs": "first come, first served",
    "round_robin": "users in turn",
    "priority": "strict priority",
}

TOLD = {
    "eta_error": (COLOURS["smalti"], "smalti"),
    "eta_error_gradio": ("#b23a48", "Gradio's formula"),
    "eta_error_horde": ("#c08a2e", "AI Horde's formula"),
}

Figures = dict[str, Any]
"""By demand, load and policy."""


def curve(figures: Figures, policy: str, name: str) -> tuple[list[float], list[float]]:
    """Loads, and the mean of a figure over all demands at each."""
    loads = sorted({load for by_load in figures.values() for load in by_load}, key=_times)
    values = []
    for load in loads:
        found = [by_load[load][policy].get(name) for by_load in figures.values() if load in by_load]
        values.append(mean(value for value in found if value is not None))
    return [_times(load) for load in loads], values


def _times(load: str) -> float:
    return float(load.removesuffix("x"))


def draw_policies(figures: Figures, to: Path) -> None:
    """What came of each policy, the mean over the demands."""
    figure, panels = pyplot.subplots(1, 3, figsize=(12, 3.8))
    for panel, name, title in zip(
        panels,
        ("goodput", "promises_broken", "attempts"),
        ("Goodput", "Promises broken, of accepted jobs", "HTTP attempts per request"),
        strict=True,
    ):
        for policy, colour in COLOURS.items():
            loads, values = curve(figures, policy, name)
            panel.plot(loads, values, "o-", color=colour, label=NAMES[policy], linewidth=2)
        panel.set_xscale("log", base=2)
        panel.set_xticks(loads, [f"{load:g}x" for load in loads])
        panel.minorticks_off()
        panel.set_xlabel("demand over capacity")
        panel.set_title(title, loc="left")
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", alpha=0.25)
    panels[1].legend(frameon=False, loc="center")
    _save(figure, to)


def draw_waits(figures: Figures, to: Path) -> None:
    """How true the waits were that were told, in each run: the loads of a demand side by side."""
    figure, panels = pyplot.subplots(2, 1, figsize=(12, 6.4), sharex=True)
    for at, by_load in enumerate(figures.values()):
        for place, load in enumerate(sorted(by_load, key=_times)):
            its, x = by_load[load]["smalti"], at + (place - (len(by_load) - 1) / 2) * 0.18
            for name, (colour, label) in TOLD.items():
                value = its.get(name)
                if value is not None:
                    first = at == 0 and place == 0
                    panels[0].plot(x, value, "o", color=colour, label=label if first else None)
            panels[1].plot(x, its["eta_coverage"], "o", color=COLOURS["smalti"])
            panels[1].annotate(load, (x, 0.82), ha="center", fontsize=7)
    panels[0].set_title("Error of the time told for the start, over the wait (median)", loc="left")
    panels[0].axhline(0.15, color="black", linewidth=1, linestyle="--")
    panels[0].set_ylim(0, 0.7)
    panels[0].legend(frameon=False, ncols=3, loc="upper right")
    panels[1].set_title("Finished within the p90 that they were told, of all jobs", loc="left")
    panels[1].axhspan(0.88, 0.92, color=COLOURS["smalti"], alpha=0.12)
    panels[1].set_ylim(0.8, 1.0)
    panels[1].set_xticks(range(len(figures)), list(figures))
    for panel in panels:
        panel.grid(axis="y", alpha=0.25)
    _save(figure, to)


def told(figures: Figures) -> dict[str, dict[str, float]]:
    """How far off p50 was in all runs together in which somebody waited, and the better formula."""
    runs = [its["smalti"] for by_load in figures.values() for its in by_load.values()]
    runs = [its for its in runs if its["wait_s"]]
    if not runs:
        return {}
    found = {}
    for name, lasted in (("eta_error", None), ("eta_error_s", "wait_s"),
                         ("eta_error_end", None), ("eta_error_end_s", "end_s")):  # fmt: skip
        scales = [its[lasted] if lasted else 1.0 for its in runs]
        ours = [its[name] / scale for its, scale in zip(runs, scales, strict=True)]
        formulas = [
            min(its[f"{name}_gradio"], its[f"{name}_horde"]) / scale
            for its, scale in zip(runs, scales, strict=True)
        ]
        found[name] = {
            "mean": round(mean(ours), 3), "median": round(median(ours), 3),
            "formulas_mean": round(mean(formulas), 3),
            "formulas_median": round(median(formulas), 3),
        }  # fmt: skip
    return found


def _save(figure: Any, to: Path) -> None:
    figure.tight_layout()
    figure.savefig(to, dpi=110, metadata={"Software": ""})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, default=Path("docs/pictures"), help="a folder")
    chosen = parser.parse_args()
    figures: Figures = {}
    for file in chosen.files:
        figures |= json.loads(file.read_text(encoding="utf-8"))["figures"]
    pyplot.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
    draw_policies(figures, chosen.into / "overload.png")
    draw_waits(figures, chosen.into / "waits.png")
    print(f"overload.png and waits.png in {chosen.into} show {len(figures)} demands.")
    print(json.dumps({"bench": "overload_plots", "figures": told(figures)}))


if __name__ == "__main__":
    main()
