"""Rungs are taken under load, one after another, and left slowly."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.ladder import (
    ENGAGE,
    ENGAGE_EVERY_S,
    RELEASE,
    RELEASE_AT_MOST_S,
    RELEASE_EVERY_S,
    Ladder,
    chosen,
)
from smalti.control.nouns import FULL, Offer

OFFERS = (Offer("partials", 256.0), Offer("quality", 144.0), Offer("size", 64.0))
RUNGS = ("partials", "guidance", "quality", "size")


@pytest.mark.parametrize(
    ("level", "rung"),
    [(0, FULL), (1, "partials"), (2, "partials"), (3, "quality"), (4, "size"), (9, "size")],
)
def test_the_last_rung_that_is_taken_and_that_the_model_has(level: int, rung: str) -> None:
    assert chosen(256.0, OFFERS, RUNGS, level).rung == rung


def test_who_does_not_want_less_gets_all() -> None:
    assert chosen(256.0, (), RUNGS, 4) == Offer(FULL, 256.0)


def test_a_tier_takes_only_its_own_rungs() -> None:
    assert chosen(256.0, OFFERS, ("partials",), 4).rung == "partials"


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 30)), max_size=80))
def test_one_rung_at_a_time_with_a_pause_and_never_past_the_last(
    steps: list[tuple[float, float]],
) -> None:
    ladder, now, before, changed_at = Ladder(), 1000.0, 0, 0.0
    for load, passed_s in steps:
        now += passed_s
        ladder.load_is("free", load, False, 3, now)
        level = ladder.level("free")
        assert 0 <= level <= 3
        if level > before:
            assert load >= ENGAGE and level == before + 1
        if level < before:
            assert load < RELEASE and now - changed_at >= RELEASE_EVERY_S
        if level != before:
            assert before == 0 or now - changed_at >= min(ENGAGE_EVERY_S, RELEASE_EVERY_S)
            changed_at = now
        before = level


def times_left(ladder: Ladder, until: float, enough: int) -> list[float]:
    """When rungs were left, by a class that is short of slots while it has taken fewer."""
    left, before = [], 0
    for second in range(int(until)):
        level = ladder.level("free")
        if level < before:
            left.append(float(second))
        before = level
        short = level < enough
        ladder.load_is("free", 0.0, short, 3, 1000.0 + second)
    return left


@pytest.mark.parametrize("enough", [1, 2, 3])
def test_a_rung_that_must_be_taken_again_is_left_later_each_time(enough: int) -> None:
    """The first and the last too."""
    left = times_left(Ladder(), 3000, enough)
    pauses = [b - a for a, b in pairwise(left)]
    assert pauses[0] < 2.5 * RELEASE_EVERY_S
    assert all(later >= pause for pause, later in pairwise(pauses))
    assert pauses[-1] == pytest.approx(RELEASE_AT_MOST_S, abs=ENGAGE_EVERY_S + 2)


def test_after_a_calm_it_is_tried_as_soon_as_before() -> None:
    ladder = Ladder()
    times_left(ladder, 3000, enough=2)
    for second in range(int(5 * RELEASE_AT_MOST_S)):
        ladder.load_is("free", 0.0, False, 3, 5000.0 + second)
    assert ladder.level("free") == 0
    again = 5000.0 + 5 * RELEASE_AT_MOST_S
    for second in range(10):
        ladder.load_is("free", 0.0, True, 3, again + second)
    assert ladder.level("free") == 3
    for second in range(10, 10 + int(RELEASE_EVERY_S) + 1):
        ladder.load_is("free", 0.0, False, 3, again + second)
    assert ladder.level("free") == 2


def test_the_last_rung_is_left_as_soon_as_it_was_long_enough_ago_that_it_was_taken() -> None:
    """However high the load was until now."""
    ladder = Ladder()
    for second in range(int(RELEASE_EVERY_S)):
        ladder.load_is("free", 2.0, False, 1, 1000.0 + second)
    assert ladder.level("free") == 1
    ladder.load_is("free", 0.0, False, 1, 1000.0 + RELEASE_EVERY_S)
    assert ladder.level("free") == 0


def test_nothing_is_left_while_anybody_is_refused() -> None:
    ladder = Ladder()
    for second in range(1000):
        ladder.load_is("free", 0.0, True, 3, 1000.0 + second)
    assert ladder.level("free") == 3


def test_between_the_bounds_nothing_changes() -> None:
    ladder = Ladder()
    ladder.load_is("free", 1.0, False, 3, 1000.0)
    assert ladder.level("free") == 1
    for second in range(1, 100):
        ladder.load_is("free", (ENGAGE + RELEASE) / 2, False, 3, 1000.0 + second)
    assert ladder.level("free") == 1
    assert ladder.level("pro") == 0


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_leaves_no_rung_sooner(by_s: float) -> None:
    """Rungs were taken as long ago as before."""
    ladder, now = Ladder(), 1000.0
    ladder.load_is("free", ENGAGE, False, 3, now)
    ladder.load_is("free", ENGAGE, False, 3, now := now + ENGAGE_EVERY_S)
    ladder.clock_set(by_s)
    now += by_s
    ladder.load_is("free", ENGAGE, False, 3, now + 0.9 * ENGAGE_EVERY_S)
    ladder.load_is("free", 0.0, False, 3, now + 0.9 * RELEASE_EVERY_S)
    assert ladder.level("free") == 2
    ladder.load_is("free", 0.0, False, 3, now + RELEASE_EVERY_S)
    assert ladder.level("free") == 1
