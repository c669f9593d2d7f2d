"""Sums over bins against sums over members."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.control.backlog import Backlog
from smalti.control.share import Member

works = st.lists(st.tuples(st.integers(1, 9), st.floats(0.5, 5000)), min_size=1, max_size=40)


def backlog_of(waiting: list[tuple[int, float]]) -> tuple[Backlog, list[Member]]:
    backlog, members = Backlog(), []
    for i, (pictures, work) in enumerate(waiting):
        member = Member(f"m{i}", None)
        member.waiting, member.work = pictures, work
        backlog.enter(member)
        members.append(member)
    return backlog, members


@given(works, st.floats(0.1, 6000))
def test_each_is_served_so_much_or_all_it_has(
    waiting: list[tuple[int, float]], each: float
) -> None:
    """Exact in every bin but the one that `each` falls into, where a quarter is the most."""
    backlog, members = backlog_of(waiting)
    work, left = backlog.served(each, None)
    true = sum(min(member.work, each) for member in members)
    near = [m for m in members if (its := m.bin) is not None and its.low <= each < its.high]
    assert work == pytest.approx(true, abs=1e-6 + sum(member.work for member in near) / 4)
    assert left == pytest.approx(sum(m.work > each for m in members), abs=len(near) + 1e-6)


@given(works, st.floats(0.1, 6000))
def test_a_member_can_be_left_out(waiting: list[tuple[int, float]], each: float) -> None:
    backlog, members = backlog_of(waiting)
    others, _ = backlog_of(waiting[1:])
    assert backlog.served(each, members[0]) == pytest.approx(others.served(each, None), abs=1e-4)


@given(works, works)
def test_changes_keep_the_sums(
    before: list[tuple[int, float]], after: list[tuple[int, float]]
) -> None:
    backlog, members = backlog_of(before)
    for member, (pictures, work) in zip(members, after, strict=False):
        more = work - member.work
        member.waiting, member.work = pictures, work
        backlog.change(member, more)
    twin, _ = backlog_of([(member.waiting, member.work) for member in members])
    for octave, its in twin.bins.items():
        mine = backlog.bins[octave]
        assert mine.members == its.members
        assert mine.work == pytest.approx(its.work)
    for member in members:
        assert member.bin is not None
        member.bin.leave(member.work)
    assert all(its.members == its.work == 0 for its in backlog.bins.values())
