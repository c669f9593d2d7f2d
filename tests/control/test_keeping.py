"""Promises that are kept by deadline: who is given one, what he is told, and that it is kept."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from control.asks import NOON, ask, controller, patches, send, tier

from smalti.control import Admission, Claim, Controller, Denial
from smalti.control.appointments import KEPT_S, RULE
from smalti.control.denial import Kind
from smalti.control.fair import Step
from smalti.control.keeping import Keeping
from smalti.control.refusals import Refusals

PROMISED_S = {"free": 180.0, "team": 30.0}
TIERS = (
    tier("free", weight=1.0, promised_wait_s=PROMISED_S["free"]),
    tier("team", weight=20.0, promised_wait_s=PROMISED_S["team"]),
)
PICTURE_S = 1.0
SLOTS = 4


@dataclass
class Came:
    """How many of a tier were admitted, and the wait of each over its promise."""

    admitted: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


def bursts(control: Controller, seed: int) -> Came:
    """Crowds of three times what the fleet can draw, for 2 to 40 s, and silence between: free users
    above all, and a team that asks for no more than its share."""
    dice, crowds, came = random.Random(seed), random.Random(100 + seed), Came()
    running: list[tuple[float, str]] = []
    waiting: dict[str, tuple[str, float]] = {}
    begins = ends = NOON
    for at in range(4 * 2500):
        now = NOON + at * 0.25
        while running and running[0][0] <= now:
            control.finished(heapq.heappop(running)[1], 0, PICTURE_S, now)
        if now > ends:
            begins = now + crowds.expovariate(1 / 100)
            ends = begins + crowds.uniform(2, 40)
        comers = list[str]()
        if begins <= now <= ends and at < 4 * 2300:
            comers = ["free"] * 3 + ["team"] * (at % 2)
        for i, who in enumerate(comers):
            asked = ask(f"{who}{at}-{i}", tier=who)
            if isinstance(control.admit(asked, now), Admission):
                control.enqueue(asked.job_id, now)
                came.admitted[who] += 1
                waiting[asked.job_id] = who, now
        while (turn := control.next(now)) is not None:
            who, since = waiting.pop(turn.job_id)
            came.waits.append((now - since) / PROMISED_S[who])
            heapq.heappush(running, (now + PICTURE_S * dice.uniform(0.9, 1.1), turn.job_id))
    assert not waiting
    return came


@patches
def test_what_bursts_leave_is_promised_and_the_promise_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came = [bursts(controller(*TIERS, slots=SLOTS), seed) for seed in range(3)]
    assert max(wait for each in came for wait in each.waits) <= 1.0
    monkeypatch.setattr(Keeping, "_has_room", lambda *_: False)
    fewer = [bursts(controller(*TIERS, slots=SLOTS), seed) for seed in range(3)]
    more = sum((each.admitted for each in came), Counter())
    less = sum((each.admitted for each in fewer), Counter())
    assert more["free"] > 1.03 * less["free"] and more["team"] == less["team"]


def drawn(control: Controller, pictures: int, who: str = "free") -> None:
    """Nothing is promised until something was drawn."""
    for i in range(pictures):
        at = NOON - 1000 + 2 * i
        job_id = send(control, ask(f"warm{i}", tier=who), at)
        assert control.next(at) is not None
        control.finished(job_id, 0, PICTURE_S, at + 1)


def late_by_weight(control: Controller) -> None:
    """A team has enough waiting for the fair order to come to free too late: that has one slot in
    twenty-one. The team's own promise is long, and so there is room by deadline."""
    drawn(control, 30)
    for i in range(100):
        send(control, ask(f"team{i}", tier="team"), NOON)


LONG = (
    tier("free", weight=1.0, promised_wait_s=60.0),
    tier("team", weight=20.0, promised_wait_s=600.0),
)


def test_who_is_late_by_his_weight_is_promised_his_deadline_and_told_so() -> None:
    control = controller(*LONG)
    late_by_weight(control)
    for i in range(4):
        send(control, ask(f"free{i}"), NOON)
    for i in range(4, 20):
        outcome = control.admit(ask(f"free{i}"), NOON)
        assert isinstance(outcome, Admission)
        control.enqueue(outcome.reservation.job_id, NOON)
    assert outcome.wait.start_s == (60.0, 60.0)
    assert 60.0 < outcome.wait.finish_s[0] <= outcome.wait.finish_s[1] <= 62.0
    later = control.wait(outcome.reservation.job_id, NOON + 20)
    assert later is not None and later.start_s[1] == pytest.approx(40.0)
    job_ids, now = set[str](), NOON
    while (turn := control.next(now)) is not None:
        if now - NOON <= 60.0:
            job_ids.add(turn.job_id)
        control.finished(turn.job_id, 0, PICTURE_S, now := now + PICTURE_S)
    assert outcome.reservation.job_id in job_ids


