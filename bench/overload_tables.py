"""The tables of the docs, from `bench/overload.py --json`; and which aims are reached.

    python bench/overload_tables.py overload.json [more.json …] \\
        [--into docs/overload.md docs/measured.md]

Three tables: the aims, and in how many runs each is reached; what was delivered; what was promised.
With `--into` they are replaced in the pages that have them, else they are printed. Then it says
of each aim which runs do not reach it. The last line is JSON: by aim, in how many runs it is
`reached`, `of` those that have such a figure.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

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


class Aim(NamedTuple):
    """words: for the page. figure: of a run. least, most: between what it should be."""

    words: str
    figure: Callable[[Run], float | None]
    least: float
    most: float

    @property
    def bounds(self) -> str:
        if math.isinf(self.most):
            return f"at least {self.least:g}"
        return f"{self.least:g} to {self.most:g}" if self.least else f"at most {self.most:g}"


def _at_most(most: float, words: str, figure: Callable[[Run], float | None]) -> Aim:
    return Aim(words, figure, 0.0, most)


def _at_least(least: float, words: str, name: str) -> Aim:
    return Aim(words, lambda run: told(run, name), least, math.inf)


def _covered(words: str, name: str, policy: str = "smalti") -> Aim:
    return Aim(words, lambda run: run[policy].get(name), 0.88, 0.92)


def _off(words: str, name: str, over: str = "") -> Aim:
    return _at_most(0.15, words, lambda run: told(run, name, over))


AT = {"p95_over_unloaded": "10x"}
"""An aim that is for one load."""
AIMS: dict[str, Aim] = {
    "goodput": _at_least(0.95, "work delivered within its promise (goodput)", "goodput"),
    "promises_broken": _at_most(0.1, "promises broken, over first come's", _beside_first_come),
    "p95_over_promise": _at_most(1.0, "p95 wait over the promise, of the slowest tier", _slowest),
    "p95_over_unloaded": _at_most(
        1.2, "p95 of a tier within its share, over what it is alone; at 10x", _longer
    ),
    "jain": _at_least(0.98, "Jain's index of equal users who all wait", "jain"),
    "share_error": _at_most(
        0.05, "shares of tiers that wait, off the weights by", lambda run: told(run, "share_error")
    ),
    "attempts": _at_most(1.05, "attempts a request", lambda run: told(run, "attempts")),
    "eta_coverage": _covered("jobs that ended within p90", "eta_coverage"),
    "eta_coverage_start": _covered("jobs that had their slot within p90", "eta_coverage_start"),
    "eta_error": _off("p50 of the start, off by this part of the wait", "eta_error"),
    "eta_error_s": _off("the same in seconds, over the mean wait", "eta_error_s", "wait_s"),
    "eta_error_end": _off("p50 of the end, off by this part of the time", "eta_error_end"),
    "eta_error_end_s": _off("the same in seconds, over the mean", "eta_error_end_s", "end_s"),
    "over_formulas": _at_most(
        0.5, "error of p50 over the better formula's", _beside_formulas("eta_error")
    ),
    "over_formulas_s": _at_most(
        0.5, "the same in seconds", _beside_formulas("eta_error_s", "wait_s")
    ),
    "over_formulas_end": _at_most(0.5, "the same of the end", _beside_formulas("eta_error_end")),
    "ladder_eta_coverage": _covered(
        "jobs that ended within p90, with the ladder", "eta_coverage", "smalti_ladder"
    ),
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


class Reached(NamedTuple):
    """values: of the runs that have such a figure. missed: those that do not reach the aim."""

    values: list[float]
    missed: list[tuple[str, float]]

    @property
    def runs(self) -> int:
        return len(self.values) - len(self.missed)


def reached(figures: dict[str, Any]) -> dict[str, Reached]:
    found = {}
    for name, aim in AIMS.items():
        known = [
            (f"{demand} at {load}", value)
            for demand, load, run in runs_of(figures)
            if (value := aim.figure(run)) is not None and AT.get(name, load) == load
        ]
        missed = [(run, value) for run, value in known if not aim.least <= value <= aim.most]
        found[name] = Reached([value for _, value in known], missed)
    return found


def table_of_aims(found: dict[str, Reached]) -> list[str]:
    lines = ["| what | aim | least to most | middle run | reached |", "|---|---|---|---|---|"]
    for name, its in found.items():
        if its.values:
            between = f"{min(its.values):.3f} to {max(its.values):.3f}"
            middle = f"{statistics.median(its.values):.3f}"
        else:
            between = middle = "–"
        part = f"{its.runs} of {len(its.values)}"
        aim = AIMS[name]
        lines.append(f"| {aim.words} | {aim.bounds} | {between} | {middle} | {part} |")
    return lines


def replaced(pages: dict[Path, list[str]], lines: list[str]) -> None:
    """In the page that has a table that begins as these do. Raises LookupError."""
    for path, page in pages.items():
        if lines[0] in page:
            pages[path] = with_table(page, lines)
            return
    raise LookupError(
        f"{', '.join(map(str, pages))}: no table that begins with '{lines[0]}'. "
        "Name the page that has it too."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--into", type=Path, nargs="+", help="the pages that have the tables")
    chosen = parser.parse_args()
    figures: dict[str, Any] = {}
    for file in chosen.files:
        try:
            figures |= json.loads(file.read_text(encoding="utf-8"))["figures"]
        except (OSError, ValueError, LookupError) as error:
            sys.exit(f"{file} is not what bench/overload.py --json writes: {error}")
    found = reached(figures)
    tables = [table_of_aims(found), table(figures, DELIVERED), table(figures, PROMISED)]
    if chosen.into is None:
        print("\n\n".join("\n".join(lines) for lines in tables))
    else:
        try:
            pages = {path: path.read_text(encoding="utf-8").split("\n") for path in chosen.into}
            for lines in tables:
                replaced(pages, lines)
            for path, page in pages.items():
                path.write_text("\n".join(page), encoding="utf-8")
        except (OSError, LookupError) as error:
            sys.exit(str(error))
    for name, its in found.items():
        if its.missed:
            print(f"{name}:", ", ".join(f"{run} {value:.4g}" for run, value in its.missed))
    counts = {name: {"reached": r.runs, "of": len(r.values)} for name, r in found.items()}
    print(json.dumps({"bench": "overload_tables", "figures": counts}))


if __name__ == "__main__":
    main()
