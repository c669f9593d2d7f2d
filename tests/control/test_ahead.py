"""What goes before a job, against the order in which all then have their turns."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from control.slow_turns import next_turns
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.control.fair import Ahead, FairQueue, Step, User

WEIGHTS = {"free": 1.0, "plus": 4.0}


def path(tier: str, org: int, user: int) -> tuple[Step, Step, Step]:
    return Step(tier, WEIGHTS[tier]), Step(f"o{org}"), Step(f"o{org}u{user}")


def truth(queue: FairQueue, tier: str) -> dict[str, Ahead]:
    """Of each job of a class, by looking at all turns to come."""
    jobs = [queue.job(job_id) for job_id, _ in next_turns(queue)]
    turns = [job for job in jobs if job is not None and _class(job.user) == tier]
    works = list(accumulate((job.work for job in turns), initial=0.0))
    found: dict[str, Ahead] = {}
    for turn, job in enumerate(turns):
        first = found.get(job.job_id, Ahead(turn, works[turn], 0, 0.0))
        found[job.job_id] = Ahead(first.pictures, first.work, turn, works[turn])
    return found


def _class(user: User) -> str:
    at = user.seat
    while not at.is_class:
        assert at.parent is not None
        at = at.parent.seat
    return at.name


def crowd(
    seed: int, users: int, orgs: int, images: tuple[int, int], works: tuple[float, ...]
) -> FairQueue:
    """Users that came one after another, some served already; a few send much more."""
    dice, queue = random.Random(seed), FairQueue()
    for i in range(users):
        user = dice.randrange(users)
        much = 10 if user % 25 == 0 else 1
        tier, org = ("free", "free", "plus")[user % 3], int(orgs * (user / users) ** 2)
        count = much * dice.randint(*images)
        queue.put(f"j{i}", path(tier, org, user), range(count), dice.choice(works))
        for _ in range(dice.randint(0, 1 + images[1] // 2)):
            named = queue.next(0.0)
            if named is not None:
                queue.finish(*named, queue.running[named].work * dice.uniform(0.5, 1.5))
    return queue


@pytest.mark.parametrize(
    ("images", "works", "orgs"),
    [
        ((1, 1), (1.0,), 1),
        ((1, 1), (1.0,), 40),
        ((1, 8), (1.0,), 1),
        ((1, 8), (1.0,), 40),
        ((1, 8), (1.0, 3.0), 40),
    ],
    ids=["one each", "one each, orgs", "some each", "some each, orgs", "works uneven"],
)
def test_the_estimate_is_near(images: tuple[int, int], works: tuple[float, ...], orgs: int) -> None:
    """Half are not wronger than 1 % of what waits in the class, and nine in ten than 5 %; of those
    behind 30 others, half are not wronger than 5 % of the truth, and nine in ten than 30 %."""
    queue = crowd(11, 1500, orgs, images, works)
    wrong: list[float] = []
    off: list[float] = []
    for tier in WEIGHTS:
        group = queue.classes[tier]
        for job_id, true in truth(queue, tier).items():
            told = queue.ahead(job_id)
            assert told is not None
            assert told.pictures <= told.last_pictures < group.waiting
            wrong.append(abs(told.pictures - true.pictures) / group.waiting)
            wrong.append(abs(told.last_pictures - true.last_pictures) / group.waiting)
            wrong.append(abs(told.work - true.work) / group.work)
            wrong.append(abs(told.last_work - true.last_work) / group.work)
            if true.pictures >= 30:
                off.append(abs(told.pictures - true.pictures) / true.pictures)
                off.append(abs(told.last_work - true.last_work) / true.last_work)
    assert len(wrong) > 1000
    assert quantile(wrong, 0.5) <= 0.01
    assert quantile(wrong, 0.9) <= 0.05
    assert quantile(off, 0.5) <= 0.05
    assert quantile(off, 0.9) <= 0.3


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * len(values))]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 4)), min_size=1, max_size=30),
    st.integers(0, 20),
    st.integers(0, 30),
)
@settings(max_examples=100, deadline=None)
def test_one_organisation_whose_pictures_cost_the_same(
    jobs: list[tuple[int, int]], named: int, user: int
) -> None:
    """The first picture of each user is exact; all others are within one round of the users."""
    queue = FairQueue()
    for i, (sender, images) in enumerate(jobs):
        queue.put(f"j{i}", path("free", 0, sender), range(images), 1.0)
    for _ in range(min(named, queue.waiting - 1)):
        queue.next(0.0)
    queue.put("new", path("free", 0, user), range(3), 1.0)
    users = len({sender for sender, _ in jobs}) + 1
    for job_id, true in truth(queue, "free").items():
        told, job = queue.ahead(job_id), queue.job(job_id)
        assert told is not None and job is not None
        if job is job.user.first:
            assert told.pictures == pytest.approx(true.pictures, abs=1)
        assert told.pictures == pytest.approx(true.pictures, abs=users)
        assert told.last_pictures == pytest.approx(true.last_pictures, abs=users)


@pytest.mark.parametrize(
    ("org", "user"), [(0, 0), (0, 777), (9, 9)], ids=["known", "new user", "new organisation"]
)
def test_a_newcomer_is_told_what_he_finds(org: int, user: int) -> None:
    """As after he has come; and nothing is changed by asking."""
    queue = crowd(3, 300, 5, (1, 4), (1.0,))
    before = list(next_turns(queue))
    told = queue.ahead_of(path("free", org, user), 3, 1.0)
    assert list(next_turns(queue)) == before
    queue.put("new", path("free", org, user), range(3), 1.0)
    found = queue.ahead("new")
    assert found is not None
    assert told == pytest.approx(found, abs=1)


def test_nobody_is_before_the_first_of_a_class() -> None:
    queue = FairQueue()
    assert queue.ahead_of(path("free", 0, 0), 3, 2.0) == Ahead(0, 0.0, 2, 4.0)
    queue.put("other", path("plus", 0, 0), range(9), 1.0)
    queue.put("job", path("free", 0, 0), range(3), 2.0)
    assert queue.ahead("job") == Ahead(0, 0.0, 2, 4.0)
    assert queue.ahead("unknown") is None


def test_what_came_back_goes_before() -> None:
    queue = FairQueue()
    for user in range(4):
        queue.put(f"j{user}", path("free", 0, user), range(2), 1.0)
    named = [queue.next(0.0) for _ in range(3)]
    for picture in named[:2]:
        assert picture is not None
        queue.put_back(*picture)
    assert queue.ahead_of(path("free", 0, 9), 1, 1.0).pictures >= 2 + 1
    for user in (0, 1):
        told = queue.ahead(f"j{user}")
        assert told is not None
        assert (told.pictures, told.work) == (user, float(user))
        assert told.last_pictures == pytest.approx(5, abs=2)
    assert queue.ahead_of(path("plus", 0, 9), 1, 1.0).pictures == 0


@pytest.mark.parametrize("back", range(1, 7))
def test_a_user_s_own_pictures_that_came_back_are_before_his_others_once(back: int) -> None:
    """Three jobs of two pictures each were named; of one, a picture waits still, or both again."""
    queue = FairQueue()
    for i in range(4):
        queue.put(f"j{i}", path("free", 0, 0), range(2), 1.0)
    named = [queue.next(0.0) for _ in range(7)]
    for i in range(3):
        queue.put(f"later{i}", path("free", 0, 0), range(2), 1.0)
    for picture in named[7 - back :]:
        assert picture is not None
        queue.put_back(*picture)
    asked = queue.ahead_of(path("free", 0, 0), 2, 1.0)
    queue.put("asked", path("free", 0, 0), range(2), 1.0)
    for job_id, true in truth(queue, "free").items():
        assert queue.ahead(job_id) == true
    assert asked == queue.ahead("asked")


def test_many_jobs_of_one_user_are_not_looked_at_one_by_one() -> None:
    """Estimated from where a job was put, where many of those before it were withdrawn."""
    queue = FairQueue()
    for i in range(1000):
        queue.put(f"j{i}", path("free", 0, 0), range(2), 1.0)
    told = queue.ahead("j999")
    assert told == Ahead(1998, 1998.0, 1999, 1999.0)
    for i in range(0, 1000, 2):
        queue.withdraw(f"j{i}")
    told = queue.ahead("j999")
    assert told is not None
    assert told.pictures == pytest.approx(998, abs=5)
