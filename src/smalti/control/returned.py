"""`Returned`: pictures that lost their slots undrawn, and go before all others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from smalti.control.share import Member
from smalti.control.user import Waiting

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

    def before(self, picture: Picture) -> tuple[int, float]:
        """Pictures of the same class that came back before one that did; looks at each."""
        of, pictures, work = self._works[picture][0], 0, 0.0
        for other, (its, each) in self._works.items():
            if other == picture:
                break
            if its is of:
                pictures += 1
                work += each
        return pictures, work


def class_of(member: Member) -> Member:
    """The first step of a path to a user, or to an organisation."""
    while member.parent is not None and not member.is_class:
        member = member.parent.seat
    return member
