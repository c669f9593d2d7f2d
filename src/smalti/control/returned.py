"""`Returned`: pictures that lost their slots undrawn, and go before all others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from smalti.control.share import Member
from smalti.control.user import User, Waiting

Picture = tuple[str, int]
"""Job, index."""


class Returned:
    """In the order in which they came back. Each change takes O(1)."""

    __slots__ = ("_of", "_works")

    def __init__(self) -> None:
        self._works: OrderedDict[Picture, tuple[Member, float]] = OrderedDict()
        self._of: dict[Member, list[float]] = {}

    def __len__(self) -> int:
        return len(self._works)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self._works)

    def __contains__(self, picture: Picture) -> bool:
        return picture in self._works

    def add(self, picture: Picture, job: Waiting) -> None:
        of = class_of(job.user.seat)
        self._works[picture] = of, job.work
        sums = self._of.setdefault(of, [0, 0.0])
        sums[0] += 1
        sums[1] += job.work

    def pop_first(self) -> Picture:
        picture = next(iter(self._works))
        self.discard(picture)
        return picture

    def discard(self, picture: Picture) -> None:
        found = self._works.pop(picture, None)
        if found is not None:
            of, work = found
            sums = self._of[of]
            sums[0] -= 1
            sums[1] -= work
            if not sums[0]:
                del self._of[of]

    def of(self, member: Member) -> tuple[int, float]:
        """Pictures of a class that came back, and their tile-steps."""
        pictures, work = self._of.get(member, (0, 0.0))
        return int(pictures), work

    def of_user(self, user: User, last: Waiting | None = None) -> tuple[int, float]:
        """Of his jobs, which stand before his others. last: the last one that is looked at."""
        pictures, work = 0, 0.0
        for job in user:
            back = sum((job.job_id, index) in self._works for index in job.indices)
            pictures += back
            work += back * job.work
            if not back or job is last:
                break
        return pictures, work

    def before(self, job: Waiting, back: int) -> tuple[tuple[int, float], tuple[int, float]]:
        """Pictures of its class that came back before the first of a job's that did, and before the
        last, with their tile-steps; looks at each. back: how many of the job's came back."""
        of, pictures, work = class_of(job.user.seat), 0, 0.0
        first = None
        for (job_id, _), (its, each) in self._works.items():
            if job_id == job.job_id:
                first, back = first or (pictures, work), back - 1
                if not back:
                    break
            if its is of:
                pictures += 1
                work += each
        return first or (pictures, work), (pictures, work)


def class_of(member: Member) -> Member:
    """The first step of a path to a user, or to an organisation."""
    while member.parent is not None and not member.is_class:
        member = member.parent.seat
    return member
