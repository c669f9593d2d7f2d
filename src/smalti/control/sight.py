"""`next_turns`: the order in which waiting pictures will be named, looked at and not changed.

As if slots became free one by one and nobody else came, with every picture costing what it is
expected to. A user who stands aside counts as if he were back when his turn comes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from smalti.control.fair import FairQueue, User
from smalti.control.share import Group, Member

LATER = 1 << 60
"""An arrival after all others: whoever has been named stands behind those who have not."""


def next_turns(queue: FairQueue) -> Iterator[tuple[str, int]]:
    """Job and index of each waiting picture, in order. Each takes O(log n) to find."""
    yield from queue.returned
    sight = _GroupSight(queue.root, queue, _returned(queue))
    while sight.left:
        job_id, index, _ = sight.take()
        yield job_id, index


@dataclass
class _Returned:
    """What was put back of a member's pictures; they are named, and charged, before all others."""

    pictures: int = 0
    device_s: float = 0.0


def _returned(queue: FairQueue) -> dict[Member, _Returned]:
    """By member; whose was put back last stands last."""
    found: dict[Member, _Returned] = {}
    for job_id, _ in queue.returned:
        job = queue.job(job_id)
        member: Member | None = job.user if job is not None else None
        while job is not None and member is not None:
            returned = found[member] = found.pop(member, _Returned())
            returned.pictures += 1
            returned.device_s += job.work * queue.device_s_per_work
            member = member.parent
    return found


class _UserSight:
    def __init__(self, user: User, queue: FairQueue, returned: dict[Member, _Returned]) -> None:
        self.left = user.waiting - returned.get(user, _Returned()).pictures
        self._pictures = (
            (job.job_id, index, job.work * queue.device_s_per_work)
            for job in user.jobs.values()
            for index in job.indices
            if (job.job_id, index) not in queue.returned
        )

    def take(self) -> tuple[str, int, float]:
        self.left -= 1
        return next(self._pictures)


class _GroupSight:
    """left: pictures not yet taken. take: the next one's job, index and expected device-seconds."""

    def __init__(self, group: Group, queue: FairQueue, returned: dict[Member, _Returned]) -> None:
        self.left = group.waiting - returned.get(group, _Returned()).pictures
        self._group = group
        self._queue = queue
        self._returned = returned
        self._arrivals = count(LATER)
        self._sights: dict[str, _UserSight | _GroupSight] = {}
        self._named: list[tuple[float, int, str]] = []
        for member, back in returned.items():
            if member.parent is group and self._look(member).left:
                tag = member.tag + back.device_s / member.weight
                heapq.heappush(self._named, (tag, next(self._arrivals), member.name))
        aside = ((max(tag, group.virtual), LATER - 1, name) for tag, _, name in group.aside)
        self._untouched = (
            place
            for place in heapq.merge(group.ready_line, aside)
            if group.members[place[2]] not in returned
        )
        self._head = next(self._untouched, None)

    def take(self) -> tuple[str, int, float]:
        self.left -= 1
        if self._head is not None and (not self._named or self._head < self._named[0]):
            tag, _, name = self._head
            self._head = next(self._untouched, None)
            sight = self._look(self._group.members[name])
        else:
            tag, _, name = heapq.heappop(self._named)
            sight = self._sights[name]
        job_id, index, device_s = sight.take()
        if sight.left:
            tag += device_s / self._group.members[name].weight
            heapq.heappush(self._named, (tag, next(self._arrivals), name))
        return job_id, index, device_s

    def _look(self, member: Member) -> _UserSight | _GroupSight:
        sight: _UserSight | _GroupSight
        if isinstance(member, Group):
            sight = _GroupSight(member, self._queue, self._returned)
        else:
            assert isinstance(member, User)
            sight = _UserSight(member, self._queue, self._returned)
        self._sights[member.name] = sight
        return sight
