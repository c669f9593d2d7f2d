"""When a slot is free, against a simulation; and what is learnt of the pace."""

from __future__ import annotations

import heapq
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.fair import Run, User
from smalti.control.lanes import slot_after
from smalti.control.pace import Pace

USER = User("ann", None)


def runs(*since: float) -> list[Run]:
    return [Run("job", USER, 10.0, 0.0, at) for at in since]


@given(
    st.integers(0, 40),
    st.lists(st.integers(0, 9), max_size=6),
    st.integers(1, 6),
)
def test_slots_are_free_when_a_simulation_says_so(ahead: int, ages: list[int], slots: int) -> None:
    """Every picture takes 10 s."""
    ages.sort(reverse=True)
    pace = Pace(1.0)
    ends = sorted(10.0 - age for age in ages)
    free_at = ends[max(0, len(ends) - slots) :] if len(ends) >= slots else ends
    lanes = [0.0] * max(0, slots - len(ends)) + free_at
    heapq.heapify(lanes)
    for _ in range(ahead):
        heapq.heapreplace(lanes, lanes[0] + 10.0)
    told = slot_after(ahead, runs(*(-age for age in ages)), len(ages), slots, pace, 10.0, 0.0)
    assert told == pytest.approx(lanes[0])


@pytest.mark.parametrize("since", [-1000.0, 1000.0])
def test_a_clock_that_jumped_makes_no_wait_absurd(since: float) -> None:
    told = slot_after(0, runs(since), 1, 1, Pace(1.0), 10.0, 0.0)
    assert 1.0 <= told <= 10.0


def test_without_slots_somebody_still_gets_an_answer() -> None:
    assert slot_after(2, runs(), 0, 0, Pace(1.0), 10.0, 0.0) == pytest.approx(20.0)


def test_the_pace_is_the_mean_and_follows_a_change() -> None:
    pace = Pace(5.0)
    for value in (1.0, 2.0, 3.0):
        pace.saw(value)
    assert pace.mean == pytest.approx(2.0)
    assert pace.spread == pytest.approx(math.sqrt(2 / 3))
    for _ in range(60):
        pace.saw(9.0)
    assert pace.mean == pytest.approx(9.0, rel=0.01)


@given(st.lists(st.floats(), max_size=30))
def test_no_measurement_breaks_the_pace(values: list[float]) -> None:
    pace = Pace(1.0)
    for value in values:
        pace.saw(value)
    assert 1e-3 <= pace.mean <= 1e2
    assert 0 < pace.spread <= 1e3


def test_one_absurd_time_is_not_believed() -> None:
    pace = Pace(1.0)
    for _ in range(20):
        pace.saw(2.0)
    pace.saw(1e9)
    assert pace.mean < 4.0
