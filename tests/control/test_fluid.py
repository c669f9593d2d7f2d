"""The fluid model, against its slow twin and against small steps of time."""

from __future__ import annotations

import pytest
from control import slow_fluid
from hypothesis import assume, given
from hypothesis import strategies as st

from smalti.control.crowds import UNTIL_S
from smalti.control.fluid import Course, Rival

RATES = st.lists(st.floats(0, 3), min_size=len(UNTIL_S), max_size=len(UNTIL_S))


def rivals_of(most: float) -> st.SearchStrategy[list[Rival]]:
    """With up to so much work waiting; a tenth of that or more, or none."""
    waiting = st.floats(0, most).map(lambda w: 0.0 if w < most / 10 else w)
    return st.lists(st.tuples(st.floats(0.5, 20), waiting, RATES), max_size=4)


WEIGHTS = st.floats(0.5, 20)


def always(weight: float, waiting: float, arriving: float) -> Rival:
    return weight, waiting, (arriving,) * len(UNTIL_S)


@given(rivals_of(50), WEIGHTS)
def test_the_rate_is_shared_out_and_nobody_gets_more_than_he_can_use(
    rivals: list[Rival], weight: float
) -> None:
    left = [waiting for _, waiting, _ in rivals]
    mine, theirs = slow_fluid.split(weight, rivals, left, 10.0)
    assert mine + sum(theirs) == pytest.approx(10.0)
    for (its_weight, waiting, arriving), its in zip(rivals, theirs, strict=True):
        if waiting == 0:
            assert its <= arriving[0] + 1e-9
        else:
            assert its / its_weight == pytest.approx(mine / weight)


@given(rivals_of(50), WEIGHTS, st.floats(1, 100))
def test_small_steps_take_as_long(rivals: list[Rival], weight: float, work: float) -> None:
    """While the first rates are expected; beyond, from event to event."""
    told_s = Course(weight, rivals, 10.0).seconds(work)
    assume(told_s <= UNTIL_S[0])
    left, done, now, step = [waiting for _, waiting, _ in rivals], 0.0, 0.0, told_s / 2000
    while done < work:
        mine, theirs = slow_fluid.split(weight, rivals, left, 10.0)
        done += mine * step
        for i, (_, _, arriving) in enumerate(rivals):
            if left[i] > 0:
                left[i] = max(left[i] + (arriving[0] - theirs[i]) * step, 0.0)
        now += step
    assert now == pytest.approx(told_s, rel=0.01)


@given(rivals_of(5000), WEIGHTS, st.floats(1, 100_000), st.floats(0, 5), RATES)
def test_from_event_to_event_it_takes_as_long(
    rivals: list[Rival], weight: float, work: float, passing: float, own: list[float]
) -> None:
    """Hours ahead too, where other rates are expected."""
    told_s = Course(weight, rivals, 10.0, own).seconds(work, passing)
    assert told_s == pytest.approx(
        slow_fluid.seconds(weight, rivals, 10.0, work, passing, own), rel=1e-6
    )


@given(rivals_of(5000), WEIGHTS)
def test_what_is_contested_is_what_is_served_until_nobody_else_waits(
    rivals: list[Rival], weight: float
) -> None:
    told = Course(weight, rivals, 10.0).contested()
    assert told == pytest.approx(slow_fluid.contested(weight, rivals, 10.0), rel=1e-6)


def test_who_is_alone_has_it_all() -> None:
    assert Course(1.0, [], 10.0).seconds(50.0) == 5.0
    assert Course(1.0, [], 10.0).seconds(0.0) == 0.0
    assert Course(1.0, [], 0.0).seconds(1.0) == float("inf")
    assert Course(1.0, [], 10.0).contested() == 0.0


def test_what_arrives_for_a_heavier_class_goes_first_up_to_its_share() -> None:
    modest = [always(20.0, 0.0, 4.0)]
    assert Course(1.0, modest, 10.0).seconds(60.0) == pytest.approx(10.0)
    greedy = [always(4.0, 0.0, 100.0)]
    assert Course(1.0, greedy, 10.0).seconds(60.0) == pytest.approx(30.0)


def test_a_crowd_goes_when_it_is_expected_to() -> None:
    """A tenth of the rate for five minutes, then all of it."""
    crowd = [(9.0, 0.0, (100.0, 0.0, 0.0, 0.0, 0.0))]
    course = Course(1.0, crowd, 10.0)
    assert course.seconds(300.0) == pytest.approx(300.0)
    assert course.seconds(1300.0) == pytest.approx(400.0)


@given(rivals_of(50), WEIGHTS, st.lists(st.floats(0, 100), max_size=5))
def test_what_was_asked_before_changes_nothing(
    rivals: list[Rival], weight: float, works: list[float]
) -> None:
    course = Course(weight, rivals, 10.0)
    for work in works:
        assert course.seconds(work) == Course(weight, rivals, 10.0).seconds(work)
