"""The systemd unit, as systemd itself reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from smalti.config import TABLE

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = (DEPLOY / "smalti.service").read_text(encoding="utf-8")
ANALYZE = shutil.which("systemd-analyze")

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ANALYZE), *arguments], capture_output=True, text=True)


@needs_systemd
@pytest.mark.parametrize("cuda", [False, True])
def test_systemd_understands_it(tmp_path: Path, cuda: bool) -> None:
    program = shutil.which("true")
    assert program is not None
    unit = tmp_path / "smalti.service"
    unit.write_text(UNIT.replace("/opt/smalti/bin/smalti", program))
    if cuda:
        (tmp_path / "smalti.service.d").mkdir()
        shutil.copy(DEPLOY / "smalti-cuda.conf", tmp_path / "smalti.service.d" / "cuda.conf")
    said = analyze("verify", "--man=no", unit)
    ours = [line for line in said.stderr.splitlines() if "smalti" in line]
    assert (said.returncode, ours) == (0, [])


@needs_systemd
def test_it_is_hardened() -> None:
    said = analyze("security", "--offline=true", "--threshold=20", DEPLOY / "smalti.service")
    assert said.returncode == 0, said.stdout[-500:]


def test_it_waits_for_the_checkpoints_of_a_stop() -> None:
    grace = next(row.default for row in TABLE if row.name == "stop_grace_s")
    (patience,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.M)
    assert isinstance(grace, int)
    assert int(patience) >= 2 * grace + 10
    assert "KillMode=mixed" in UNIT  # the workers hear of a stop from the server


def test_it_allows_the_files_that_connections_need() -> None:
    connections = next(row.default for row in TABLE if row.name == "max_connections")
    (limit,) = re.findall(r"^LimitNOFILE=(\d+)$", UNIT, re.M)
    assert isinstance(connections, int)
    assert int(limit) >= connections + 256


def test_what_it_sets_are_settings() -> None:
    known = [row.variable for row in TABLE]
    for name in re.findall(r"^Environment=(SMALTI_\w+)=", UNIT, re.M):
        assert name in known
