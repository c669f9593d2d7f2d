"""A silent worker that is not let run is not taken for one that hangs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from smalti.fleet.starvation import CpuWatch

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[CpuWatch, Path]:
    stat = tmp_path / "stat"
    write(stat, "S", 1.0)
    watch = CpuWatch(os.getpid())
    monkeypatch.setattr(watch, "_file", stat)
    watch.starved(1.0)
    return watch, stat


def write(stat: Path, state: str, used_s: float) -> None:
    """As the kernel writes it, with a name that holds what would confuse a careless reader."""
    numbers = " ".join(["0"] * 10)
    stat.write_text(f"7 (a) (b c) {state} {numbers} {int(used_s * TICKS)} 0 0 0 20 0 1")


@pytest.mark.parametrize(
    ("state", "given_s", "starved"),
    [
        ("R", 0.1, True),  # wants to run, is hardly let
        ("R", 0.9, False),  # runs, and says nothing: it hangs
        ("S", 0.0, False),  # waits for something that does not come
        ("T", 0.0, False),  # was stopped
        ("D", 0.0, False),  # waits for a device
    ],
)
def test_only_a_process_that_wants_to_run_can_starve(
    watch: tuple[CpuWatch, Path], state: str, given_s: float, starved: bool
) -> None:
    cpu, stat = watch
    write(stat, state, 1.0 + given_s)
    assert cpu.starved(1.0) is starved


def test_a_process_that_is_gone_is_not_starved(watch: tuple[CpuWatch, Path]) -> None:
    cpu, stat = watch
    stat.unlink()
    assert not cpu.starved(1.0)


def test_a_real_process_is_read() -> None:
    assert not CpuWatch(os.getpid()).starved(0.0)
