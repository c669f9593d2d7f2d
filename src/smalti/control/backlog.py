"""`Backlog`: how many members of a group have how much work waiting.

Members are counted by the power of two that their work reaches, so that one question, how much
they would be served if each were served so much, is answered from a few sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smalti.control.share import Member


_EDGES = (0.0, *(2.0**octave for octave in range(1023)))


class Bin:
    """Members that have at least `low` tile-steps waiting, and less than `high`."""

    __slots__ = ("high", "low", "members", "work")

    def __init__(self, octave: int) -> None:
        self.low = _EDGES[octave]
        self.high = _EDGES[octave + 1]
        self.members = 0
        self.work = 0.0

    def leave(self, work: float) -> None:
        """A member that had this work waiting is not counted any more."""
        self.members -= 1
        self.work = self.work - work if self.members else 0.0


class Backlog:
    """Each change takes O(1). A member keeps the bin that it is in."""

    __slots__ = ("bins",)

    def __init__(self) -> None:
        self.bins: dict[int, Bin] = {}

    def enter(self, member: Member) -> None:
        """A member that had nothing waiting has something now."""
        octave = int(member.work).bit_length()
        found = self.bins.get(octave)
        if found is None:
            found = self.bins[octave] = Bin(octave)
        member.bin = found
        found.members += 1
        found.work += member.work

    def change(self, member: Member, work: float) -> None:
        """So much more work waits of a member than before; it has been added to its own."""
        found = member.bin
        if found is not None and found.low <= member.work < found.high:
            found.work += work
            return
        if found is not None:
            found.leave(member.work - work)
        self.enter(member)

    def served(self, each: float, but: Member | None) -> tuple[float, float]:
        """Tile-steps of the members if each is served `each` of them, or all it has; and how many
        have more than that. but: a member that is not counted.

        Works in a bin are taken to be spread evenly about their mean; it is exact where all of a
        bin have the same, or all less than `each`, or all more.
        """
        taken = left = 0.0
        excluded = but.bin if but is not None else None
        for found in self.bins.values():
            members = found.members
            if not members:
                continue
            work = found.work
            if found is excluded and but is not None:
                members, work = members - 1, work - but.work
                if not members:
                    continue
            if each >= found.high:
                taken += work
            elif each < found.low:
                taken += members * each
                left += members
            else:
                part, more = _part(each, members, work, found.low, found.high)
                taken += part
                left += more
        return taken, left


def _part(each: float, members: int, work: float, low: float, high: float) -> tuple[float, float]:
    """Of the members of a bin: tile-steps that are served, and how many have more."""
    mean = work / members
    if mean + mean < low + high:
        high = mean + mean - low
    else:
        low = mean + mean - high
    if each >= high:
        return work, 0.0
    if each <= low:
        return members * each, members
    share = (each - low) / (high - low)
    return members * (each - share * (each - low) / 2), members * (1 - share)
