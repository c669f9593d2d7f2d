"""Places that are kept: who was told when to come, and how much of it is to be expected."""

from __future__ import annotations

import pytest
from control.asks import NOON
from hypothesis import given
from hypothesis import strategies as st

from smalti.control import Claim
from smalti.control.appointments import KEPT_S, RULE, Appointments


def told(user: str, at: float) -> Claim:
    return Claim(user, RULE, 0, NOON + at, NOON + at + KEPT_S)


def test_a_place_is_for_as_much_as_was_asked_for() -> None:
    places = Appointments()
    places.keep(told("ann", 60.0), "free", 100.0)
    assert places.holds("ann", 100.0, NOON + 60.0)
    assert not places.holds("ann", 101.0, NOON + 60.0)
    assert not places.holds("ann", 100.0, NOON + 59.0)
    assert not places.holds("ann", 100.0, NOON + 60.0 + KEPT_S + 1.0)
    assert not places.holds("ben", 1.0, NOON + 60.0)


def test_whether_there_is_any_place_for_him() -> None:
    kept = Appointments()
    kept.keep(Claim("ann", RULE, 0, NOON + 9, NOON + 9 + KEPT_S), "free", 10.0)
    told = [
        kept.any_for("ann", NOON),
        kept.any_for("ann", NOON + 9 + KEPT_S),
        kept.any_for("ben", NOON),
    ]
    assert told == [True, True, False]
    assert not kept.any_for("ann", NOON + 10 + KEPT_S)


def test_one_who_asks_for_more_keeps_what_he_was_told_for_less() -> None:
    places = Appointments()
    places.keep(told("ann", 60.0), "free", 100.0)
    places.keep(told("ann", 300.0), "free", 1000.0)
    assert places.told("ann", 100.0, NOON) == NOON + 60.0
    assert places.told("ann", 1000.0, NOON) == NOON + 300.0
    assert places.holds("ann", 100.0, NOON + 60.0)
    assert places.holds("ann", 1000.0, NOON + 300.0)
    assert len(places.came("ann", "free")) == 2
    assert not places.holds("ann", 100.0, NOON + 60.0)
    assert not places.holds("ann", 1000.0, NOON + 300.0)
    assert places.work("free", NOON) == 0.0


def test_one_who_asks_for_less_keeps_what_he_was_told_for_more() -> None:
    places = Appointments()
    places.keep(told("ann", 300.0), "free", 1000.0)
    places.keep(told("ann", 60.0), "free", 100.0)
    assert places.told("ann", 1000.0, NOON) == NOON + 300.0
    assert places.told("ann", 100.0, NOON) == NOON + 60.0
    assert places.holds("ann", 1000.0, NOON + 300.0 + KEPT_S), "to its last second"


def test_of_one_user_no_more_is_expected_than_the_most_he_has_a_place_for() -> None:
    """He asks for a little more each second, and takes one of his places at most."""
    places = Appointments()
    for second in range(100):
        places.keep(told("eve", 60.0 + second), "free", 100.0 + second)
    places.keep(told("ann", 60.0), "free", 100.0)
    assert places.work("free", NOON) == pytest.approx((199.0 + 100.0) * 0.5)
    assert places.work("free", NOON, "eve") == pytest.approx(100.0 * 0.5)
    now = NOON + 60.0 + KEPT_S + 99.0
    assert places.work("free", now) == pytest.approx(199.0 * 0.5 * 10 / 11)
    places.came("eve", "free")
    assert places.work("free", now) == 0.0


def test_one_user_who_does_not_come_says_so_once_however_many_places_he_had() -> None:
    places = Appointments()
    for second in range(100):
        places.keep(told("eve", float(second)), "free", 100.0 + second)
    now = NOON + KEPT_S + 200.0
    assert places.work("free", now) == 0.0
    places.keep(told("last", 1000.0), "free", 100.0)
    assert places.work("free", now) == pytest.approx(100.0 * 0.5 * 10 / 11)


def test_an_admission_that_came_to_nothing_leaves_him_every_place() -> None:
    places = Appointments()
    places.keep(told("ann", 60.0), "free", 100.0)
    places.keep(told("ann", 300.0), "free", 1000.0)
    places.give_back("ann", "free", places.came("ann", "free"))
    assert places.holds("ann", 100.0, NOON + 60.0)
    assert places.holds("ann", 1000.0, NOON + 300.0)


def test_an_admission_in_vain_leaves_what_he_was_told_since_then() -> None:
    """He was refused once more before it came to nothing."""
    places = Appointments()
    places.keep(told("ann", 60.0), "free", 100.0)
    before = places.came("ann", "free")
    places.keep(told("ann", 300.0), "free", 200.0)
    places.give_back("ann", "free", before)
    assert not places.holds("ann", 100.0, NOON + 60.0)
    assert places.holds("ann", 200.0, NOON + 300.0)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=30))
