"""Limits that follow the load."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Limit
from smalti.control.accounts import Accounts
from smalti.control.breathing import OPENS_IN_S, WIDE, Breath, breadth
from smalti.control.gauges import Gauge

NOON = 1_800_000_000.0


def test_before_anything_is_told_it_is_open() -> None:
    assert Breath().open == WIDE


@pytest.mark.parametrize(
    ("load", "value"),
    [(0.0, 50), (0.5, 50), (0.75, 26), (0.9, 12), (1.0, 3), (7.0, 3), (-1.0, 50)],
)
def test_it_shuts_at_once(load: float, value: int) -> None:
    breath = Breath()
    breath.load_is(load, NOON)
    assert breadth(3, 50, breath.open) == value


def test_it_lifts_by_itself_and_smoothly() -> None:
    breath = Breath()
    breath.load_is(1.0, NOON)
    values = []
    for minute in range(1, 12):
        breath.load_is(0.0, NOON + minute * 60)
        values.append(breadth(3, 53, breath.open))
    assert values == [8, 13, 18, 23, 28, 33, 38, 43, 48, 53, 53]


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(-100, 100)), max_size=30))
def test_it_never_rises_faster_nor_leaves_its_bounds(steps: list[tuple[float, float]]) -> None:
    breath, now, before = Breath(), NOON, WIDE
    breath.load_is(0.0, now)
    for load, seconds in steps:
        now += seconds
        breath.load_is(load, now)
        assert 3 <= breadth(3, 50, breath.open) <= 50
        assert breath.open <= before + max(seconds, 0.0) / OPENS_IN_S * WIDE + 1
        before = breath.open


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, WIDE), st.integers(0, WIDE))
def test_the_value_rises_with_how_far_it_is_open(floor: int, more: int, one: int, two: int) -> None:
    low, high = sorted((one, two))
    assert floor == breadth(floor, floor + more, 0)
    assert breadth(floor, floor + more, low) <= breadth(floor, floor + more, high)
    assert breadth(floor, floor + more, WIDE) == floor + more


def test_only_limits_with_a_range_breathe() -> None:
    kept = Accounts([("user", "images"), ("user", "device_s")])
    assert Gauge("free", Limit(9, 60, "min"), kept).most_at(0) == 9
    assert Gauge("free", Limit(9, 60, "min", floor=2), kept).most_at(0) == 2
    seconds = Limit(9, 60, "min", "user", "device_s", 2)
    assert Gauge("free", seconds, kept).most_at(WIDE // 2) == 5000


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_opens_it_no_further_and_keeps_it_no_longer_shut(by_s: float) -> None:
    breath = Breath()
    breath.clock_set(by_s)
    breath.load_is(1.0, NOON)
    breath.load_is(0.0, NOON + OPENS_IN_S / 4)
    breath.clock_set(by_s)
    breath.load_is(0.0, NOON + OPENS_IN_S / 2 + by_s)
    assert breath.open == WIDE // 2
