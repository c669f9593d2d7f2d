"""How many pictures would be named before a given one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from smalti.control.fair import FairQueue, Waiting
from smalti.control.share import Group, Member
from smalti.control.sight import LATER, next_turns

EXACT = 100
"""Turns that are looked at one by one; who stands further back gets an estimate."""

_FEW = 32


def turns_before(queue: FairQueue, job: Waiting) -> tuple[int, int]:
    """Waiting pictures that would be named before the job's next one, and before its last.

    Exact for the next EXACT turns, as `next_turns` defines it. Beyond them an estimate from how
    many members have how many pictures waiting, as if all pictures of a group cost its mean.
    """
    first = last = None
    left = len(job.indices)
    turns = islice(next_turns(queue), EXACT) if _may_be_near(queue, job) else ()
    for turn, (job_id, _) in enumerate(turns):
        if job_id == job.job_id:
            first = turn if first is None else first
            left -= 1
            if not left:
                last = turn
                break
    place, work = own_before(job)
    if first is None:
        first = max(EXACT, _estimate(queue, job.user, place, work))
    if last is None:
        more = len(job.indices) - 1
        last = _estimate(queue, job.user, place + more, work + more * job.work)
        last = max(last, first + more, EXACT)
    return first, last


def own_before(job: Waiting) -> tuple[int, float]:
    """Pictures of the same user that go before the job's, and their work."""
    pictures, work = 0, 0.0
    for other in job.user.jobs.values():
        if other is job:
            break
        pictures += len(other.indices)
        work += len(other.indices) * other.work
    return pictures, work


def _may_be_near(queue: FairQueue, job: Waiting) -> bool:
    """False if the users that are named before the job's user fill the next EXACT turns."""
    group = job.user.parent
    if group is None or any((job.job_id, index) in queue.returned for index in job.indices):
        return True
    return group.ready_line.before(*_stands_at(group, job.user)) < EXACT


def _estimate(queue: FairQueue, user: Member, place: int, work: float) -> int:
    """Pictures before the one at a place in its user's line, that has `work` before it there."""
    rate = queue.device_s_per_work
    pictures, device_s = float(place), work * rate
    member, group = user, user.parent
    while group is not None:
        tag, arrival = _stands_at(group, member)
        others = _others_before(group, member, tag + device_s / member.weight, arrival, rate)
        for more_pictures, more_s in others:
            pictures += more_pictures
            device_s += more_s
        member, group = group, group.parent
    return int(min(pictures, queue.waiting - 1))


def _stands_at(group: Group, member: Member) -> tuple[float, int]:
    if member.name in group.ready_line:
        tag, arrival, _ = group.ready_line.place(member.name)
        return tag, arrival
    return max(member.tag, group.virtual), LATER


def _others_before(
    group: Group, member: Member, end: float, arrival: int, rate: float
) -> Iterator[tuple[float, float]]:
    """Pictures and device-seconds of a group's other members that come before a virtual time."""
    if len(group.ready_line) + len(group.aside) <= _FEW or not group.lengths:
        for line in (group.ready_line, group.aside):
            for tag, arrived, name in line:
                other = group.members[name]
                mean_s = other.work * rate / other.waiting
                turns = math.ceil((end - max(tag, other.floor)) * other.weight / mean_s)
                if turns == 0 and tag == end and arrived < arrival:
                    turns = 1
                if other is not member and turns > 0:
                    turns = min(turns, other.waiting)
                    yield turns, turns * mean_s
        return
    mean_s = group.work * rate / group.waiting
    for members in group.lengths:
        before = group.ready_line.before(end, arrival) + group.aside.before(end, arrival)
        if before == 0:
            return
        share = before / (len(group.ready_line) + len(group.aside))
        pictures = members * share
        yield pictures, pictures * mean_s
        end, arrival = end - mean_s, 0
