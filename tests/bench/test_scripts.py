"""The scripts of `bench/`, as they are started: with little to do, and with what they cannot do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def started(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=BENCH, capture_output=True, text=True, timeout=120)


def figures(*words: object) -> Any:
    """Of the last line."""
    done = started(*words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])["figures"]


@pytest.mark.parametrize(
    "words",
    [
        ("foresight.py", "--runs", "nobody:1"),
        ("foresight.py", "--data", "nowhere", "--runs", "mooncake"),
        ("overload.py", "--fleet", "nowhere.json"),
        ("overload.py", "--demands", "nobody"),
        ("overload_day.py", "--data", "nowhere"),
        ("overload_tables.py", "nowhere.json"),
        ("queue.py", "--waiting", 10),
        ("replay.py", "--requests", 1),
    ],
)
def test_what_they_cannot_do_is_said_in_a_line(words: tuple[object, ...]) -> None:
    done = started(*words)
    assert done.returncode in (1, 2)
    assert done.stderr.strip() and "Traceback" not in done.stderr


def test_where_nobody_waits_nothing_is_foreseen() -> None:
    found = figures("foresight.py", "--runs", "equal_users:0.1", "--jobs", 1, "--futures", 1)
    assert found == {"equal_users:0.1": {"told": None, "resampled": None, "times_known": None}}


def test_every_demand_is_decided_in_four_ways(tmp_path: Path) -> None:
    written = tmp_path / "overload.json"
    words = ("--demands", "equal_users", "--loads", 0.5, "--json", written)
    found = figures("overload.py", *words)
    policies = found["equal_users"]["0.5x"]
    assert policies.keys() == {"smalti", "smalti_ladder", "fcfs", "round_robin", "priority"}
    told = {"goodput", "p95_over_promise", "promises_broken", "jain", "share_error",
            "eta_coverage", "eta_error", "attempts"}  # fmt: skip
    assert all(told <= each.keys() for each in policies.values())

    before, pages = [], [tmp_path / "overload.md", tmp_path / "measured.md"]
    for page in pages:
        text = (BENCH.parent / "docs" / page.name).read_text(encoding="utf-8")
        page.write_text(text, encoding="utf-8")
        before += text.splitlines()
    reached = figures("overload_tables.py", written, "--into", *pages)
    assert reached["goodput"] == reached["promises_broken"] == {"reached": 1, "of": 1}
    after = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    rows = [line for line in after if line.startswith("| equal_users |")]
    assert [row.split(" | ")[1:3] for row in rows] == [["0.5x", "1.000"], ["0.5x", "0.0000"]]
    aims = [line for line in after if _is_aim(line)]
    assert len(aims) == len(reached) == sum(map(_is_aim, before))
    assert "| at least 0.95 | 1.000 to 1.000 | 1.000 | 1 of 1 |" in aims[0]
    assert [line for line in after if line not in rows and line not in aims] == [
        line for line in before if not _is_run(line) and not _is_aim(line)
    ]


def _is_run(line: str) -> bool:
    """Of one of the two tables of runs."""
    cells = line.split(" | ")
    return len(cells) > 4 and cells[1] in ("1x", "2x", "4x", "10x")


def _is_aim(line: str) -> bool:
    return bool(re.search(r"\| \d+ of \d+ \|$", line))


def test_a_day_is_told_of_smalti_and_of_first_come_first_served() -> None:
    found = figures("overload_day.py", "--demand", "equal_users", "--load", 0.5)
    assert found.keys() == {"smalti", "fcfs"}
    for its in found.values():
        assert its["asked"] * 0.98 < its["drawn"] <= its["asked"]
        assert 0 < its["most_waiting"] < its["asked"]
        assert its["p95_wait_s"].keys() == {"team"}
