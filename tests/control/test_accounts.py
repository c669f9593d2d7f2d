"""What is reserved, by everyone for whom it counts."""

from __future__ import annotations

import math
import tracemalloc

import pytest

from smalti.control import Limit, Reservation, parse_limit
from smalti.control.accounts import CLOCK_SLACK_S, Accounts, Kept

NOON = 1_800_000_000.0
DAY = parse_limit("100/day")


def held(
    job: str, user: str = "ann", images: int = 1, at: float = NOON, **more: str
) -> Reservation:
    return Reservation(job, user, "free", images, at, **more)  # type: ignore[arg-type]


def accounts(*limits: str) -> Accounts:
    read = [parse_limit(text) for text in limits or ("100/day",)]
    kept: list[Kept] = [(limit.scope, limit.unit) for limit in read]
    return Accounts(kept, max(limit.reach_s for limit in read))


@pytest.mark.parametrize(
    ("scope", "subject"),
    [
        ("user", "ann"),
        ("key", "k"),
        ("org", "o"),
        ("tier", "free"),
        ("region", "DE"),
        ("model", "m"),
    ],
)
def test_every_scope_counts(scope: str, subject: str) -> None:
    limit = parse_limit(f"{scope} 5/day")
    kept = accounts(limit.written())
    kept.reserve(held("one", images=2, org_id="o", key_id="k", region="DE", model="m"))
    kept.reserve(Reservation("two", "ben", "plus", 1, NOON))
    assert kept.used(limit, subject, NOON) == 2
    assert kept.used(limit, "", NOON) == 0, "who is unknown is not counted"


def test_only_what_limits_use_is_kept() -> None:
    kept = accounts("org 5/day")
    kept.reserve(held("one", org_id="o", region="DE"))
    assert list(kept._kept) == [("org", "images")]
    assert list(kept.logs("org", "images")) == ["o"]


def test_a_scope_that_is_kept_later_counts_what_is_remembered() -> None:
    kept, org = accounts("5/day"), parse_limit("org 9 device_s/day")
    kept.reserve(Reservation("two", "ben", "free", 1, NOON + 1, "o", device_s=1.0))
    kept.reserve(Reservation("one", "ann", "free", 4, NOON, "o", device_s=8.0))
    kept.release("one", 2)
    kept.keep([("user", "images"), ("org", "device_s")])
    assert kept.used(org, "o", NOON + 1) == 5000
    kept.release("one")
    assert kept.used(org, "o", NOON + 1) == 1000


def test_a_job_counts_once() -> None:
    kept = accounts()
    kept.reserve(held("one", images=2))
    kept.reserve(held("one", images=3))
    assert kept.used(DAY, "ann", NOON) == 2


def test_a_refund_makes_room_at_once_and_only_once() -> None:
    kept = accounts()
    kept.reserve(held("one", images=3))
    assert [kept.release("one", 2), kept.release("one", 5), kept.release("one", 5)] == [2, 1, 0]
    assert kept.used(DAY, "ann", NOON + 1) == 0
    assert kept.logs("user", "images") == {}
    assert kept.release("unknown", 1) == 0


def test_a_settled_job_weighs_what_it_used_at_its_own_date() -> None:
    kept, limit = accounts("60 device_s/min"), parse_limit("60 device_s/min")
    kept.reserve(Reservation("one", "ann", "free", 1, NOON, device_s=10.0))
    kept.reserve(Reservation("two", "ann", "free", 1, NOON + 30, device_s=1.0))
    kept.settle("one", 12.3456)
    assert kept.used(limit, "ann", NOON + 30) == 13_346
    assert kept.used(limit, "ann", NOON + 60) == 1000
    kept.settle("one", 0.0)
    kept.settle("unknown", 5.0)
    assert kept.used(limit, "ann", NOON + 30) == 1000


def test_a_refund_takes_the_same_part_of_the_device_seconds() -> None:
    kept, limit = accounts("60 device_s/min"), parse_limit("60 device_s/min")
    kept.reserve(Reservation("one", "ann", "free", 3, NOON, device_s=10.0))
    kept.release("one", 1)
    assert kept.used(limit, "ann", NOON) == 6667
    kept.settle("one", 9.0)
    assert kept.used(limit, "ann", NOON) == 9000, "what was given back used nothing"
    kept.release("one", 1)
    assert kept.used(limit, "ann", NOON) == 4500
    kept.release("one")
    assert kept.used(limit, "ann", NOON) == 0


def test_what_lies_in_the_future_counts() -> None:
    kept, limit = accounts(), Limit(2, 10, "10s")
    kept.reserve(held("one", images=2, at=NOON + 1000))
    assert kept.used(limit, "ann", NOON) == 2
    assert kept.opens_at(limit, "ann", 1, 2, NOON) == NOON + 1010


def test_more_than_a_limit_is_never_within_it() -> None:
    kept, limit = accounts(), Limit(2, 10, "10s")
    assert kept.opens_at(limit, "ann", 3, 2, NOON) == math.inf
    kept.reserve(held("one"))
    assert kept.opens_at(limit, "ann", 3, 2, NOON) == math.inf
    assert kept.opens_at(limit, "ann", 1, 2, NOON) is None
    assert kept.opens_at(limit, "", 3, 2, NOON) is None


def test_old_reservations_are_dropped() -> None:
    kept = accounts("9/min", "org 9/min", "9 device_s/min")
    for i in range(10_000):
        at = NOON + i * 100
        kept.drop_old(at)
        kept.reserve(Reservation(f"job{i}", f"user{i % 7}", "free", 1, at, "o", device_s=1.0))
        kept.settle(f"job{i}", 2.0)
    assert len(kept) <= (60 + CLOCK_SLACK_S) / 100 + 1
    for _ in range(1000):
        kept.drop_old(NOON + 10**9)
    assert len(kept) == 0
    assert all(not logs for logs in kept._kept.values())
    assert (kept._by_age, kept._left) == ([], {})


def test_siblings_of_the_same_moment_are_dropped_and_refunded_apart() -> None:
    limit = Limit(100, 10, "10s")
    kept = accounts("9/10s")
    for i in range(9):
        kept.reserve(held(f"job{i}"))
    late = NOON + 2 * CLOCK_SLACK_S
    kept.reserve(held("late", at=late))
    kept.drop_old(late)
    assert 0 < len(kept) < 10, "some of them are gone and some are not"
    for i in range(9):
        kept.release(f"job{i}")
    assert kept.used(limit, "ann", late) == 1
    kept.release("late")
    assert kept.used(limit, "ann", late) == 0


def test_users_are_cheap() -> None:
    tracemalloc.start()
    kept = accounts()
    for user in range(20_000):
        kept.reserve(held(f"job_{user}", f"user_{user}", 3, NOON + user * 0.001))
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(kept) == 20_000
    assert size / 20_000 < 1000, "bytes for each user with a reservation"
