"""The line against a sorted list."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.line import Line

acts = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), max_size=60)


@given(acts)
def test_the_line_is_a_sorted_list(done: list[tuple[int, int]]) -> None:
    """Each act puts a member, or takes out one that is there."""
    line: Line[str] = Line()
    twin: list[tuple[float, str]] = []
    for who, tag in done:
        name = f"n{who}"
        found = next((place for place in twin if place[1] == name), None)
        if found is None:
            line.put(float(tag), name)
            twin.append((float(tag), name))
            twin.sort(key=lambda place: place[0])
        else:
            line.remove(*found)
            twin.remove(found)
        assert list(line) == twin
        assert len(line) == len(twin)
        for sought in (0.0, 1.0, 1.5, 4.0):
            assert line.before(sought) == sum(place[0] < sought for place in twin)
        if twin:
            assert (line.first_tag(), line.first()) == twin[0]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9), st.lists(st.integers(0, 12)))
def test_the_first_moves_behind_those_with_its_new_tag(tags: list[int], moves: list[int]) -> None:
    line, twin = Line[int](), Line[int]()
    for who, tag in enumerate(tags):
        line.put(float(tag), who)
        twin.put(float(tag), who)
    for tag in moves:
        line.move_first(float(tag))
        first = twin.first()
        twin.remove_first()
        twin.put(float(tag), first)
        assert list(line) == list(twin)


@pytest.mark.parametrize("tags", [10**9, 7, 1], ids=["tags differ", "few tags", "one tag"])
def test_many_are_kept_in_order_over_buckets(tags: int) -> None:
    line: Line[int] = Line()
    dice, tag_of = random.Random(7), {}
    for who in range(5000):
        tag_of[who] = float(dice.randrange(tags))
        line.put(tag_of[who], who)
    for who in dice.sample(range(5000), 2500):
        line.remove(tag_of.pop(who), who)
    for who in range(5000, 6000):
        tag_of[who] = float(dice.randrange(tags))
        line.put(tag_of[who], who)
    places = list(line)
    assert places == sorted(places)
    assert {who: tag for tag, who in places} == tag_of
    for tag, _ in places[::97]:
        assert line.before(tag) == sum(other < tag for other in tag_of.values())
    for who in sorted(tag_of)[::2]:
        line.remove(tag_of.pop(who), who)
    for _ in range(500):
        who = line.first()
        tag_of[who] = float(dice.randrange(tags))
        line.move_first(tag_of[who])
    while tag_of:
        tag, who = line.first_tag(), line.first()
        assert tag == tag_of.pop(who) == min([tag, *tag_of.values()])
        line.remove_first()
    assert len(line) == 0


def test_the_place_among_very_many_is_near() -> None:
    """Buckets are counted up to a number; behind them it is taken that they are alike."""
    line: Line[int] = Line()
    dice = random.Random(5)
    for who in range(100_000):
        line.put(dice.random(), who)
    for sought in (0.01, 0.05):
        assert line.before(sought) == sum(tag < sought for tag, _ in line)
    for sought in (0.5, 0.9, 1.0):
        true = sum(tag < sought for tag, _ in line)
        assert line.before(sought) == pytest.approx(true, rel=0.1)
