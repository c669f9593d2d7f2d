"""The slow twin of the fair queue: plain lists, scanned at every step."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Someone:
    """A tier or a user, with its place in virtual time."""

    name: str
    weight: float = 1.0
    tag: float = 0.0
    floor: float = 0.0
    was_ready: bool = False


@dataclass
class Picture:
    job_id: str
    index: int
    tier: str
    user: str
    work: float
    charged: float = 0.0


@dataclass
class Level:
    virtual: float = 0.0
    latest: float = 0.0
    members: dict[str, Someone] = field(default_factory=dict)


class SlowQueue:
    """Two levels; cost of a picture is its work until it is settled."""

    def __init__(self, weights: dict[str, float], bounds: dict[str, int]) -> None:
        self.bounds = bounds
        self.tiers = Level()
        self.users = {name: Level() for name in weights}
        for name, weight in weights.items():
            self.tiers.members[name] = Someone(name, weight)
        self.waiting: list[Picture] = []
        self.running: list[Picture] = []
        self.returned: list[Picture] = []

    def ready_users(self, tier: str) -> set[str]:
        return {
            p.user
            for p in self.waiting
            if p.tier == tier and sum(r.user == p.user for r in self.running) < self.bounds[p.user]
        }

    def ready_tiers(self) -> set[str]:
        return {name for name in self.users if self.ready_users(name)}

    def may_be_named(self) -> list[Picture]:
        """The pictures of which any may come next: they are first in all but arrival."""
        if self.returned:
            return self.returned[:1]
        found = []
        for tier in least(self.tiers, self.ready_tiers()):
            for user in least(self.users[tier], self.ready_users(tier)):
                found.append(next(p for p in self.waiting if (p.tier, p.user) == (tier, user)))
        return found

    def put(self, pictures: list[Picture]) -> None:
        self.waiting.extend(pictures)
        for p in pictures:
            self.users[p.tier].members.setdefault(p.user, Someone(p.user))
        self.look()

    def name(self, p: Picture) -> None:
        was_returned = p in self.returned
        if was_returned:
            self.returned.remove(p)
        self.waiting.remove(p)
        self.running.append(p)
        p.charged = p.work
        for level, name in ((self.tiers, p.tier), (self.users[p.tier], p.user)):
            if not was_returned:
                level.virtual = max(level.virtual, level.members[name].tag)
            charge(level, name, p.work)
        self.look()

    def settle(self, p: Picture, cost: float) -> None:
        self.running.remove(p)
        for level, name in ((self.tiers, p.tier), (self.users[p.tier], p.user)):
            charge(level, name, cost - p.charged)
        self.look()

    def put_back(self, p: Picture) -> None:
        self.running.remove(p)
        self.returned.append(p)
        at = next((i for i, w in enumerate(self.waiting) if w.user == p.user), len(self.waiting))
        mine = [w for w in self.waiting if w.job_id == p.job_id]
        self.waiting = [w for w in self.waiting if w.job_id != p.job_id]
        self.waiting[at:at] = [p, *mine]
        for level, name in ((self.tiers, p.tier), (self.users[p.tier], p.user)):
            charge(level, name, -p.charged)
        self.look()

    def withdraw(self, job_id: str) -> list[int]:
        gone = [p for p in self.waiting if p.job_id == job_id]
        self.waiting = [p for p in self.waiting if p.job_id != job_id]
        self.returned = [p for p in self.returned if p.job_id != job_id]
        self.look()
        return sorted(p.index for p in gone)

    def look(self) -> None:
        """Who is ready now and was not before starts at the virtual time, if it is behind it."""
        for tier, level in self.users.items():
            look(level, self.ready_users(tier), any(p.tier == tier for p in self.waiting))
        look(self.tiers, self.ready_tiers(), bool(self.waiting))


def charge(level: Level, name: str, cost: float) -> None:
    member = level.members[name]
    member.tag = max(member.floor, member.tag + cost / member.weight)
    level.latest = max(level.latest, member.tag)


def look(level: Level, ready: set[str], any_waiting: bool) -> None:
    for name, member in level.members.items():
        if name in ready and not member.was_ready:
            member.floor = level.virtual
            member.tag = max(member.tag, member.floor)
        member.was_ready = name in ready
    if not any_waiting:
        level.virtual = level.latest


def least(level: Level, ready: set[str]) -> list[str]:
    tags = {name: level.members[name].tag for name in ready}
    return [name for name, tag in tags.items() if tag <= min(tags.values())]
