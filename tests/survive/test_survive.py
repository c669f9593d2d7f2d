"""What survives `kill -9`, a few times; `bench/survive.py` does it a hundred times."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench" / "survive.py"


@pytest.mark.survive
def test_nothing_is_lost_or_drawn_twice_and_no_limit_is_exceeded() -> None:
    run = subprocess.run(
        [sys.executable, str(BENCH), "--kills", "5", "--seed", "3"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout.splitlines()[-1])["figures"]
    assert (figures["lost"], figures["limits_exceeded"], figures["drawn_twice"]) == (0, 0, 0)
    assert figures["accepted"] >= 5 and figures["succeeded"] >= 1
    assert figures["killed_server"] >= 1
