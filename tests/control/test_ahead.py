"""What is foreseen of the order, against what then happens."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.control.ahead import EXACT, turns_before
from smalti.control.fair import FairQueue, Step
from smalti.control.sight import next_turns

WEIGHTS = {"free": 1.0, "plus": 4.0, "team": 16.0}

Sent = tuple[str, int, int, float]
sent = st.lists(
    st.tuples(
        st.sampled_from(list(WEIGHTS)),
        st.integers(0, 4),
        st.integers(1, 4),
        st.sampled_from([1.0, 1.5, 4.0]),
    ),
    min_size=1,
    max_size=25,
)


def put(queue: FairQueue, name: str, tier: str, user: int, images: int, work: float) -> str:
    steps = (Step(tier, WEIGHTS[tier]), Step(f"{tier}{user}"))
    queue.put(name, steps, range(images), work)
    return name


@given(sent, sent, st.integers(0, 20), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_what_is_foreseen_happens(
    first: list[Sent], second: list[Sent], named_before: int, put_back: int
) -> None:
    queue = FairQueue()
    for i, job in enumerate(first):
        put(queue, f"a{i}", *job)
    running = [named for _ in range(named_before) if (named := queue.next(0.0)) is not None]
    for i, job in enumerate(second):
        put(queue, f"b{i}", *job)
    for named in running[:put_back]:
        queue.put_back(*named)
    foreseen = list(next_turns(queue))
    waits = {
        job_id: turns_before(queue, job)
        for job_id in {job_id for job_id, _ in foreseen}
        if (job := queue.job(job_id)) is not None
    }
    happened = [named for _ in foreseen if (named := queue.next(0.0)) is not None]
    assert foreseen == happened
    assert queue.waiting == 0
    for job_id, (next_turn, last_turn) in waits.items():
        turns = [turn for turn, (named, _) in enumerate(happened) if named == job_id]
        if turns[-1] < EXACT:
            assert (next_turn, last_turn) == (turns[0], turns[-1])


def test_looking_changes_nothing() -> None:
    queue = FairQueue()
    for i in range(60):
        put(queue, f"j{i}", "plus" if i % 3 else "free", i % 7, 3, 1.0 + i % 2)
    assert list(next_turns(queue)) == list(next_turns(queue))
    assert queue.waiting == 180


def test_who_stands_aside_comes_back_without_credit() -> None:
    """Foreseen as it happens: from the virtual time, and behind those who are there."""
    queue = FairQueue()
    queue.put("a", (Step("free"), Step("ann", 1.0, 1)), range(4), 1.0)
    put(queue, "b", "free", 0, 20, 1.0)
    assert [queue.next(0.0) for _ in range(10)].count(("a", 0)) == 1
    put(queue, "c", "free", 1, 2, 1.0)
    foreseen = list(islice(next_turns(queue), 3))
    queue.finish("a", 0, 1.0)
    assert foreseen == [queue.next(0.0) for _ in range(3)] == [("c", 0), ("a", 1), ("b", 9)]


def test_a_picture_put_back_is_near_in_any_crowd() -> None:
    queue = FairQueue()
    put(queue, "first", "free", 1000, 1, 1.0)
    assert queue.next(0.0) == ("first", 0)
    for i in range(300):
        put(queue, f"j{i}", "free", i, 1, 1.0)
    put(queue, "more", "free", 1000, 1, 1.0)
    queue.put_back("first", 0)
    job = queue.job("first")
    assert job is not None
    assert turns_before(queue, job) == (0, 0)


def crowd(seed: int, users: int, images: tuple[int, int], works: tuple[float, ...]) -> FairQueue:
    """Users of three tiers that came one after another, some served already."""
    dice, queue = random.Random(seed), FairQueue()
    tiers = dice.choices(list(WEIGHTS), [20, 4, 1], k=users)
    for user, tier in enumerate(tiers):
        put(queue, f"j{user}", tier, user, dice.randint(*images), dice.choice(works))
        if user % 3 == 0:
            named = queue.next(0.0)
            assert named is not None
            queue.finish(*named, 1.0)
    for i in range(users // 10):
        user = dice.randrange(users)
        put(queue, f"more{i}", tiers[user], user, dice.randint(*images), dice.choice(works))
    return queue


@pytest.mark.parametrize(
    ("images", "works", "off"),
    [((1, 1), (1.0,), 0.05), ((1, 8), (1.0,), 0.15), ((1, 8), (1.0, 3.0), 0.25)],
    ids=["one each", "some each", "works uneven"],
)
def test_who_stands_far_back_gets_a_good_estimate(
    images: tuple[int, int], works: tuple[float, ...], off: float
) -> None:
    """Nine in ten are not wronger than `off` of the place, or of a tenth of the queue."""
    queue = crowd(11, 1500, images, works)
    place = {named: turn for turn, named in enumerate(next_turns(queue))}
    wrong = []
    for i in range(0, 1500, 7):
        job = queue.job(f"j{i}")
        if job is None:
            continue
        for index, told in zip(
            (job.indices[0], job.indices[-1]), turns_before(queue, job), strict=True
        ):
            true = place[job.job_id, index]
            wrong.append(abs(told - true) / max(true, len(place) / 10))
    wrong.sort()
    assert len(wrong) > 100
    assert wrong[int(0.9 * len(wrong))] <= off


def test_many_are_counted_without_looking_at_each() -> None:
    queue = FairQueue()
    for i in range(20_000):
        put(queue, f"j{i}", "free", i, 1, 1.0)
    job = queue.job("j19999")
    assert job is not None
    assert turns_before(queue, job) == (19_999, 19_999)
    assert [job_id for job_id, _ in islice(next_turns(queue), 2)] == ["j0", "j1"]
