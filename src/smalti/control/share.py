"""Fair sharing at one level: a `Group`, and its `Member`s with their virtual times.

Start-time fair queueing (Goyal, Vin and Cheng, 1996). Every member has a tag: the device-seconds
that it was served, divided by its weight. The member with the least tag is next. One that comes
back after it had nothing to draw starts from the group's virtual time, which is the tag of the one
served last: its absence earns it nothing. A group is a member of another group in turn, so levels
compose: tiers, within them users, or whatever stands between.
"""

from __future__ import annotations

from smalti.control.line import Line

_FORGET_A_TIME = 4


class Member:
    """Someone who shares. max_running: pictures of it that may be drawn at a time."""

    __slots__ = ("floor", "max_running", "name", "parent", "running", "tag", "waiting", "weight",
                 "work")  # fmt: skip

    def __init__(self, name: str, parent: Group | None) -> None:
        self.name = name
        self.parent = parent
        self.weight = 1.0
        self.max_running: int | None = None
        self.waiting = 0
        self.work = 0.0
        self.running = 0
        self.tag = 0.0
        self.floor = 0.0

    @property
    def ready(self) -> bool:
        """Whether a picture of it may be named now."""
        return self.waiting > 0 and (self.max_running is None or self.running < self.max_running)


class Group(Member):
    """ready_line, aside: members with pictures waiting, that may be named and that may not now.

    virtual: the group's virtual time. lengths: at place j, how many members have more than j
    pictures waiting; kept for members that are users.
    """

    __slots__ = ("_debtors", "_latest", "aside", "lengths", "members", "ready_line", "virtual")

    def __init__(self, name: str, parent: Group | None) -> None:
        super().__init__(name, parent)
        self.members: dict[str, Member] = {}
        self.ready_line = Line()
        self.aside = Line()
        self.lengths: list[int] = []
        self.virtual = 0.0
        self._latest = 0.0
        self._debtors = Line()

    @property
    def ready(self) -> bool:
        return len(self.ready_line) > 0 and super().ready

    def first(self) -> Member:
        """Whose turn it is; the virtual time follows it."""
        tag, _, name = self.ready_line.first()
        self.virtual = max(self.virtual, tag)
        return self.members[name]

    def charge(self, member: Member, device_s: float) -> None:
        """Count what a member was served; below zero to give back.

        It never falls below where the member began when it last came back.
        """
        member.tag = max(member.floor, member.tag + device_s / member.weight)
        self._latest = max(self._latest, member.tag)
        for line in (self.ready_line, self.aside, self._debtors):
            if member.name in line:
                line.put(member.name, member.tag)

    def place(self, member: Member) -> None:
        """Put a member where it belongs, after anything in it has changed."""
        name = member.name
        if member.waiting:
            self._debtors.discard(name)
        if member.ready:
            if name not in self.ready_line:
                self.aside.discard(name)
                member.floor = self.virtual
                member.tag = max(member.tag, member.floor)
                self.ready_line.put(name, member.tag)
        else:
            self.ready_line.discard(name)
            if not member.waiting:
                self.aside.discard(name)
            elif name not in self.aside:
                self.aside.put(name, member.tag)
        if not member.waiting and not member.running:
            self._debtors.put(name, member.tag)
        self._forget()

    def count_length(self, before: int, after: int) -> None:
        """A member had `before` pictures waiting and now has `after`."""
        self.lengths.extend([0] * (after - len(self.lengths)))
        for j in range(before, after):
            self.lengths[j] += 1
        for j in range(after, before):
            self.lengths[j] -= 1
        while self.lengths and not self.lengths[-1]:
            self.lengths.pop()

    def _forget(self) -> None:
        """Forget who has nothing here and was served no more than others since.

        When nothing waits in the group, nobody was kept waiting by anybody: all start even.
        """
        if not self.waiting:
            self.virtual = self._latest
        for _ in range(_FORGET_A_TIME):
            if not len(self._debtors) or self._debtors.first()[0] > self.virtual:
                return
            name = self._debtors.first()[2]
            self._debtors.discard(name)
            del self.members[name]
