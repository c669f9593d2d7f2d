"""Draws what `bench/overload.py --json` measured.

    python bench/overload_plots.py overload.json [more.json …] -o docs/pictures/overload.png

Needs `pip install smalti[plots]`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # the backend is chosen first

COLOURS = {"smalti": "#0b6e4f", "fcfs": "#b23a48", "round_robin": "#c08a2e", "priority": "#3f5a8a"}
NAMES = {
    "smalti": "smalti",
    "fcfs": "first come, first served",
    "round_robin": "users in turn",
    "priority": "strict priority",
}


def curve(figures: dict[str, Any], policy: str, name: str) -> tuple[list[float], list[float]]:
    """Loads, and the mean of a figure over all demands at each."""
    loads = sorted({load for by_load in figures.values() for load in by_load}, key=_times)
    values = []
    for load in loads:
        found = [by_load[load][policy].get(name) for by_load in figures.values() if load in by_load]
        values.append(mean(value for value in found if value is not None))
    return [_times(load) for load in loads], values


def _times(load: str) -> float:
    return float(load.removesuffix("x"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/pictures/overload.png"))
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    for file in chosen.files:
        figures |= json.loads(file.read_text(encoding="utf-8"))["figures"]
    pyplot.rcParams.update({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False})
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
    figure.tight_layout()
    figure.savefig(chosen.out, dpi=110, metadata={"Software": ""})
    print(f"{chosen.out} shows {len(figures)} demands.")


if __name__ == "__main__":
    main()
