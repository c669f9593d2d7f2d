"""A time that was told is kept: claims, and what becomes of them."""

from __future__ import annotations

from control.ruled import NOON, ask, denied, reserve, rules, told_half_open

from smalti.control import Claim, Reservation, wording
from smalti.control.appointments import KEPT_S
from smalti.control.appointments import RULE as PLACE
from smalti.control.claims import Claims


def test_a_stated_time_stays_true_when_the_load_rises() -> None:
    of, denial = told_half_open()
    assert (denial.limit, denial.retry_at) == (6, NOON + 3600)
    assert denial.claim is not None
    assert (denial.claim.at, denial.claim.until) == (NOON + 3600, NOON + 3600 + 360)
    of.load_is(1.0, NOON + 62)
    again = denied(of, ask(), NOON + 62)
    assert (again.limit, again.retry_at) == (2, NOON + 3600), "what was said still holds"
    reserve(of, ask(), NOON + 3600)
    assert denied(of, ask(), NOON + 3601).retry_at == NOON + 3660, "it is used up"


def test_a_claim_is_a_user_s_own_and_ends() -> None:
    of, _ = told_half_open()
    of.load_is(1.0, NOON + 62)
    of.reserve(Reservation("two", "ben", "free", 2, NOON + 3590), NOON + 3590)
    assert denied(of, ask(user_id="ben"), NOON + 3600).limit == 2
    of.reserve(Reservation("more", "ann", "free", 1, NOON + 1000), NOON + 1000)
    assert of.denies(ask(), 1.0, NOON + 3960) is None
    assert denied(of, ask(2), NOON + 3961).limit == 2


def test_a_claim_outlives_a_restart_unless_it_was_used() -> None:
    _, denial = told_half_open()
    assert denial.claim is not None
    held = [
        Reservation("one", "ann", "free", 4, NOON),
        Reservation("two", "ann", "free", 2, NOON + 60),
    ]
    used = Reservation("three", "ann", "free", 1, NOON + 3600)
    for told, admits in ((held, True), ([*held, used], False)):
        again = rules("2..10/h")
        again.restore(told, [denial.claim], NOON + 3601)
        again.load_is(1.0, NOON + 3601)
        assert (again.denies(ask(), 1.0, NOON + 3602) is None) == admits


def test_a_claim_that_was_used_in_vain_is_honoured_again() -> None:
    of, denial = told_half_open()
    of.load_is(1.0, NOON + 62)
    used = of.reserve(Reservation("lost", "ann", "free", 1, NOON + 3600), NOON + 3600)
    assert used == [denial.claim]
    assert of.denies(ask(), 1.0, NOON + 3601) is not None
    of.retract("lost", used)
    assert of.denies(ask(), 1.0, NOON + 3601) is None


def test_a_later_claim_honours_the_earlier_one_too() -> None:
    of, first = told_half_open()
    of.load_is(0.875, NOON + 62)
    second = denied(of, ask(4), NOON + 62)
    assert second.claim is not None
    assert first.claim is not None
    assert second.retry_at == NOON + 3600, "by what was claimed before"
    of.honours(second)
    of.load_is(1.0, NOON + 63)
    assert of.denies(ask(4), 1.0, NOON + 3600) is None
    assert of.denies(ask(1), 1.0, NOON + 3600) is None


def test_an_earlier_time_stays_true_beside_a_later_one() -> None:
    of, first = told_half_open()
    later = denied(of, ask(5), NOON + 62)
    assert (first.retry_at, later.retry_at) == (NOON + 3600, NOON + 3660)
    of.honours(later)
    of.load_is(1.0, NOON + 63)
    assert of.denies(ask(1), 1.0, NOON + 3600) is None
    assert of.denies(ask(5), 1.0, NOON + 3659) is not None
    assert of.denies(ask(5), 1.0, NOON + 3660) is None


def test_an_earlier_time_stays_true_to_its_last_second() -> None:
    of, first = told_half_open()
    assert first.claim is not None
    of.reserve(Reservation("more", "ann", "free", 5, NOON + 1000), NOON + 1000)
    of.load_is(1.0, NOON + 1000)
    last = first.claim.until
    later = denied(of, ask(3), last)
    assert later.retry_at == NOON + 4600 and later.claim is not None
    of.honours(later)
    assert of.denies(ask(1), 1.0, last) is None


def test_who_came_at_his_time_is_admitted_at_the_place_that_he_is_told_then() -> None:
    """His limit was open for him by what it had told; the fleet had no room for him yet."""
    of = rules("1..3/5min")
    for at in (NOON, NOON + 250, NOON + 260):
        reserve(of, ask(), at)
    told = denied(of, ask(), NOON + 261)
    of.honours(told)
    of.load_is(1.0, NOON + 270)
    assert told.retry_at == NOON + 300 and of.denies(ask(), 1.0, NOON + 300) is None
    place = Claim("ann", PLACE, 0, NOON + 420, NOON + 420 + KEPT_S)
    full = of.with_place(told._replace(claim=place), ask(), 1.0, NOON + 300)
    of.honours(full)
    assert of.denies(ask(), 1.0, NOON + 420) is None
    assert of.denies(ask(), 1.0, NOON + 419) is not None


