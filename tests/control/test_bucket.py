"""A share that fills up while it is not used."""

from __future__ import annotations

import pytest
from control.asks import NOON
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.bucket import Bucket


def test_it_is_full_at_first_and_fills_up_again() -> None:
    bucket = Bucket()
    assert bucket.left(2.0, 60.0, NOON) == 60.0
    bucket.take(50.0, 2.0, 60.0, NOON)
    assert bucket.left(2.0, 60.0, NOON) == 10.0
    assert bucket.left(2.0, 60.0, NOON + 5) == 20.0
    assert bucket.left(2.0, 60.0, NOON + 1000) == 60.0


def test_it_is_overdrawn_by_its_most_and_no_further() -> None:
    bucket = Bucket()
    for _ in range(10):
        bucket.take(50.0, 2.0, 60.0, NOON)
    assert bucket.left(2.0, 60.0, NOON) == -60.0
    assert bucket.left(2.0, 60.0, NOON + 30) == 0.0


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    bucket = Bucket()
    bucket.take(60.0, 2.0, 60.0, NOON)
    bucket.take(0.0, 2.0, 60.0, NOON - 3600)
    assert bucket.left(2.0, 60.0, NOON) == 0.0
    assert bucket.left(2.0, 60.0, NOON + 10) == 20.0


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_while_the_clock_is_set_nothing_fills_up(by_s: float) -> None:
    bucket = Bucket()
    bucket.take(60.0, 2.0, 60.0, NOON)
    bucket.clock_set(by_s)
    assert bucket.left(2.0, 60.0, NOON + by_s) == 0.0
    assert bucket.left(2.0, 60.0, NOON + by_s + 10) == 20.0


@given(takes=st.lists(st.tuples(st.floats(0, 20), st.floats(0.5, 10)), max_size=60))
def test_who_takes_what_is_left_has_no_more_than_the_rate_and_the_most(
    takes: list[tuple[float, float]],
) -> None:
    bucket, now, taken = Bucket(), NOON, 0.0
    for after_s, amount in takes:
        now += after_s
        if amount <= bucket.left(2.0, 60.0, now):
            bucket.take(amount, 2.0, 60.0, now)
            taken += amount
        assert taken <= 60.0 + 2.0 * (now - NOON) + 1e-6


def test_what_is_given_back_can_be_taken_again() -> None:
    bucket = Bucket()
    bucket.take(60.0, per_s=1.0, most=100.0, now=0.0)
    bucket.give_back(60.0)
    assert bucket.left(1.0, 100.0, now=0.0) == 100.0
    bucket.give_back(60.0)
    assert bucket.left(1.0, 100.0, now=0.0) == 100.0


@given(
    takes=st.lists(st.tuples(st.floats(-2, 5), st.floats(0, 3), st.booleans()), max_size=60),
    most=st.floats(0.5, 20),
)
def test_however_little_is_taken_it_counts(
    takes: list[tuple[float, float, bool]], most: float
) -> None:
    """Beside a level that rises and falls; some of what is taken is given back at once."""
    bucket, now, latest, level = Bucket(), NOON, 0.0, most
    for after_s, amount, returned in takes:
        now += after_s
        level, latest = min(level + 0.5 * max(now - latest, 0.0), most), max(now, latest)
        assert bucket.left(0.5, most, now) == pytest.approx(level, abs=1e-6)
        bucket.take(amount, 0.5, most, now)
        if returned:
            bucket.give_back(amount)
        else:
            level = max(level - amount, -most)
