"""How classes share a rate, and how one of them is served, against small steps of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

import pytest
from control import slow_fluid
from control.asks import NOON
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smalti.control.course import NOTHING_DUE, Course, Due
from smalti.control.crowds import UNTIL_S
from smalti.control.fluid import Party, shares

RATE = 10.0
RATES = st.lists(st.floats(0, 3), min_size=len(UNTIL_S), max_size=len(UNTIL_S))
WEIGHTS = st.floats(0.5, 20)
LEVELS = st.floats(-20, 100).map(lambda level: float(round(level)))


def parties_of(most: float) -> st.SearchStrategy[list[Party]]:
    """The first is the class itself. Each has up to so much work waiting; a tenth of that or more,
    or none."""
    waiting = st.floats(0, most).map(lambda w: 0.0 if w < most / 10 else w)
    return st.lists(st.builds(Party, WEIGHTS, waiting, RATES, LEVELS), min_size=1, max_size=5)


@st.composite
def due_of(draw: st.DrawFn, parties: int) -> Due:
    """A few deadlines, by each of which something more is due."""
    end_s, who = 0.0, st.sampled_from([str(i) for i in range(parties)])
    table = []
    for after_s in draw(st.lists(st.floats(0, 20), max_size=6)):
        end_s += after_s
        table.append((end_s, draw(st.dictionaries(who, st.floats(0.1, 60), max_size=2))))
    return due_by(table, parties)


def due_by(table: Sequence[tuple[float, Mapping[str, float]]], parties: int = 2) -> Due:
    places = {str(i): i for i in range(parties)}
    return Due([NOON + end_s for end_s, _ in table], [its for _, its in table], places, NOON)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Party], Due]:
    parties = draw(parties_of(200))
    return parties, draw(due_of(len(parties)))


def edge_s(due: Due) -> float:
    works = accumulate(sum(its.values()) for its in due.works)
    ends = (end - NOON for end in due.ends)
    return min((end - work / RATE for end, work in zip(ends, works, strict=True)), default=math.inf)


def course(parties: list[Party], due: Due = NOTHING_DUE) -> Course:
    return Course(parties, RATE, edge_s(due), due)


def always(weight: float, waiting: float, arriving: float, level: float = 0.0) -> Party:
    return Party(weight, waiting, (arriving,) * len(UNTIL_S), level)


OWN = always(1.0, 0.0, 0.0)


@given(parties_of(50))
def test_the_rate_is_shared_out_and_nobody_gets_more_than_he_can_use(parties: list[Party]) -> None:
    left = [its.waiting for its in parties]
    assume(any(left))
    arriving, levels = [its.arriving[0] for its in parties], [its.level for its in parties]
    low, rises, rates = shares(parties, left, arriving, levels, RATE)
    assert low == min(its.level for its in parties if its.waiting)
    assert sum(rates) == pytest.approx(RATE)
    for party, rate in zip(parties, rates, strict=True):
        if party.level > low:
            assert rate == 0.0
        elif party.waiting:
            assert rate / party.weight == pytest.approx(rises)
        else:
            assert rate <= min(party.arriving[0], rises * party.weight) + 1e-9


@settings(deadline=None, max_examples=60)
@given(situations(), st.floats(0, 100), st.floats(0, 5), st.sampled_from([0.0, 5.0, math.inf]))
def test_small_steps_take_as_long(
    situation: tuple[list[Party], Due], work: float, passing: float, debt: float
) -> None:
    parties, due = situation
    told_s = Course(parties, RATE, edge_s(due), due, debt=debt).seconds(work, passing)
    assume(told_s <= UNTIL_S[0])
    step_s = max(told_s, 1.0) / 2000
    slow_s = slow_fluid.seconds(parties, RATE, work, due, step_s, passing, debt)
    assert slow_s == pytest.approx(told_s, rel=0.02, abs=0.1)


@settings(deadline=None)
@given(situations(), st.lists(st.floats(0, 100), max_size=5))
def test_what_was_asked_before_changes_nothing(
    situation: tuple[list[Party], Due], works: list[float]
) -> None:
    parties, due = situation
    once = course(parties, due)
    for work in works:
        anew = course(parties, due)
        assert once.seconds(work) == anew.seconds(work)
        assert once.hurried(work) == anew.hurried(work) == course(parties, due).hurried(work)


@given(situations(), st.floats(0, 1))
def test_when_deadlines_are_looked_at_changes_nothing(
    situation: tuple[list[Party], Due], part: float
) -> None:
    """It need not be before the first of them can be in danger."""
    parties, due = situation
    calm_s = edge_s(due)
    soon = Course(parties, RATE, min(calm_s, part * 100 - 50), due)
    assert course(parties, due).seconds(50.0) == pytest.approx(soon.seconds(50.0))


def test_who_is_alone_has_it_all() -> None:
    assert course([OWN]).seconds(50.0) == 5.0
    assert course([OWN]).seconds(0.0) == 0.0
    assert Course([OWN], 0.0).seconds(1.0) == float("inf")


def test_what_arrives_for_a_heavier_class_goes_first_up_to_its_share() -> None:
    assert course([OWN, always(20.0, 0.0, 4.0)]).seconds(60.0) == pytest.approx(10.0)
    assert course([OWN, always(4.0, 0.0, 100.0)]).seconds(60.0) == pytest.approx(30.0)


def test_a_crowd_goes_when_it_is_expected_to() -> None:
    """A tenth of the rate for five minutes, then all of it."""
    crowd = Party(9.0, 0.0, (100.0, 0.0, 0.0, 0.0, 0.0))
    one = course([OWN, crowd])
    assert one.seconds(300.0) == pytest.approx(300.0)
    assert one.seconds(1300.0) == pytest.approx(400.0)


def test_who_was_served_too_much_waits_until_the_others_have_had_as_much() -> None:
    """The other has 20 tile-steps coming for its weight of two, and nobody waits for nobody."""
    own = always(1.0, 0.0, 0.0, level=10.0)
    assert course([own, always(2.0, 1000.0, 0.0)]).seconds(0.0) == pytest.approx(2.0)
    assert course([own, always(2.0, 1000.0, 0.0)]).seconds(10.0) == pytest.approx(5.0)
    assert course([own, always(2.0, 5.0, 0.0)]).seconds(10.0) == pytest.approx(1.5)
    assert course([own]).seconds(10.0) == pytest.approx(1.0)


def test_while_another_owes_it_gets_nothing() -> None:
    """All of the rate, until the other is short of as much; then each its half."""
    other = always(1.0, 1000.0, 0.0, level=50.0)
    assert course([OWN, other]).seconds(50.0) == pytest.approx(5.0)
    assert course([OWN, other]).seconds(60.0) == pytest.approx(7.0)


def test_who_owes_has_his_little_once_he_is_short_of_it() -> None:
    """After five seconds: half a tile-step a second that arrives, with what came meanwhile, or half
    of one that waits."""
    arrives = course([OWN, always(1.0, 0.0, 0.5, level=50.0)])
    assert arrives.seconds(50.0) == pytest.approx(5.0)
    assert arrives.seconds(145.0) == pytest.approx(145.0 / 9.5)
    waits = course([OWN, always(1.0, 0.5, 0.0, level=50.0)])
    assert waits.seconds(50.5) == pytest.approx(5.1)
    assert waits.seconds(60.0) == pytest.approx(6.05)


def test_what_is_due_goes_first_and_is_paid_back() -> None:
    """40 tile-steps of the other are due within four seconds; the two weigh the same."""
    one = course([OWN, always(1.0, 60.0, 0.0)], due_by([(4.0, {"1": 40.0})]))
    assert one.seconds(0.0) == pytest.approx(4.0)
    assert one.hurried(4.0) == (True, False)
    assert one.seconds(40.0) == pytest.approx(8.0)
    assert one.seconds(50.0) == pytest.approx(10.0)


def test_who_has_had_what_is_due_to_him_needs_no_more_of_it() -> None:
    """One of two others has its eight tile-steps after two seconds, and the other is due 40: from
    a third of a second after the third on it gets all of the rate."""
    parties = [always(2.0, 0.0, 0.0), always(4.0, 90.0, 0.0), always(4.0, 90.0, 0.0)]
    one = course(parties, due_by([(6.0, {"1": 8.0, "2": 40.0})], 3))
    assert one.seconds(6.0) == pytest.approx(3.0)
    assert one.hurried(3.3) == (False, False)
    assert one.hurried(3.4) == (True, False)
    assert one.seconds(10.0) == pytest.approx(7.0)


def test_own_work_that_is_due_is_served_with_it() -> None:
    """Half of it; and the fair order serves the rest of both."""
    one = course([OWN, always(1.0, 60.0, 0.0)], due_by([(4.0, {"0": 20.0, "1": 20.0})]))
    assert one.seconds(20.0) == pytest.approx(4.0)
    assert one.seconds(25.0) == pytest.approx(5.0)
    assert one.hurried(5.0) == (True, True)


def test_it_is_calm_until_the_fair_order_leaves_too_little_time() -> None:
    """The other gets half of ten a second, and has 40 due within six: from the fourth second on
    it gets all, for then 20 are left and two seconds to serve them."""
    one = course([OWN, always(1.0, 60.0, 0.0)], due_by([(6.0, {"1": 40.0})]))
    assert one.seconds(19.0) == pytest.approx(3.8)
    assert one.hurried(3.9) == (False, False)
    assert one.seconds(21.0) == pytest.approx(6.1)
    assert one.hurried(6.1) == (True, False)
    enough = course([OWN, always(1.0, 60.0, 0.0)], due_by([(8.0, {"1": 40.0})]))
    assert enough.seconds(39.0) == pytest.approx(7.8)
