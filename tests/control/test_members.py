"""Levels, weights and bounds of the fair queue, and who is remembered."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from control.shop import path

from smalti.control.fair import FairQueue, Group, Step


def test_levels_compose() -> None:
    """Weights of organisations as well, and paths of two steps or four."""
    queue = FairQueue()
    for org, users in (("org1", 1), ("org2", 9)):
        for i in range(users):
            steps = (Step("free"), Step(org, 3.0 if org == "org1" else 1.0), Step(f"{org}u{i}"))
            queue.put(f"{org}:{i}", steps, range(500), 1.0)
    turns = Counter(
        named[0].split(":")[0] for _ in range(400) if (named := queue.next(0.0)) is not None
    )
    assert turns["org1"] == pytest.approx(300, abs=2)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_path_has_any_depth(depth: int) -> None:
    queue = FairQueue()
    for user in "ab":
        steps = [*(Step(f"level{i}") for i in range(depth - 1)), Step(user)]
        queue.put(user, steps, range(3), 1.0)
    assert [named[0] for _ in range(6) if (named := queue.next(0.0))] == list("ababab")


def test_a_new_bound_counts_at_once() -> None:
    queue = FairQueue()
    queue.put("a", path("free", "u", bound=1), range(9), 1.0)
    assert queue.next(0.0) == ("a", 0)
    assert queue.next(0.0) is None
    queue.put("b", path("free", "u", bound=2), [0], 1.0)
    assert queue.next(0.0) == ("a", 1)
    assert queue.next(0.0) is None
    queue.put("c", path("free", "u", bound=5), [0], 1.0)
    queue.put("d", path("free", "u", bound=2), [0], 1.0)
    assert queue.next(0.0) is None
    queue.finish("a", 0, 1.0)
    assert queue.next(0.0) == ("a", 2)


def test_a_new_weight_counts_at_once() -> None:
    queue = FairQueue()
    queue.put("a", [Step("one"), Step("u")], range(100), 1.0)
    queue.put("b", [Step("two"), Step("u")], range(100), 1.0)
    queue.put("more", [Step("two", 4.0), Step("u")], [0], 1.0)
    turns = Counter(named[0] for _ in range(50) if (named := queue.next(0.0)) is not None)
    assert turns["b"] == pytest.approx(40, abs=1)


def test_users_and_groups_are_forgotten() -> None:
    """Nobody who has nothing here and owes nothing is remembered."""
    queue = FairQueue()
    for i in range(2000):
        queue.put(f"j{i}", path("free", f"u{i}", f"o{i % 700}"), [0], 1.0)
        if i % 2:
            for _ in range(2):
                named = queue.next(0.0)
                assert named is not None
                queue.finish(*named, 1.0)
    group = queue.classes["free"].below
    assert isinstance(group, Group) and len(group.members) < 10


def test_who_is_forgotten_leaves_nothing_for_the_garbage_collector() -> None:
    """A replay of a million requests does without it."""
    queue = FairQueue()
    gc.collect()
    gc.disable()
    try:
        for i in range(200):
            queue.put(f"j{i}", path("free", f"u{i}", f"o{i % 70}"), [0], 1.0)
            named = queue.next(0.0)
            assert named is not None
            queue.finish(*named, 1.0)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_job_that_waits_is_not_put_again() -> None:
    queue = FairQueue()
    queue.put("a", path("free", "u"), [0], 1.0)
    with pytest.raises(ValueError, match="a waits already"):
        queue.put("a", path("free", "u"), [1], 1.0)
    with pytest.raises(ValueError, match="'u' is a user"):
        queue.put("b", [*path("free", "u"), Step("deeper")], [1], 1.0)
    with pytest.raises(ValueError, match="'org' is a group"):
        queue.put("b", path("free", "u")[:2], [1], 1.0)


def test_a_class_is_remembered_when_its_users_are_forgotten() -> None:
    """It may come again and again without ever waiting, and counts with what comes for it."""
    queue = FairQueue()
    queue.root.credit = 0.0
    for i in range(20):
        for tier in ("team", "free"):
            queue.put(f"{tier}{i}", path(tier, f"{tier}{i}"), [0], 1.0)
            named = queue.next(0.0)
            assert named is not None
            queue.finish(*named, 1.0)
    assert set(queue.classes) == {"team", "free"}
    team = queue.classes["team"].below
    assert isinstance(team, Group) and not team.members
