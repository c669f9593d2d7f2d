"""The queue against its slow twin, and its promises in figures."""

from __future__ import annotations

from math import inf

import pytest
from control.slow_queue import NEAR, Path, Picture, SlowQueue, Someone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smalti.control.fair import FairQueue, Group, Member, Step

WEIGHTS = {"free": 1.0, "plus": 4.0, "team": 16.0}
PATHS: list[Path] = [
    (tier, f"{tier}o{org}", f"{tier}o{org}u{user}")
    for tier in WEIGHTS
    for org in range(2)
    for user in range(2)
]


class Queues(RuleBasedStateMachine):
    """The same random life for both. Works are powers of two, so that no sum is rounded."""

    @initialize(
        users=st.lists(st.integers(1, 3), min_size=12, max_size=12),
        orgs=st.lists(st.integers(2, 5), min_size=6, max_size=6),
        credit=st.sampled_from([None, 0.0, 8.0, 64.0]),
    )
    def begin(self, users: list[int], orgs: list[int], credit: float | None) -> None:
        self.queue = FairQueue()
        self.queue.root.credit = credit
        self.weights = dict(WEIGHTS)
        self.bounds = dict(zip(PATHS, users, strict=True))
        self.bounds |= dict(zip(sorted({path[:2] for path in PATHS}), orgs, strict=True))
        known: dict[Path, Someone] = {(): Someone()}
        for tier, weight in WEIGHTS.items():
            known[tier,] = Someone(weight)
        for path, bound in self.bounds.items():
            known[path] = Someone(1.0, bound)
        self.slow = SlowQueue(known, credit=credit)
        self.jobs = 0

    def steps(self, path: Path) -> list[Step]:
        tier, org, user = path
        return [
            Step(tier, self.weights[tier]),
            Step(org, 1.0, self.bounds[tier, org]),
            Step(user, 1.0, self.bounds[path]),
        ]

    @rule(path=st.sampled_from(PATHS), images=st.integers(1, 4), work=st.sampled_from([4, 16, 64]))
    def put(self, path: Path, images: int, work: float) -> None:
        self.jobs += 1
        job_id = f"j{self.jobs}"
        self.queue.put(job_id, self.steps(path), range(images), work)
        self.slow.put([Picture(job_id, i, path, work) for i in range(images)])

    @rule(times=st.integers(1, 6))
    def name(self, times: int) -> None:
        for _ in range(times):
            named = self.queue.next(0.0)
            may = {(p.job_id, p.index): p for p in self.slow.may_be_named()}
            if named is None:
                assert not may, "somebody waits who may be named"
                return
            assert named in may
            self.slow.name(may[named])

    @precondition(lambda self: self.slow.may_hurry())
    @rule(data=st.data())
    def hurry(self, data: st.DataObject) -> None:
        p = data.draw(st.sampled_from(self.slow.may_hurry()))
        assert self.queue.next(0.0, p.job_id) == (p.job_id, p.index)
        self.slow.name(p, hurries=True)

    @precondition(lambda self: self.slow.running)
    @rule(data=st.data(), cost=st.sampled_from([0, 2, 16, 256]))
    def finish(self, data: st.DataObject, cost: float) -> None:
        p = data.draw(st.sampled_from(self.slow.running))
        assert self.queue.finish(p.job_id, p.index, cost) is not None
        assert self.queue.finish(p.job_id, p.index, cost) is None
        self.slow.settle(p, cost)

    @precondition(lambda self: self.slow.running)
    @rule(data=st.data())
    def put_back(self, data: st.DataObject) -> None:
        p = data.draw(st.sampled_from(self.slow.running))
        assert self.queue.put_back(p.job_id, p.index)
        self.slow.put_back(p)

    @precondition(lambda self: self.slow.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.slow.waiting)).job_id
        assert self.queue.withdraw(job_id) == self.slow.withdraw(job_id)
        assert self.queue.withdraw(job_id) == []

    @precondition(lambda self: self.slow.waiting)
    @rule(data=st.data(), path=st.sampled_from(PATHS))
    def reprioritise(self, data: st.DataObject, path: Path) -> None:
        job_id = data.draw(st.sampled_from(self.slow.waiting)).job_id
        assert self.queue.reprioritise(job_id, self.steps(path))
        self.slow.reprioritise(job_id, path)

    @rule(
        path=st.sampled_from(PATHS), weight=st.sampled_from([1.0, 4.0, 16.0]),
        bound=st.integers(1, 3),
    )  # fmt: skip
    def change(self, path: Path, weight: float, bound: int) -> None:
        """A tier's weight, and how many pictures one of its users may have drawn at a time."""
        self.weights[path[0]], self.bounds[path] = weight, bound
        for other in PATHS:
            if other[0] == path[0]:
                self.queue.change(self.steps(other))
        self.slow.change({path[:1]: (weight, inf), path: (1.0, bound)})

    @invariant()
    def everyone_stands_where_he_belongs(self) -> None:
        if not hasattr(self, "slow"):
            return
        assert list(self.queue.returned) == [(p.job_id, p.index) for p in self.slow.returned]
        assert len(self.queue.running) == len(self.slow.running)
        self.check(self.queue.everybody, ())

    def check(self, member: Member, path: Path) -> None:
        waiting, twin = self.slow.waiting_of(path), self.slow.known[path]
        assert member.waiting == len(waiting)
        assert member.work == sum(p.work for p in waiting)
        assert member.running == len(self.slow.running_of(path))
        assert member.ready() == self.slow.ready(path)
        if path and (member.waiting or member.running):
            group = self.slow.known[path[:-1]]
            assert member.parent is not None
            mine = member.tag + member.owed - member.parent.virtual
            assert mine == pytest.approx(twin.tag - group.virtual, abs=NEAR)
        if isinstance(member.below, Group):
            for name, other in member.below.members.items():
                self.check(other, (*path, name))
            check_group(member.below)


def check_group(group: Group) -> None:
    """What is kept of a group's members is what they are."""
    members = [member for member in group.members.values() if member.waiting]
    assert {member for _, member in group.line} == {m for m in members if m.ready()}
    assert set(group.aside) == {member for member in members if not member.ready()}
    assert group.seat.standing == len(group.line)
    assert group.weights == sum(member.weight for member in members)
    for found in group.backlog.bins.values():
        its = [member for member in members if found.low <= member.work < found.high]
        assert (found.members, found.work) == (len(its), sum(member.work for member in its))


Queues.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_twins = Queues.TestCase
