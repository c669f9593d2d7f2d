"""The tables of `docs/overload.md`, from `bench/overload.py --json`; and which aims are reached.

    python bench/overload_tables.py overload.json [more.json …] [--into docs/overload.md]

With `--into` the two tables of that page are replaced, else they are printed. Of each aim it says
in how many runs it is reached, and what the others have. The last line is JSON: by aim, in how many
runs it is `reached`, `of` those that have such a figure.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from smalti.plan.sources import SOURCES

TIERS = ("free", "plus", "pro", "team")

Run = dict[str, Any]
"""Figures by policy."""
Cell = Callable[[Run], str]
Columns = list[tuple[str, Cell]]
"""Under which head; two may have the same."""


def told(run: Run, name: str, over: str = "") -> float | None:
    """A figure of smalti's; `over` another, if that is named."""
    its = run["smalti"]
    value: float | None = its.get(name)
    if not over or value is None:
        return value
    return value / its[over] if its.get(over) else None


def _plain(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _of(policy: str, name: str, digits: int) -> Cell:
    return lambda run: _plain(run[policy].get(name), digits)


def _told(*names: str, over: str = "") -> Cell:
    return lambda run: ", ".join(_plain(told(run, name, over)) for name in names)


def _formulas(name: str, over: str = "") -> Cell:
    return _told(f"{name}_gradio", f"{name}_horde", over=over)


def _waits(run: Run) -> str:
    return ", ".join(_plain(run["smalti"]["p95_over_promise"].get(tier)) for tier in TIERS)


DELIVERED: Columns = [
    ("goodput", _of("smalti", "goodput", 3)),
    ("of it flex", _of("smalti", "flex", 2)),
    ("with its ladder", _of("smalti_ladder", "goodput", 2)),
    ("served less", _of("smalti_ladder", "degraded", 2)),
    ("first come", _of("fcfs", "goodput", 3)),
    ("users in turn", _of("round_robin", "goodput", 3)),
    ("strict priority", _of("priority", "goodput", 3)),
]
PROMISED: Columns = [
    ("promises broken", _of("smalti", "promises_broken", 4)),
    ("first come", _of("fcfs", "promises_broken", 3)),
    (f"p95 wait over promise ({', '.join(TIERS)})", _waits),
    ("covered by p90 (end, start)", _told("eta_coverage", "eta_coverage_start")),
    ("p50 of the start off by", _told("eta_error")),
    ("Gradio's, AI Horde's", _formulas("eta_error")),
    ("in seconds", _told("eta_error_s", over="wait_s")),
    ("Gradio's, AI Horde's", _formulas("eta_error_s", "wait_s")),
    ("p50 of the end off by", _told("eta_error_end")),
    ("Gradio's, AI Horde's", _formulas("eta_error_end")),
    ("attempts", _of("smalti", "attempts", 2)),
    ("first come's", _of("fcfs", "attempts", 2)),
]


def _beside_formulas(name: str, over: str = "") -> Callable[[Run], float | None]:
    def part(run: Run) -> float | None:
        ours = told(run, name, over)
        theirs = [told(run, f"{name}_{formula}", over) for formula in ("gradio", "horde")]
        known = [value for value in theirs if value]
        return ours / min(known) if ours is not None and known else None

    return part


def _beside_first_come(run: Run) -> float | None:
    ours, theirs = told(run, "promises_broken"), run["fcfs"]["promises_broken"]
    if not ours:
        return ours
    return ours / theirs if theirs else math.inf


def _slowest(run: Run) -> float | None:
    return max(
        (p for p in run["smalti"]["p95_over_promise"].values() if p is not None), default=None
    )


def _longer(run: Run) -> float | None:
    return max(run["smalti"]["p95_over_unloaded"].values(), default=None)


Aim = tuple[Callable[[Run], float | None], float, float]
"""A figure, and between what it should be."""
AT = {"p95_over_unloaded": "10x"}
"""An aim that is for one load."""
AIMS: dict[str, Aim] = {
    "goodput": (lambda run: told(run, "goodput"), 0.95, math.inf),
    "promises_broken": (_beside_first_come, 0.0, 0.1),
    "p95_over_promise": (_slowest, 0.0, 1.0),
    "p95_over_unloaded": (_longer, 0.0, 1.2),
    "jain": (lambda run: told(run, "jain"), 0.98, 1.0),
    "share_error": (lambda run: told(run, "share_error"), 0.0, 0.05),
    "attempts": (lambda run: told(run, "attempts"), 1.0, 1.05),
    "eta_coverage": (lambda run: told(run, "eta_coverage"), 0.88, 0.92),
    "eta_coverage_start": (lambda run: told(run, "eta_coverage_start"), 0.88, 0.92),
    "eta_error": (lambda run: told(run, "eta_error"), 0.0, 0.15),
    "eta_error_s": (lambda run: told(run, "eta_error_s", "wait_s"), 0.0, 0.15),
    "eta_error_end": (lambda run: told(run, "eta_error_end"), 0.0, 0.15),
    "eta_error_end_s": (lambda run: told(run, "eta_error_end_s", "end_s"), 0.0, 0.15),
    "over_formulas": (_beside_formulas("eta_error"), 0.0, 0.5),
    "over_formulas_s": (_beside_formulas("eta_error_s", "wait_s"), 0.0, 0.5),
    "over_formulas_end": (_beside_formulas("eta_error_end"), 0.0, 0.5),
    "ladder_eta_coverage": (lambda run: run["smalti_ladder"].get("eta_coverage"), 0.88, 0.92),
}


def runs_of(figures: dict[str, Any]) -> Iterator[tuple[str, str, Run]]:
    """In the order in which the demands are known, however many files they come from."""
    known = [
        *(name for name in SOURCES if name in figures),
        *sorted(figures.keys() - SOURCES.keys()),
    ]
    for demand in known:
        for load, run in figures[demand].items():
            yield demand, load, run


def table(figures: dict[str, Any], columns: Columns) -> list[str]:
    """In Markdown, a line for each run."""
    heads = ["demand", "load", *(name for name, _ in columns)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for demand, load, run in runs_of(figures):
        cells = [demand, load, *(cell(run) for _, cell in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def with_table(page: list[str], lines: list[str]) -> list[str]:
    """The page with these in place of the table that begins as they do."""
    first = page.index(lines[0])
    last = next(i for i in range(first, len(page) + 1) if i == len(page) or not page[i])
    return page[:first] + lines + page[last:]


def reached(figures: dict[str, Any]) -> dict[str, dict[str, int]]:
    found = {}
    for name, (figure, least, most) in AIMS.items():
        known = [
            (f"{demand} at {load}", value)
            for demand, load, run in runs_of(figures)
            if (value := figure(run)) is not None and AT.get(name, load) == load
        ]
        missed = [(run, value) for run, value in known if not least <= value <= most]
        values = [value for _, value in known]
        between = f"{min(values):.4g} to {max(values):.4g}" if values else "of no run"
        print(f"{name}: {between}; {len(known) - len(missed)} of {len(known)} runs reach it")
        for run, value in missed:
            print(f"    {run}: {value:.4g}")
        found[name] = {"reached": len(known) - len(missed), "of": len(known)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, help="the page that has the tables")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    for file in chosen.files:
        try:
            figures |= json.loads(file.read_text(encoding="utf-8"))["figures"]
        except (OSError, ValueError, LookupError) as error:
            sys.exit(f"{file} is not what bench/overload.py --json writes: {error}")
    tables = [table(figures, columns) for columns in (DELIVERED, PROMISED)]
    if chosen.into is None:
        print("\n\n".join("\n".join(lines) for lines in tables))
    else:
        page = chosen.into.read_text(encoding="utf-8").split("\n")
        for lines in tables:
            if lines[0] not in page:
                sys.exit(f"{chosen.into} has no table that begins with '{lines[0]}'.")
            page = with_table(page, lines)
        chosen.into.write_text("\n".join(page), encoding="utf-8")
    print(json.dumps({"bench": "overload_tables", "figures": reached(figures)}))


if __name__ == "__main__":
    main()
