"""`next_turns`: the order in which waiting pictures will be named, looked at and not changed.

As if slots became free one by one and nobody else came, with every picture costing what it is
expected to. A user who stands aside counts as if he were back when his turn comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count, islice

from smalti.control.fair import FairQueue, Group, Member, User, Waiting
from smalti.control.returned import class_of

EXACT = 100
"""Turns that are looked at one by one; who stands further back gets an estimate."""

Turn = tuple[str, int, float]
"""Job, index, and the device-seconds it is expected to take."""


def next_turns(queue: FairQueue) -> Iterator[tuple[str, int]]:
    """Job and index of each waiting picture, in order. Each takes O(log n) to find, and the first a
    step for each member that stands aside."""
    yield from queue.returned
    sight = _GroupSight(queue.root, queue, _returned(queue))
    while sight.left:
        job_id, index, _ = sight.take()
        yield job_id, index


def turns_before(queue: FairQueue, job: Waiting) -> tuple[int, int]:
    """Waiting pictures of all classes that are named before the job's next one, and its last.

    Exact for the next EXACT turns, as `next_turns` defines it; looks at each of them. Beyond them
    what `ahead` tells of its class, and as much by weight of each of the other classes.
    """
    ahead = queue.ahead(job.job_id)
    if ahead is None:
        raise ValueError(f"Nothing of {job.job_id} waits.")
    first = last = None
    left = len(job.indices)
    turns = islice(next_turns(queue), EXACT) if ahead.pictures < 2 * EXACT else ()
    for turn, (job_id, _) in enumerate(turns):
        if job_id == job.job_id:
            first = turn if first is None else first
            left -= 1
            if not left:
                last = turn
                break
    if first is None:
        others = _other_classes(queue, job, ahead.work)
        first = max(EXACT, round(ahead.pictures + others))
    if last is None:
        others = _other_classes(queue, job, ahead.last_work)
        last = max(EXACT, first + len(job.indices) - 1, round(ahead.last_pictures + others))
    most = queue.waiting - 1
    return min(first, most), min(last, most)


def _other_classes(queue: FairQueue, job: Waiting, work: float) -> float:
    """Pictures that they have named while the job's class is served so many tile-steps."""
    at = class_of(job.user.seat)
    pictures = 0.0
    for other in queue.classes.values():
        if other is not at and other.work > 0:
            served = min(work * other.weight / at.weight, other.work)
            pictures += served * other.waiting / other.work
    return pictures


def _returned(queue: FairQueue) -> dict[Member, list[float]]:
    """What was put back of each member: pictures, device-seconds. It is charged before others."""
    found: dict[Member, list[float]] = {}
    for job_id, _ in queue.returned:
        job = queue.job(job_id)
        member: Member | None = job.user.seat if job is not None else None
        while job is not None and member is not None:
            sums = found.setdefault(member, [0, 0.0])
            sums[0] += 1
            sums[1] += job.work * queue.device_s_per_work
            member = member.parent.seat if member.parent is not None else None
    return found


class _UserSight:
    def __init__(self, user: User, queue: FairQueue, returned: dict[Member, list[float]]) -> None:
        self.left = user.seat.waiting - returned.get(user.seat, [0])[0]
        self._pictures = (
            (job.job_id, index, job.work * queue.device_s_per_work)
            for job in user
            for index in job.indices
            if (job.job_id, index) not in queue.returned
        )

    def take(self) -> Turn:
        self.left -= 1
        return next(self._pictures)


class _GroupSight:
    """left: pictures not yet taken. take: the next one's job, index and expected device-seconds."""

    def __init__(self, group: Group, queue: FairQueue, returned: dict[Member, list[float]]) -> None:
        self.left = group.seat.waiting - returned.get(group.seat, [0])[0]
        self._queue = queue
        self._returned = returned
        self._order = count()
        self._sights: dict[Member, _UserSight | _GroupSight] = {}
        self._later: list[tuple[float, int, Member]] = []
        for member in group.aside:
            if self._look(member).left:
                start = max(_tag(member), group.served)
                self._stands(member, start + self._charged_before(member))
        self._untouched = iter(group.line)
        self._head = next(self._untouched, None)

    def take(self) -> Turn:
        self.left -= 1
        tag, member = self._next()
        sight = self._sights.get(member) or self._look(member)
        job_id, index, device_s = sight.take()
        if sight.left:
            self._stands(member, tag + device_s / member.weight)
        return job_id, index, device_s

    def _next(self) -> tuple[float, Member]:
        """Of equal tags whoever was not named yet; whoever owes something is further back."""
        while (head := self._head) is not None and (
            not self._later or head[0] <= self._later[0][0]
        ):
            self._head = next(self._untouched, None)
            before = self._charged_before(head[1])
            if before and not self._look(head[1]).left:
                continue
            if head[1].owed + before <= 0:
                return head
            self._stands(head[1], _tag(head[1]) + before)
        tag, _, member = heapq.heappop(self._later)
        return tag, member

    def _charged_before(self, member: Member) -> float:
        """By its pictures that came back, weighed."""
        return self._returned.get(member, (0, 0.0))[1] / member.weight

    def _stands(self, member: Member, tag: float) -> None:
        heapq.heappush(self._later, (tag, next(self._order), member))

    def _look(self, member: Member) -> _UserSight | _GroupSight:
        sight: _UserSight | _GroupSight
        below = member.below
        if isinstance(below, Group):
            sight = _GroupSight(below, self._queue, self._returned)
        else:
            assert isinstance(below, User)
            sight = _UserSight(below, self._queue, self._returned)
        self._sights[member] = sight
        return sight


def _tag(member: Member) -> float:
    return member.tag + member.owed
