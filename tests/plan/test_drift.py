"""Speeds that change, against a clock of ticks; and what is measured of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_runs import STEP_S, recorded_run

from smalti.plan.device import Device
from smalti.plan.drift import EVEN, Drift
from smalti.plan.fleet import FleetSpec
from smalti.plan.measured import measured_fleet

TICK_S = 0.001
speeds = st.lists(st.sampled_from((0.5, 0.8, 1.0, 1.25, 2.0)), min_size=1, max_size=4)
times = st.integers(-20, 60).map(lambda tenths: tenths / 10)


def drawn_by_ticks(drift: Drift, since: float, until: float) -> float:
    """Of each tick, what is drawn at the speed that holds in its middle."""
    drawn_s = 0.0
    for tick in range(round((until - since) / TICK_S)):
        k = int((since + (tick + 0.5) * TICK_S - drift.start_s) // drift.every_s)
        drawn_s += TICK_S * drift.speeds[min(max(k, 0), len(drift.speeds) - 1)]
    return drawn_s


@given(speeds, times, times)
def test_what_is_drawn_is_what_ticks_draw(drawn: list[float], one: float, other: float) -> None:
    drift = Drift(tuple(drawn), every_s=1.1, start_s=0.3)
    since, until = min(one, other), max(one, other)
    drawn_s = drift.drawn_s(since, until)
    assert drawn_s == pytest.approx(drawn_by_ticks(drift, since, until), abs=0.01)
    assert drift.end(since, drawn_s) == pytest.approx(until)
    assert sum(part_s for _, part_s in drift.parts(since, until)) == pytest.approx(until - since)


def test_with_no_speeds_a_second_is_a_second() -> None:
    assert EVEN.drawn_s(2.0, 5.0) == 3.0
    assert EVEN.end(2.0, 3.0) == 5.0


def test_on_a_clock_that_begins_later_it_is_the_same() -> None:
    drift = Drift((1.0, 2.0), every_s=10.0, start_s=100.0)
    assert drift.since(95.0).drawn_s(10.0, 20.0) == drift.drawn_s(105.0, 115.0) == 15.0


def test_a_device_is_as_fast_as_its_drift_says_and_uses_the_seconds_of_the_clock() -> None:
    device = Device(0, FleetSpec(1, (0.1, 0.2), 0.0, Drift((1.0, 0.5), every_s=1.0)))
    assert device.put(0, 15.0, 0.0) == pytest.approx(2.0)  # 10 steps in the first second
    device.put(1, 15.0, 0.0)
    assert device.next_end(0.0) == pytest.approx(1.0 + 10 * 0.2 / 0.5)
    _, device_s = device.take(device.next_end(0.0))
    assert device_s == pytest.approx(2.5)


def test_the_speed_of_each_stretch_is_measured() -> None:
    drift = Drift((1.2, 0.7, 1.1), every_s=20.0, start_s=1_800_000_000.0)
    entries = recorded_run(requests=120, load=2.0, fleet=FleetSpec(1, STEP_S, 0.0, drift))
    fleet = measured_fleet(entries, every_s=20.0)
    steps = [step / fleet.drift.speeds[0] for step in fleet.step_s]
    assert steps[3] == pytest.approx(STEP_S[3] / 1.2, rel=0.05)
    shown = [speed / fleet.drift.speeds[0] for speed in fleet.drift.speeds[:3]]
    assert shown == pytest.approx([1.0, 0.7 / 1.2, 1.1 / 1.2], rel=0.05)
    assert fleet.spread < 0.05 < measured_fleet(entries, every_s=1e6).spread
