"""The line against a sorted list."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from smalti.control.line import Line

Act = tuple[str, int]
acts = st.lists(st.tuples(st.sampled_from(["put", "discard"]), st.integers(0, 12)), max_size=60)


@given(acts, st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_the_line_is_a_sorted_list(done: list[Act], tags: list[int]) -> None:
    line, twin = Line(), []
    for (act, who), tag in zip(done, tags, strict=False):
        name = f"n{who}"
        twin = [place for place in twin if place[1] != name]
        if act == "put":
            line.put(name, float(tag))
            twin.append((float(tag), name))
            twin.sort(key=lambda place: place[0])
        else:
            line.discard(name)
        assert [(tag, name) for tag, _, name in line] == twin
        assert len(line) == len(twin)
        assert (name in line) == (act == "put")
        for sought in (0.0, 1.0, 1.5, 4.0):
            assert line.before(sought) == sum(place[0] < sought for place in twin)
        if twin:
            assert line.first()[2] == twin[0][1]


def test_many_are_kept_in_order_over_buckets() -> None:
    line, dice = Line(), random.Random(7)
    names = [f"n{i}" for i in range(5000)]
    for name in names:
        line.put(name, dice.random())
    for name in dice.sample(names, 2500):
        line.discard(name)
    for name in dice.sample(names, 1000):
        line.put(name, dice.random())
    places = list(line)
    assert places == sorted(places)
    assert len(places) == len(line)
    for rank in range(0, len(places), 97):
        tag, arrival, _ = places[rank]
        assert line.before(tag, arrival) == rank