def test_the_time_of_a_place_for_few_stays_true_beside_that_of_one_for_many() -> None:
    """The limit was wide enough for a picture when he was told its place, and for four after it."""
    for comes_first in (1, 4):
        of = rules("1..8/5min")
        reserve(of, ask(2), NOON)
        of.load_is(0.5, NOON + 1)
        for images, at in ((1, NOON + 60), (4, NOON + 120)):
            full = wording.too_long_for_client(1.0, (2.0, 3.0), None, NOON + 4, NOON)
            claim = Claim("ann", PLACE, 0, at, at + KEPT_S)
            of.honours(of.with_place(full._replace(claim=claim), ask(images), 1.0, NOON + 2))
        of.load_is(1.0, NOON + 3)
        assert of.denies(ask(1), 1.0, NOON + 59) is not None
        if comes_first == 1:
            assert of.denies(ask(1), 1.0, NOON + 60) is None
        used = of.reserve(Reservation("it", "ann", "free", comes_first, NOON + 121), NOON + 121)
        assert of.denies(ask(1), 1.0, NOON + 121) is not None, "each is used up"
        of.retract("it", used)
        assert [claim.at for claim in used] == [NOON + 60, NOON + 120]
        assert of.denies(ask(4), 1.0, NOON + 121) is None


def test_who_asks_for_less_at_the_same_time_leaves_the_limit_as_wide_as_it_was_for_more() -> None:
    """What is kept of a place is what was told last: it is known after a restart."""
    of = rules("2..8/5min")
    reserve(of, ask(1), NOON)
    of.load_is(0.5, NOON + 1)
    place, kept = Claim("ann", PLACE, 0, NOON + 60, NOON + 60 + KEPT_S), []
    for images in (4, 1):
        full = wording.too_long_for_client(1.0, (2.0, 3.0), None, NOON + 4, NOON)
        told = of.with_place(full._replace(claim=place), ask(images), 1.0, NOON + 2)
        of.honours(told)
        kept.append(told.claim)
    assert kept[0] == kept[1] != place
    again = rules("2..8/5min")
    again.restore([Reservation("one", "ann", "free", 1, NOON)], [kept[1]], NOON + 3)
    again.load_is(1.0, NOON + 4)
    assert again.denies(ask(4), 1.0, NOON + 60) is None


def test_claims_that_are_over_are_forgotten() -> None:
    of, _ = told_half_open()
    of.reserve(Reservation("late", "ben", "free", 1, NOON + 9000), NOON + 9000)
    assert not of._claims
    assert of._claims._by_end == []


# --- standings ---


def test_what_is_told_of_a_limit_is_what_holds_for_who_was_told_a_time() -> None:
    """As a denial tells it: the same value, and a request is within what is said to be left."""
    of, denial = told_half_open()
    of.load_is(1.0, NOON + 62)
    before, at = of.standings(ask(), NOON + 62)[0], of.standings(ask(), NOON + 3600)[0]
    assert (before.limit, before.remaining, before.reset_at) == (2, 0, denial.retry_at)
    assert (at.limit, at.used, at.remaining, at.reset_at) == (6, 2, 4, NOON + 3660)
    assert of.denies(ask(4), 1.0, NOON + 3600) is None
    other = of.standings(ask(user_id="ben", org_id="org_2"), NOON + 3600)[0]
    assert (other.limit, other.remaining) == (2, 2)
    reserve(of, ask(), NOON + 3600)
    assert of.standings(ask(), NOON + 3600)[0].remaining == 0, "it is used up"


def test_a_time_stays_true_when_another_of_his_is_over() -> None:
    """What is over is forgotten when somebody is admitted."""
    claims, other = Claims(), NOON + 200.0
    for at in (60.0, 300.0):
        claims.keep(Claim("ann", PLACE, 5, NOON + at, NOON + at + KEPT_S))
    first = claims.merged("ann", "free", 5, NOON + 60.0, NOON + 120.0, NOON)
    claims.keep(first)
    both = claims.merged("ann", "free", 5, NOON + 300.0, NOON + 420.0, NOON)
    claims.keep(both)
    claims.drop_old(other)
    assert claims.of("ann", "free", other) == (
        both, Claim("ann", PLACE, 5, NOON + 300.0, NOON + 300.0 + KEPT_S),
    )  # fmt: skip


def test_of_what_was_used_in_vain_that_is_honoured_again_which_was_not_told_anew() -> None:
    """A place by its time; of limits there is one time, and the latest that was told holds."""
    claims, at, later = Claims(), NOON + 60.0, NOON + 90.0
    used = [
        Claim("ann", "free/breathing", 5, at, at + 60.0),
        Claim("ann", PLACE, 5, at, at + KEPT_S),
        Claim("ann", PLACE, 5, later, later + KEPT_S),
    ]
    for claim in used:
        claims.keep(claim)
    assert sorted(claims.use("ann", "free", at)) == sorted(used)
    limits = Claim("ann", "free/breathing", 9, later, later + 60.0)
    place = Claim("ann", PLACE, 9, at, at + KEPT_S)
    for claim in (limits, place):
        claims.keep(claim)
    for claim in used:
        claims.give_back(claim)
    assert sorted(claims.of("ann", "free", at)) == sorted([limits, place, used[2]])
