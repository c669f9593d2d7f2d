"""What is foreseen of the order, against what then happens."""

from __future__ import annotations

from itertools import islice

from control.slow_turns import EXACT, next_turns, turns_before
from hypothesis import given, settings
from hypothesis import strategies as st

from smalti.control.fair import FairQueue, Step

WEIGHTS = {"free": 1.0, "plus": 4.0, "team": 16.0}

Sent = tuple[str, int, int, int, float]
sent = st.lists(
    st.tuples(
        st.sampled_from(list(WEIGHTS)),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(1, 4),
        st.sampled_from([1.0, 1.5, 4.0]),
    ),
    min_size=1,
    max_size=25,
)


def put(
    queue: FairQueue, name: str, tier: str, org: int, user: int, images: int, work: float
) -> str:
    steps = (Step(tier, WEIGHTS[tier]), Step(f"{tier}{org}"), Step(f"u{user}"))
    queue.put(name, steps, range(images), work)
    return name


@given(sent, sent, st.integers(0, 20), st.integers(0, 3), st.sampled_from([0.5, 1.0, 3.0]))
@settings(max_examples=100, deadline=None)
def test_what_is_foreseen_happens(
    first: list[Sent], second: list[Sent], named_before: int, put_back: int, really: float
) -> None:
    queue = FairQueue()
    for i, one in enumerate(first):
        put(queue, f"a{i}", *one)
    running = [named for _ in range(named_before) if (named := queue.next(0.0)) is not None]
    for i, one in enumerate(second):
        put(queue, f"b{i}", *one)
    for named in running[:put_back]:
        queue.put_back(*named)
    for named in running[put_back:]:
        queue.finish(*named, queue.running[named].work * really)
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
        put(queue, f"j{i}", "plus" if i % 3 else "free", i % 2, i % 7, 3, 1.0 + i % 2)
    assert list(next_turns(queue)) == list(next_turns(queue))
    assert queue.waiting == 180


def test_who_stands_aside_comes_back_without_credit() -> None:
    """Foreseen as it happens: from the turn of who was served last, and behind who is there."""
    queue = FairQueue()
    queue.put("a", (Step("free"), Step("org"), Step("ann", 1.0, 1)), range(4), 1.0)
    queue.put("b", (Step("free"), Step("org"), Step("ben")), range(20), 1.0)
    assert [queue.next(0.0) for _ in range(10)].count(("a", 0)) == 1
    foreseen = list(islice(next_turns(queue), 3))
    queue.finish("a", 0, 1.0)
    assert foreseen == [queue.next(0.0), queue.next(0.0), ("a", 2)]
    assert foreseen[:2] == [("a", 1), ("b", 9)]


def test_a_picture_put_back_is_near_in_any_crowd() -> None:
    queue = FairQueue()
    put(queue, "first", "free", 0, 1000, 1, 1.0)
    assert queue.next(0.0) == ("first", 0)
    for i in range(300):
        put(queue, f"j{i}", "free", 0, i, 1, 1.0)
    put(queue, "more", "free", 0, 1000, 1, 1.0)
    queue.put_back("first", 0)
    job = queue.job("first")
    assert job is not None
    assert turns_before(queue, job) == (0, 0)


def test_many_are_counted_without_looking_at_each() -> None:
    queue = FairQueue()
    for i in range(20_000):
        put(queue, f"j{i}", "free", 0, i, 1, 1.0)
    job = queue.job("j19999")
    assert job is not None
    assert turns_before(queue, job) == (19_999, 19_999)
    assert [job_id for job_id, _ in islice(next_turns(queue), 2)] == ["j0", "j1"]