def test_places_end_in_time_whoever_was_admitted_in_vain(users: list[tuple[int, bool]]) -> None:
    places = Appointments()
    for i, (at, _) in enumerate(users):
        places.keep(told(f"user{i}", float(at)), "free", 100.0)
    for i, (_, in_vain) in enumerate(users):
        if in_vain:
            places.give_back(f"user{i}", "free", places.came(f"user{i}", "free"))
    for second in range(42):
        places.work("free", NOON + KEPT_S + second)
        assert len(places) == sum(at >= second for at, _ in users)


def test_a_later_time_for_as_much_is_beside_the_first() -> None:
    """He asked for what is paused by then; for what is not the first is true still."""
    places = Appointments()
    places.keep(told("ann", 60.0), "free", 100.0)
    places.keep(told("ann", 300.0), "free", 100.0)
    assert places.told("ann", 100.0, NOON) == NOON + 60.0
    assert places.holds("ann", 100.0, NOON + 60.0) and places.holds("ann", 100.0, NOON + 300.0)
    assert places.work("free", NOON) == pytest.approx(50.0)
    places.keep(told("ann", 30.0), "free", 100.0)
    assert len(places.came("ann", "free")) == 1, "in place of those that are no sooner"


def test_times_that_were_told_before_a_restart_all_stand() -> None:
    places = Appointments()
    places.restore([told("ann", 60.0), told("ann", 300.0)])
    for at in (60.0, 300.0):
        assert places.holds("ann", 1000.0, NOON + at)


def test_a_time_that_a_limit_told_before_a_restart_is_no_place() -> None:
    places = Appointments()
    places.restore([told("ann", 60.0)._replace(rule="free/breathing", value=5)])
    assert not places.any_for("ann", NOON) and not places.holds("ann", 1.0, NOON + 60.0)


def shown(places: Appointments, users: int, one_of: int) -> float:
    """Places of a minute each; one of so many is used. Which part is expected then."""
    for i in range(users):
        at = float(i)
        places.keep(told(f"user{i}", at), "free", 100.0)
        if i % one_of == 0:
            places.came(f"user{i}", "free")
    now = NOON + users + KEPT_S + 1.0
    assert places.work("free", now) == 0.0
    places.keep(told("last", users + 1000.0), "free", 100.0)
    return places.work("free", now) / 100.0


@pytest.mark.parametrize("one_of", [1, 2, 10, 25])
def test_as_many_are_expected_as_have_come(one_of: int) -> None:
    assert shown(Appointments(), 2000, one_of) == pytest.approx(1 / one_of, rel=0.15)


def test_it_does_not_seem_that_all_come_because_those_are_known_first() -> None:
    places = Appointments()
    for i in range(100):
        places.keep(told(f"user{i}", 0.0), "free", 100.0)
    for i in range(10):
        places.came(f"user{i}", "free")
    assert places.work("free", NOON + KEPT_S) == pytest.approx(90 * 100.0 * 0.5)
    assert places.work("free", NOON + KEPT_S + 1.0) == 0.0
    places.keep(told("last", 1000.0), "free", 100.0)
    assert places.work("free", NOON + KEPT_S + 1.0) == pytest.approx(14.0, rel=0.1)


def test_who_takes_flex_gives_his_place_up_and_tells_nothing_of_others() -> None:
    places = Appointments()
    for i in range(100):
        places.keep(told(f"user{i}", 0.0), "free", 100.0)
        places.came(f"user{i}", "free flex")
    now = NOON + KEPT_S + 1.0
    places.keep(told("last", 1000.0), "free", 100.0)
    assert places.work("free", now) == pytest.approx(50.0)


@pytest.mark.parametrize("in_vain", [False, True])
def test_who_has_places_in_two_classes_comes_for_the_one_he_takes(in_vain: bool) -> None:
    """Whichever of them is the sooner; the other one says nothing. In vain he came for none."""
    places = Appointments()
    for i in range(100):
        user = f"user{i}"
        places.keep(told(user, 0.0), "pro", 100.0)
        places.keep(told(user, 30.0), "pro priority", 200.0)
        its = places.came(user, "pro priority")
        if in_vain:
            places.give_back(user, "pro priority", its)
    now = NOON + 30.0 + KEPT_S + 1.0
    assert places.work("pro", now) == places.work("pro priority", now) == 0.0
    for service_class in ("pro", "pro priority"):
        places.keep(told(service_class, 1000.0), service_class, 100.0)
    come = [places.work(its, now) for its in ("pro priority", "pro")]
    assert come == pytest.approx([5.0, 5.0] if in_vain else [95.0, 50.0], abs=1.0)


def test_who_comes_again_after_an_admission_in_vain_came_once() -> None:
    """And who does not come again did not come."""
    twice, once = Appointments(), Appointments()
    for i in range(100):
        for places in (twice, once):
            places.keep(told(f"user{i}", 0.0), "free", 100.0)
        if i % 2:
            twice.give_back(f"user{i}", "free", twice.came(f"user{i}", "free"))
        if i % 4 == 1:
            for places in (twice, once):
                assert places.came(f"user{i}", "free")
    now = NOON + KEPT_S + 1.0
    for places in (twice, once):
        places.keep(told("last", 1000.0), "free", 100.0)
    assert twice.work("free", now) == once.work("free", now) == pytest.approx(27.0, abs=1.0)
