"""The fluid model, against small steps of time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.fluid import Course, Rival, level_of

RIVALS = st.lists(
    st.tuples(
        st.floats(0.5, 20),
        st.floats(0, 50).map(lambda w: 0.0 if w < 5 else w),
        st.floats(0, 3),
    ),
    max_size=4,
)


def split(weight: float, rivals: list[Rival], left: list[float]) -> tuple[float, list[float]]:
    """What a class gets of a rate of 10, and what each of its rivals gets."""
    level = level_of(weight, rivals, left, 10.0)
    theirs = [
        level * its_weight if waiting > 0 else min(arriving, level * its_weight)
        for (its_weight, _, arriving), waiting in zip(rivals, left, strict=True)
    ]
    return level * weight, theirs


def split_alone(weight: float, rivals: list[Rival]) -> float:
    """What a class gets when nobody else has work waiting."""
    return split(weight, rivals, [0.0] * len(rivals))[0]


@given(RIVALS, st.floats(0.5, 20))
def test_the_rate_is_shared_out_and_nobody_gets_more_than_he_can_use(
    rivals: list[Rival], weight: float
) -> None:
    left = [waiting for _, waiting, _ in rivals]
    mine, theirs = split(weight, rivals, left)
    assert mine + sum(theirs) == pytest.approx(10.0)
    for (its_weight, waiting, arriving), its in zip(rivals, theirs, strict=True):
        if waiting == 0:
            assert its <= arriving + 1e-9
        else:
            assert its / its_weight == pytest.approx(mine / weight)


@given(RIVALS, st.floats(0.5, 20), st.floats(1, 100))
def test_small_steps_take_as_long(rivals: list[Rival], weight: float, work: float) -> None:
    told_s = Course(weight, rivals, 10.0).seconds(work)
    left, done, now, step = [waiting for _, waiting, _ in rivals], 0.0, 0.0, told_s / 2000
    while done < work:
        mine, theirs = split(weight, rivals, left)
        done += mine * step
        for i, (_, _, arriving) in enumerate(rivals):
            if left[i] > 0:
                left[i] = max(left[i] + (arriving - theirs[i]) * step, 0.0)
        now += step
    assert now == pytest.approx(told_s, rel=0.01)


@given(RIVALS, st.floats(0.5, 20))
def test_what_is_contested_is_what_is_served_until_nobody_else_waits(
    rivals: list[Rival], weight: float
) -> None:
    left, done = [waiting for _, waiting, _ in rivals], 0.0
    while any(left):
        mine, theirs = split(weight, rivals, left)
        loses = [
            its - arriving if waiting > 0 else 0.0
            for (_, _, arriving), waiting, its in zip(rivals, left, theirs, strict=True)
        ]
        ends_s = [waiting / off for waiting, off in zip(left, loses, strict=True) if off > 0]
        if not ends_s:
            done = math.inf  # somebody waits for ever
            break
        step_s = min(ends_s)
        done += mine * step_s
        left = [
            0.0 if off > 0 and waiting / off == step_s else max(waiting - off * step_s, 0.0)
            for waiting, off in zip(left, loses, strict=True)
        ]
    course = Course(weight, rivals, 10.0)
    assert course.contested() == pytest.approx(done)
    if 0 < done < math.inf:
        until_s = course.seconds(done)
        more_s = course.seconds(done + 1.0) - until_s
        alone = split_alone(weight, rivals)
        assert more_s == pytest.approx(1.0 / alone, abs=1e-9 * until_s)


def test_who_is_alone_has_it_all() -> None:
    assert Course(1.0, [], 10.0).seconds(50.0) == 5.0
    assert Course(1.0, [], 10.0).seconds(0.0) == 0.0
    assert Course(1.0, [], 0.0).seconds(1.0) == float("inf")


def test_what_arrives_for_a_heavier_class_goes_first_up_to_its_share() -> None:
    modest = [(20.0, 0.0, 4.0)]
    assert Course(1.0, modest, 10.0).seconds(60.0) == pytest.approx(10.0)
    greedy = [(4.0, 0.0, 100.0)]
    assert Course(1.0, greedy, 10.0).seconds(60.0) == pytest.approx(30.0)


@given(RIVALS, st.floats(0.5, 20), st.lists(st.floats(0, 100), max_size=5))
def test_what_was_asked_before_changes_nothing(
    rivals: list[Rival], weight: float, works: list[float]
) -> None:
    course = Course(weight, rivals, 10.0)
    for work in works:
        assert course.seconds(work) == Course(weight, rivals, 10.0).seconds(work)
