"""Fair sharing at one level: a `Group`, and its `Member`s with their virtual times.

Fair queueing by start tags (Goyal, Vin and Cheng, 1996). Every member has a tag: the device-seconds
that it was served, divided by its weight. The member with the least tag is next. A group is a
member of another group in turn, so levels compose: classes, organisations, users.

A member that comes back after it had nothing waiting starts from the group's virtual time, so that
its absence earns it nothing. Start-time fair queueing takes for it the tag of who was served last.
That stands still while newcomers with one picture each come without end: each starts from it and is
named before anybody who has been served once, and the second picture of a patient user is never
drawn. So here virtual time advances as in generalised processor sharing (Parekh and Gallager,
1993): by the device-seconds given out, over the weights of all who have something waiting, the
newcomer's own counted with them. It passes every tag in time, and whoever starts after it has is
behind that tag. It is never behind the tag of who was served last. Tags of members that go on
waiting do not depend on it, so the bound on what two of them are served is that of start tags.

Classes, at the first level, are few and of unequal weight, and one that sends little should not
find itself behind for it. There a `credit` is set: a class that comes back starts so much before
the tag of who was served last, if its own tag is not later. What it has not used lately it may use
at once, up to the credit and no more. The same holds the other way: for turns that came early, as
its promises were due, a class stands back behind the tag of who was served last by its credit at
most. Those promises were given while others left their shares idle, and what is lent is no debt; a
class that had to make up for all of it would get nothing for minutes.

A member that stands aside, because it has as many pictures running as it may, earns nothing by it
either: it comes back at the tag of who was served last, if that is later than its own. It need not
stand behind newcomers, as it was there before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smalti.control.backlog import Backlog, Bin
from smalti.control.line import Line

if TYPE_CHECKING:
    from smalti.control.user import User

CREDIT_S = 10.0
"""What a class has to its credit when it comes back: its share of so many seconds of all slots, as
it would be with all tiers waiting."""
UNBOUNDED = 1 << 62
"""As many pictures of a member as there are slots."""

_APART = 2.0**-24
"""Between newcomers for whom no virtual time has passed, so that they go in the order they came."""


class Member:
    """A seat of somebody who shares. max_running: pictures of it that may be drawn at a time.

    parent: the group that it is in. below: who sits here, a group in turn or a user with jobs.
    waiting, running: its pictures. work: tile-steps of those that wait. owed: what it was served
    beyond its tag, weighed; it is added when it comes to the head of the line. floor: no
    refund takes its tag below. stands: in the line, at its tag.
    standing: of a group, its own members in its line; 1 for a user. idle: it is among those that
    may be forgotten.

    Groups and users have a seat each, and are none: so the steps up a path meet one type of object,
    and the interpreter can specialise them (PEP 659).
    """

    __slots__ = ("below", "bin", "floor", "idle", "max_running", "name", "owed", "parent",
                 "running", "standing", "stands", "tag", "waiting", "weight", "work")  # fmt: skip

    def __init__(self, name: str, parent: Group | None, below: Group | User | None = None) -> None:
        self.name = name
        self.parent = parent
        self.below = below
        self.weight = 1.0
        self.max_running = UNBOUNDED
        self.waiting = 0
        self.work = 0.0
        self.running = 0
        self.standing = 1
        self.tag = 0.0
        self.owed = 0.0
        self.floor = 0.0
        self.stands = False
        self.bin: Bin | None = None
        self.idle = False

    @property
    def is_class(self) -> bool:
        """Of the first level. Those are few, and are never forgotten."""
        return self.parent is not None and self.parent.seat.parent is None

    def ready(self) -> bool:
        """Whether a picture of it may be named now."""
        return self.waiting > 0 and self.standing > 0 and self.running < self.max_running

    def forgettable(self) -> bool:
        """Nothing of it is here, and it would start no later than somebody unknown."""
        group, below = self.parent, self.below
        if isinstance(below, Group) and (below.members or self.is_class):
            return False
        return (
            group is not None
            and not self.waiting
            and not self.running
            and self.tag + self.owed <= group.start()
        )


class Group:
    """seat: its own. line: members of which a picture may be named now. aside: those with pictures
    waiting that may not. backlog: how much work waits for how many of both.

    virtual: from where newcomers start, unless there is a credit: how far before `served` they do
    then, and how far behind it early turns bring somebody. served: the latest tag of one who was
    named. weights: of all who have something waiting.
    """

    __slots__ = ("_latest", "_newest", "_unsettled", "aside", "backlog", "credit", "line",
                 "members", "seat", "served", "virtual", "weights")  # fmt: skip

    def __init__(self, name: str, parent: Group | None) -> None:
        self.seat = Member(name, parent, self)
        self.seat.standing = 0
        self.members: dict[str, Member] = {}
        self.line: Line[Member] = Line()
        self.aside: dict[Member, None] = {}
        self.backlog = Backlog()
        self.credit: float | None = None
        self.virtual = 0.0
        self.served = 0.0
        self.weights = 0.0
        self._latest = 0.0
        self._unsettled = 0.0
        self._newest = 0.0

    def start(self) -> float:
        """The least tag that somebody has who comes now."""
        credit = self.credit
        return self.virtual if credit is None else self.served - credit

    def head(self) -> Member:
        """Who is next of a line that is not empty. Whoever owes something goes back first."""
        line = self.line
        while (member := line.first()).owed > 0.0:
            _settled(member)
            line.move_first(member.tag)
        return member

    def more(self, member: Member, pictures: int, work: float) -> None:
        """So many more pictures of a member wait, of `work` tile-steps together."""
        if member.waiting:
            member.waiting += pictures
            member.work += work
            its = member.bin
            if its is not None and member.work < its.high:
                its.work += work
            else:
                self.backlog.change(member, work)
        else:
            member.waiting = pictures
            member.work = work
            self.backlog.enter(member)
            self.weights += member.weight
            if self.credit is None:
                start = self.virtual
                if start <= self._newest:
                    start = self._newest + _APART
                self._newest = start
            else:
                start = self.served - self.credit
            _start(member, start)
        if not member.stands:
            self.stand(member)

    def less(self, member: Member, pictures: int, work: float) -> None:
        """So many of a member's pictures do not wait any more, and were not named."""
        if member.waiting > pictures:
            member.waiting -= pictures
            member.work = left = member.work - work
            its = member.bin
            if its is not None and left >= its.low:
                its.work -= work
            else:
                self.backlog.change(member, -work)
        else:
            self._end(member)
        if not member.ready():
            self._step_out(member)

    def charge(self, member: Member, work: float, device_s: float) -> None:
        """A picture of the head is named: it stands where its new tag puts it."""
        tag = member.tag
        if tag > self.served:
            self.served = tag
            if tag > self.virtual:
                self.virtual = tag
        weight = member.weight
        given = device_s + self._unsettled
        if given > 0.0:
            self.virtual += given / (self.weights + weight)
            self._unsettled = 0.0
        else:
            self._unsettled = given
        member.tag = tag = tag + device_s / weight
        if tag > self._latest:
            self._latest = tag
        member.running += 1
        waiting = member.waiting - 1
        if waiting:
            member.waiting = waiting
            member.work = left = member.work - work
            its = member.bin
            if its is not None and left >= its.low:
                its.work -= work
            else:
                self.backlog.change(member, -work)
            if member.standing and member.running < member.max_running:
                self.line.move_first(tag)
                return
            self.aside[member] = None
        else:
            self._end(member)
        self.line.remove_first()
        member.stands = False
        self.seat.standing -= 1
        if not waiting and not self.seat.standing and not self.aside:
            self._even()

    def charge_early(
        self, member: Member, work: float, device_s: float, lent: bool = False
    ) -> float:
        """As `charge`, for a picture that goes before its turn: virtual time passes later.

        lent: no more of it is charged than the credit allows. Returns how much is.
        """
        owes, credit = device_s / member.weight, self.credit
        if lent and credit is not None:
            most = self.served + credit - member.tag - member.owed
            if most < owes:
                owes = most if most > 0.0 else 0.0
        member.owed += owes
        self._at_least(member.tag + member.owed)
        member.running += 1
        self._unsettled += device_s
        self.less(member, 1, work)
        return owes * member.weight

    def settle(self, member: Member, device_s: float) -> None:
        """A picture of it left its slot. It was served so much more than its charge, or less."""
        member.running -= 1
        if self.seat.waiting:
            self._unsettled += device_s
        member.owed += device_s / member.weight
        if not member.stands:
            _settled(member)
            if member.waiting:
                self.stand(member)
        elif member.owed < 0.0:
            self._move(member)
        tag = member.tag + member.owed
        if tag > self._latest:
            self._at_least(tag)

    def stand(self, member: Member) -> None:
        """A member that does not stand in line does so now, if it is ready."""
        if member.ready():
            if member in self.aside:
                del self.aside[member]
                _start(member, self.served)
            self.line.put(member.tag, member)
            member.stands = True
            self.seat.standing += 1
        elif member.waiting:
            self.aside[member] = None

    def reset(self, member: Member, weight: float, max_running: int) -> None:
        """A member's weight or bound is another from now on; `look` at it then."""
        if member.waiting:
            self.weights += weight - member.weight
        member.weight, member.max_running = weight, max_running

    def look(self, member: Member) -> None:
        """A member may have become ready, or not ready, by what has changed in it."""
        if not member.stands:
            self.stand(member)
        elif not member.ready():
            self._step_out(member)

    def _end(self, member: Member) -> None:
        """Nothing of a member waits any more."""
        its = member.bin
        if its is not None:
            its.leave(member.work)
            member.bin = None
        member.waiting = 0
        member.work = 0.0
        self.weights -= member.weight

    def _step_out(self, member: Member) -> None:
        """It is not ready any more."""
        if member.stands:
            self.line.remove(member.tag, member)
            member.stands = False
            self.seat.standing -= 1
            if member.waiting:
                self.aside[member] = None
        elif not member.waiting:
            self.aside.pop(member, None)
        if not member.waiting and not self.seat.standing and not self.aside:
            self._even()

    def _even(self) -> None:
        """Nobody has anything waiting: all start even."""
        self.weights = self._unsettled = 0.0
        self.virtual = max(self.virtual, self._latest)
        if self.credit is not None:
            self.served = max(self.served, self._latest)

    def _move(self, member: Member) -> None:
        """Of those in line, to where its tag and what it owes put it."""
        self.line.remove(member.tag, member)
        _settled(member)
        self.line.put(member.tag, member)

    def _at_least(self, tag: float) -> None:
        """A member has a tag; while nobody waits, all start even."""
        if tag > self._latest:
            self._latest = tag
            if not self.seat.waiting:
                self._even()


def _settled(member: Member) -> None:
    tag = member.tag + member.owed
    member.owed = 0.0
    member.tag = tag if tag > member.floor else member.floor


def _start(member: Member, start: float) -> None:
    """No earlier than the group's time."""
    if member.owed:
        _settled(member)
    if start > member.floor:
        member.floor = start
    if start > member.tag:
        member.tag = start
