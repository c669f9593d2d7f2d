"""Compiled or not, the same is decided and told, to the last bit. `make compiled` compiles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MADE = ROOT / ".compiled" / ".made"
ROOMS = ("control", "plan")


def decided(where: str, seed: int) -> dict[str, Any]:
    """By smalti as it lies in a folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / where)}
    script = Path(__file__).with_name("deciding.py")
    done = subprocess.run(
        [sys.executable, script, str(seed)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("seed", range(2))
def test_the_same_is_decided_and_told(seed: int) -> None:
    if not MADE.exists():
        pytest.skip("nothing is compiled: make compiled")
    sources = [path for room in ROOMS for path in (ROOT / "src" / "smalti" / room).glob("*.py")]
    if any(path.stat().st_mtime > MADE.stat().st_mtime for path in sources):
        pytest.skip("what is compiled is out of date: make compiled")
    plain, compiled = decided("src", seed), decided(".compiled", seed)
    assert (plain.pop("compiled"), compiled.pop("compiled")) == (False, True)
    assert plain == compiled
    assert plain["drawn"] > 1_000
    assert len(plain["rules"]) > 3 and len(plain["rungs"]) > 2