def test_it_is_for_the_first_picture_of_a_user() -> None:
    """What a user has more than others do is not carried past them by its deadline."""
    control = controller(*LONG)
    late_by_weight(control)
    for i in range(19):
        send(control, ask(f"free{i}"), NOON)
    assert isinstance(control.consider(ask("free1"), NOON), Denial)
    assert isinstance(control.consider(ask("another"), NOON), Admission)


def test_it_is_for_one_class_at_a_time() -> None:
    """While another is short of slots too, weights decide between them."""
    control = controller(*LONG)
    late_by_weight(control)
    for i in range(19):
        send(control, ask(f"free{i}"), NOON)
    assert isinstance(control.consider(ask("another"), NOON), Admission)
    for i in range(800):
        control.admit(ask(f"crowd{i}", tier="team"), NOON)
    assert control._keeping.refused_part("team", NOON) > 0.25
    control.admit(replace(ask("look"), service="flex"), NOON + 1)
    assert isinstance(control.consider(ask("another"), NOON + 1), Denial)


@pytest.mark.parametrize(
    ("due", "places", "admitted"),
    [(500, 0, True), (500, 4, True), (520, 0, True), (520, 4, False), (540, 0, False)],
)
def test_places_that_are_kept_count_where_little_is_left_of_the_promise(
    due: int, places: int, admitted: bool
) -> None:
    """The team was promised more than its share. There is room for more while what is due of all
    can be done in time; and where less than three tenths of the team's promise are left of that,
    for what is expected of those who were told to come back, too. 30 of 100 seconds are 27
    pictures, and nine tenths of 600 seconds, rounded down to a bin, 530."""
    tiers = tier("free", promised_wait_s=600.0), tier("team", weight=20.0, promised_wait_s=100.0)
    control = controller(*tiers)
    drawn(control, 30)
    for who, count in (("free", due), ("team", 120)):
        for i in range(count):
            control.adopt(asked := ask(f"{who}{i}", tier=who), NOON)
            control.enqueue(asked.job_id, NOON)
            if who == "team":
                control.withdraw(asked.job_id, NOON)
    for i in range(places):
        claim = Claim(f"later{i}", RULE, 0, NOON + 5.0, NOON + 5.0 + KEPT_S)
        control._appointments.keep(claim, "team", 3000.0)
    assert isinstance(control.consider(ask("new", tier="team"), NOON), Admission) == admitted


def test_what_was_promised_before_a_restart_is_kept_after_it() -> None:
    """Jobs that go on have their deadlines; those that come are not put before them."""
    control = controller(*LONG)
    late_by_weight(control)
    for i in range(54):
        asked = ask(f"before{i}")
        control.adopt(asked, NOON - 1)
        control.enqueue(asked.job_id, NOON)
    assert isinstance(control.consider(ask("new"), NOON), Denial)
    last, now, turns = asked.job_id, NOON, dict[str, float]()
    while (turn := control.next(now)) is not None:
        turns[turn.job_id] = now
        control.finished(turn.job_id, 0, PICTURE_S, now := now + PICTURE_S)
    assert turns[last] <= NOON + 59.0


def test_what_was_refused_long_ago_is_forgotten() -> None:
    refusals = Refusals()
    for second in range(60):
        refusals.add(second % 2 == 0, NOON + second)
    assert refusals.part(NOON + 60) == pytest.approx(0.5, abs=0.02)
    assert refusals.part(NOON + 3600) == pytest.approx(0.0, abs=1e-6)
    assert refusals.part(NOON - 3600) == refusals.part(NOON + 59)


@pytest.mark.parametrize(
    ("kind", "reason", "rule", "part"),
    [
        ("capacity", "load", "server/promise", 10 / 11),
        ("capacity", "load", "server/waiting", 10 / 11),
        ("capacity", "load", "server/patience", 0.0),
        ("capacity", "plan", "server/promise", 0.0),
        ("limit", "load", "free/day", 0.0),
    ],
)
def test_who_is_refused_for_himself_says_nothing_of_slots(
    kind: Kind, reason: Literal["plan", "load"], rule: str, part: float
) -> None:
    """By his own limit, for his client's patience, or as his tier draws so few at a time."""
    control = controller(*TIERS)
    for _ in range(10):
        denial = Denial(kind, rule, "server", 1, 1, reason=reason)
        control._keeping.decided("free", denial, NOON)
    assert control._keeping.refused_part("free", NOON) == pytest.approx(part)


@pytest.mark.parametrize("images", [1, 4])
def test_an_admission_that_came_to_nothing_leaves_its_class_what_it_may_be_promised(
    images: int,
) -> None:
    control = controller(*TIERS)
    drawn(control, 30)

    def may_have() -> float:
        return control._keeping._share_s(Step("free"), 0.0, 180.0, NOON)

    before = may_have()
    asked = ask("ann", images)
    assert isinstance(control.admit(asked, NOON), Admission)
    assert may_have() > before
    control.retract(asked.job_id)
    assert may_have() == pytest.approx(before)
