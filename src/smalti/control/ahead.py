"""What goes before a place in the fair order, told without looking at each member.

Two sums at each level. Those who stand before a member in the line go once: they are counted in
the line. While the member is served what waits before the place in it, each of the others is served
as much, or all that it has: that is asked of the group's backlog.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from smalti.control.returned import Returned, class_of
from smalti.control.share import Group, Member
from smalti.control.user import Step, User, Waiting

_LATER = 2.0**-10
"""Device-seconds after which whoever started at the same time stands before a newcomer."""


class Ahead(NamedTuple):
    """Waiting pictures of the same class, and their tile-steps, that are named before a job's next
    one, and before its last one."""

    pictures: int
    work: float
    last_pictures: int
    last_work: float

    def up_to(self, images: int, of: int) -> Ahead:
        """As if the job, which has `of` pictures, had only so many."""
        part = (images - 1) / max(of - 1, 1)
        more = round((self.last_pictures - self.pictures) * part)
        work = self.work + (self.last_work - self.work) * part
        return Ahead(self.pictures, self.work, self.pictures + more, work)


def ahead_of_job(job: Waiting, returned: Returned, rate: float) -> Ahead:
    """rate: device-seconds of a tile-step."""
    pictures, work = job.user.before(job)
    seat = job.user.seat
    ahead = _ahead(seat, pictures, work, len(job.indices), job.work, rate)
    if not returned:
        return ahead
    counted = returned.of_user(job.user, job)
    ahead = _after(ahead, class_of(seat), returned, counted, len(job.indices), job.work)
    back = sum((job.job_id, index) in returned for index in job.indices)
    if not back:
        return ahead
    first, last = returned.before(job, back)
    return Ahead(*first, *(last if back == len(job.indices) else ahead[2:]))


def ahead_of_newcomer(
    root: Group, path: Sequence[Step], images: int, work: float, returned: Returned, rate: float
) -> Ahead:
    """Of a job that is not there, behind its user's others."""
    at = root.seat
    for step in path:
        group = at.below
        assert isinstance(group, Group)
        found = group.members.get(step.name)
        if found is None:
            if group is root:
                return Ahead(0, 0.0, images - 1, (images - 1) * work)
            at = Member(step.name, group)
            at.weight = step.weight
            break
        at = found
    ahead = _ahead(at, at.waiting, at.work, images, work, rate)
    if not returned:
        return ahead
    counted = returned.of_user(at.below) if isinstance(at.below, User) else (0, 0.0)
    return _after(ahead, class_of(at), returned, counted)


def _after(
    ahead: Ahead, of: Member, returned: Returned, counted: tuple[int, float],
    own: int = 0, each: float = 0.0,
) -> Ahead:  # fmt: skip
    """Behind what came back of a class; that of others may be among what is counted already.

    counted: of what came back, the same user's, which is. own, each: pictures of the job that wait
    in the class, and their tile-steps; its last one does not stand before itself.
    """
    pictures, work = returned.of(of)
    pictures, work = pictures - counted[0], work - counted[1]
    last = min(own, 1)
    return Ahead(
        min(ahead.pictures + pictures, max(of.waiting - own, ahead.pictures)),
        min(ahead.work + work, max(of.work - own * each, ahead.work)),
        min(ahead.last_pictures + pictures, max(of.waiting - last, ahead.last_pictures)),
        min(ahead.last_work + work, max(of.work - last * each, ahead.last_work)),
    )


def _ahead(
    member: Member, pictures: int, work: float, images: int, each: float, rate: float
) -> Ahead:
    """pictures, work: what waits in the member before the job. images, each: of the job."""
    more = images - 1
    first, last, last_work = float(pictures), float(pictures + more), work + more * each
    group = member.parent
    while group is not None and (seat := group.seat).parent is not None:
        if seat.waiting > member.waiting:
            rank, beyond = _stands(group, member, rate)
            others, theirs = _beside(group, member, rank, beyond, work)
            if more:
                then, then_work = _beside(group, member, rank, beyond, last_work)
                last, last_work = last + then, last_work + then_work
            first, work = first + others, work + theirs
        member, group = seat, seat.parent
    if not more:
        last, last_work = first, work
    return Ahead(round(first), work, round(last), last_work)


def _stands(group: Group, member: Member, rate: float) -> tuple[int, float]:
    """How many stand before a member, and how many tile-steps each of them is served before it
    beyond its next picture."""
    line, tag = group.line, member.tag + member.owed
    if not member.stands:
        start = group.served if member.waiting else group.virtual
        tag = (tag if tag > start else start) + _LATER
    rank = line.before(tag)
    if not rank or rate <= 0.0:
        return rank, 0.0
    beyond = (tag - line.first_tag()) / rate - group.seat.work / group.seat.waiting
    return rank, beyond if beyond > 0.0 else 0.0


def _beside(
    group: Group, member: Member, rank: int, beyond: float, own: float
) -> tuple[float, float]:
    """Pictures and tile-steps that a group's other members are served before a member's place.

    own: tile-steps that wait in the member before it.
    """
    seat = group.seat
    waiting, work = seat.waiting - member.waiting, seat.work - member.work
    each = own / member.weight + beyond
    if each <= 0.0 or work <= 0.0:
        return rank, rank * work / waiting
    others = seat.standing + len(group.aside)
    weights = group.weights
    if member.waiting:
        others, weights = others - 1, weights - member.weight
    if others <= 0:
        return 0.0, 0.0
    served, left = group.backlog.served(each * weights / others, member)
    before = served + rank * left / others * work / waiting
    if before > work:
        before = work
    return before * waiting / work, before
