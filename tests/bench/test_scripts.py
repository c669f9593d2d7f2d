"""The scripts of `bench/`, as they are started: with little to do, and with what they cannot do."""

from __future__ import annotations

import json
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


def test_every_demand_is_decided_in_four_ways() -> None:
    found = figures("overload.py", "--demands", "equal_users", "--loads", 0.5)
    policies = found["equal_users"]["0.5x"]
    assert policies.keys() == {"smalti", "smalti_ladder", "fcfs", "round_robin", "priority"}
    told = {"goodput", "p95_over_promise", "promises_broken", "jain", "share_error",
            "eta_coverage", "eta_error", "attempts"}  # fmt: skip
    assert all(told <= each.keys() for each in policies.values())


def test_a_day_is_told_of_smalti_and_of_first_come_first_served() -> None:
    found = figures("overload_day.py", "--demand", "equal_users", "--load", 0.5)
    assert found.keys() == {"smalti", "fcfs"}
    for its in found.values():
        assert its["asked"] * 0.98 < its["drawn"] <= its["asked"]
        assert 0 < its["most_waiting"] < its["asked"]
        assert its["p95_wait_s"].keys() == {"team"}
