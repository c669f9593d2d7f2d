"""Rolling limits against a slow twin that keeps every reservation in a list and counts."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import dataclass

import pytest
from control.asks import NOON, ask, controller, send, tier
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smalti.control import Ask, Controller, Limit, Reservation, Standing, parse_limit
from smalti.control.limits import CLOCK_SLACK_S, Allowances


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("3/day", Limit(3, 86400, "day")),
        ("10/5min", Limit(10, 300, "5min")),
        ("50/3h", Limit(50, 10800, "3h")),
        ("1/s", Limit(1, 1, "s")),
        ("7/2weeks", Limit(7, 1209600, "2weeks")),
        (" 3/Hour ", Limit(3, 3600, "hour")),
        ("9/minutes", Limit(9, 60, "minutes")),
    ],
)
def test_limits_are_read(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(
    "text",
    ["", "3", "3/", "/day", "0/day", "3/0h", "-3/day", "3.5/day", "3/year", "3/ss", "3/1.5h"],
)
def test_what_is_no_limit_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="as in 3/day, 50/3h or 10/5min"):
        parse_limit(text)


FREE = tier("free", Limit(3, 20, "20s"), Limit(5, 60, "min"))
PLUS = tier("plus", Limit(4, 7, "7s"))


@dataclass
class Kept:
    """A reservation as the twin knows it."""

    job_id: str
    user: str
    images: int
    at: float


class Twin:
    """Every reservation for ever, and counting."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def used(self, user: str, limit: Limit, now: float) -> int:
        return sum(k.images for k in self.kept if k.user == user and k.at > now - limit.window_s)

    def admits(self, asked: Ask, limits: tuple[Limit, ...], now: float) -> bool:
        return all(
            self.used(asked.user_id, limit, now) + asked.images <= limit.count for limit in limits
        )

    def refund(self, job_id: str, images: int) -> None:
        for k in self.kept:
            if k.job_id == job_id:
                k.images = max(0, k.images - images)


class Histories(RuleBasedStateMachine):
    """Random lives of two users whose tiers change and whose clock jumps."""

    @initialize(now=st.floats(NOON, NOON + 1))
    def begin(self, now: float) -> None:
        self.now = now
        self.twin = Twin()
        self.control = controller(FREE, PLUS)

    @rule(
        user=st.sampled_from(["ann", "ben"]),
        images=st.integers(1, 3),
        chosen=st.sampled_from([FREE, PLUS]),
        committed=st.booleans(),
    )
    def ask(self, user: str, images: int, chosen: object, committed: bool) -> None:
        assert chosen in (FREE, PLUS)
        of_tier = FREE if chosen is FREE else PLUS
        asked = ask(user, images, of_tier.name)
        admits = self.twin.admits(asked, of_tier.limits, self.now)
        looked_at = self.control.consider(asked, self.now)
        denial = self.control.admit(asked, self.now)
        assert looked_at == denial
        assert (denial is None) == admits
        if denial is None:
            if committed:
                self.twin.kept.append(Kept(asked.job_id, asked.user_id, images, self.now))
            else:
                self.control.retract(asked.job_id)
            return
        assert denial.kind == "limit"
        assert denial.retry_at is not None
        assert denial.retry_at > self.now
        assert denial.retry_at == math.floor(denial.retry_at)
        for at, expected in ((denial.retry_at, True), (denial.retry_at - 1, False)):
            assert self.twin.admits(asked, of_tier.limits, at) == expected
            assert (self.control.consider(asked, at) is None) == expected

    @rule(data=st.data(), images=st.integers(1, 3))
    def refund(self, data: st.DataObject, images: int) -> None:
        assume(self.twin.kept)
        job_id = data.draw(st.sampled_from(self.twin.kept)).job_id
        self.twin.refund(job_id, images)
        self.control.refund(job_id, images, self.now)

    @rule(seconds=st.floats(0, 30) | st.sampled_from([1.0, 7.0, 20.0, 60.0, -1.0, -50.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.integers(-CLOCK_SLACK_S, 2 * CLOCK_SLACK_S))
    def set_the_clock(self, seconds: int) -> None:
        """Set back by up to the slack of the latest it ever was, or forward."""
        latest = max([self.now, *(k.at for k in self.twin.kept)])
        self.now = max(self.now + seconds, latest - CLOCK_SLACK_S / 2)

    @rule(order=st.randoms(use_true_random=False), twice=st.booleans())
    def restart(self, order: object, twice: bool) -> None:
        told = [
            Reservation(k.job_id, k.user, "free", k.images, k.at)
            for k in self.twin.kept
            if k.images
        ]
        order.shuffle(told)  # type: ignore[attr-defined]
        self.control = controller(FREE, PLUS)
        self.control.restore(told, self.now)
        if twice:
            self.control.restore(told, self.now)

    @invariant()
    def all_that_is_told_agrees(self) -> None:
        if not hasattr(self, "twin"):
            return
        for user in ("user_ann", "user_ben"):
            for of_tier in (FREE, PLUS):
                for limit, told in zip(
                    of_tier.limits,
                    self.control.standing(user, of_tier.name, self.now),
                    strict=True,
                ):
                    self.check(told, user, limit)

    def check(self, told: Standing, user: str, limit: Limit) -> None:
        used = self.twin.used(user, limit, self.now)
        assert (told.used, told.limit, told.window_s) == (used, limit.count, limit.window_s)
        assert told.remaining == max(0, limit.count - used)
        if not used:
            assert told.reset_at is None
            return
        assert told.reset_at is not None
        least = min(used, limit.count)
        assert self.twin.used(user, limit, told.reset_at) < least
        assert self.twin.used(user, limit, told.reset_at - 1) >= least


Histories.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_histories = Histories.TestCase


@given(st.lists(st.tuples(st.floats(-3, 60), st.integers(1, 3)), max_size=60))
def test_no_window_ever_holds_more_than_its_limit(steps: list[tuple[float, int]]) -> None:
    """Over the true times of a clock that never goes back, whatever was refused in between."""
    control, now, admitted = controller(FREE), NOON, []
    for seconds, images in steps:
        now += max(0.0, seconds)
        if control.admit(ask(images=images), now) is None:
            admitted.append((now, images))
    for limit in FREE.limits:
        for end, _ in admitted:
            inside = [n for at, n in admitted if end - limit.window_s < at <= end]
            assert sum(inside) <= limit.count


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_the_edge_of_a_window_is_a_float_s_width(fraction: float, window_s: int) -> None:
    """A reservation leaves at exactly its age, and not one representable moment before."""
    held, limit = Allowances(window_s), Limit(1, window_s, "w")
    at = NOON + fraction
    held.reserve("job", "ann", 1, at)
    leaves = at + window_s
    assert leaves - window_s == at, "the sum must be exact for this test to say anything"
    assert held.used("ann", limit, math.nextafter(leaves, 0)) == 1
    assert held.used("ann", limit, leaves) == 0


def test_what_lies_in_the_future_counts() -> None:
    control = controller(tier("free", Limit(2, 10, "10s")))
    send(control, ask(images=2), NOON + 1000)
    denial = control.consider(ask(), NOON)
    assert denial is not None
    assert denial.used == 2
    assert denial.retry_at == NOON + 1010


def test_the_limit_that_opens_last_is_named() -> None:
    control = controller(FREE)
    send(control, ask(images=3), NOON)
    first = control.consider(ask(), NOON)
    assert first is not None
    assert (first.rule, first.retry_at) == ("free/20s", NOON + 20)
    send(control, ask(images=2), NOON + 20)
    second = control.consider(ask(images=2), NOON + 20.5)
    assert second is not None
    assert (second.rule, second.used, second.retry_at) == ("free/min", 5, NOON + 60)


def test_limits_are_a_user_s_across_tiers() -> None:
    control = controller(FREE, PLUS)
    send(control, ask(images=3, tier="plus"))
    denial = control.consider(ask(images=1, tier="free"), NOON + 8)
    assert denial is not None
    assert denial.used == 3


def test_never_fits_is_told_as_an_error() -> None:
    with pytest.raises(ValueError, match="4 images never fit into 3 per 20s"):
        Allowances(60).would_open_at("ann", FREE.limits[0], 4, NOON)


def test_old_reservations_are_dropped() -> None:
    held = Allowances(60)
    for second in range(10_000):
        held.drop_old(NOON + second * 100)
        held.reserve(f"job{second}", f"user{second % 7}", 1, NOON + second * 100)
    assert len(held) <= (60 + CLOCK_SLACK_S) / 100 + 1
    for _ in range(1000):
        held.drop_old(NOON + 10**9)
    assert len(held) == 0
    assert held._users == {}
    assert held._by_age == []


def test_siblings_of_the_same_moment_are_dropped_and_refunded_apart() -> None:
    held, limit = Allowances(10), Limit(100, 10, "10s")
    for i in range(9):
        held.reserve(f"job{i}", "ann", 1, NOON)
    held.reserve("late", "ann", 1, NOON + 2 * CLOCK_SLACK_S)
    held.drop_old(NOON + 2 * CLOCK_SLACK_S)
    assert 0 < len(held) < 10, "some of them are gone and some are not"
    for i in range(9):
        held.release(f"job{i}")
    assert held.used("ann", limit, NOON + 2 * CLOCK_SLACK_S) == 1
    held.release("late")
    assert held.used("ann", limit, NOON + 2 * CLOCK_SLACK_S) == 0


def test_users_are_cheap() -> None:
    tracemalloc.start()
    held = Allowances(86400)
    for user in range(20_000):
        held.reserve(f"job_{user}", f"user_{user}", 3, NOON + user * 0.001)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held) == 20_000
    assert size / 20_000 < 1000, "bytes for each user with a reservation"


def test_a_refund_makes_room_at_once_and_only_once() -> None:
    control: Controller = controller(FREE)
    job_id = send(control, ask(images=3))
    control.refund(job_id, 2, NOON + 1)
    control.refund(job_id, 5, NOON + 1)
    control.refund(job_id, 5, NOON + 1)
    assert [s.used for s in control.standing("user_ann", "free", NOON + 1)] == [0, 0]
    control.refund("job_unknown", 1, NOON + 1)
