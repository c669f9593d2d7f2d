"""The slow twin of the fair queue: plain lists, scanned at every step."""

from __future__ import annotations

from dataclasses import dataclass, field

Path = tuple[str, ...]

NEAR = 1e-4
"""The queue sets newcomers apart by less than this, and rounds differently."""


@dataclass
class Someone:
    """A class, an organisation or a user, with its place in virtual time.

    tag: what it was served, weighed. floor: where it last started. virtual, served, latest,
    unsettled: of the group that it is.
    """

    weight: float = 1.0
    max_running: float = float("inf")
    tag: float = 0.0
    floor: float = 0.0
    waited: bool = False
    stood: bool = False
    virtual: float = 0.0
    served: float = 0.0
    latest: float = 0.0
    unsettled: float = 0.0


@dataclass
class Picture:
    job_id: str
    index: int
    path: Path
    work: float
    charged: float = 0.0
    class_charged: float = 0.0


@dataclass
class SlowQueue:
    """Cost of a picture is its work until it is settled. known: by path; the root's is empty.

    credit: of classes that come back; None for start at the virtual time.
    """

    known: dict[Path, Someone]
    waiting: list[Picture] = field(default_factory=list)
    running: list[Picture] = field(default_factory=list)
    returned: list[Picture] = field(default_factory=list)
    credit: float | None = None

    # --- who may ---

    def waiting_of(self, path: Path) -> list[Picture]:
        return [p for p in self.waiting if p.path[: len(path)] == path]

    def running_of(self, path: Path) -> list[Picture]:
        return [p for p in self.running if p.path[: len(path)] == path]

    def members(self, path: Path) -> list[Path]:
        return [other for other in self.known if other[:-1] == path and other]

    def ready(self, path: Path) -> bool:
        """Something of it waits that may be named: some way down to a user is open."""
        if path and len(self.running_of(path)) >= self.known[path].max_running:
            return False
        members = self.members(path)
        if members:
            return any(self.ready(member) for member in members)
        return bool(self.waiting_of(path))

    def may_be_named(self, path: Path = ()) -> list[Picture]:
        """The pictures of which any may come next: they are first in all but arrival."""
        if not path and self.returned:
            return self.returned[:1]
        members = [member for member in self.members(path) if self.ready(member)]
        if not members:
            return self.waiting_of(path)[:1] if self.ready(path) else []
        least = min(self.known[member].tag for member in members) + NEAR
        found = []
        for member in members:
            if self.known[member].tag <= least:
                found += self.may_be_named(member)
        return found

    def may_hurry(self) -> list[Picture]:
        """The next picture of each user who may have one drawn, while none came back."""
        users = {p.path for p in self.waiting} if not self.returned else set()
        ready = [path for path in sorted(users) if all(self.ready(way) for way in ways(path))]
        return [self.waiting_of(path)[0] for path in ready]

    # --- what happens ---

    def put(self, pictures: list[Picture]) -> None:
        self.waiting += pictures
        self.look()

    def name(self, p: Picture, hurries: bool = False) -> None:
        early = hurries or p in self.returned
        if p in self.returned:
            self.returned.remove(p)
        p.charged = p.work
        for path in ways(p.path):
            member, group = self.known[path], self.known[path[:-1]]
            if early:
                group.unsettled += p.work
            else:
                group.served = max(group.served, member.tag)
                group.virtual = max(group.virtual, member.tag)
                given = p.work + group.unsettled
                weights = sum(
                    self.known[other].weight
                    for other in self.members(path[:-1])
                    if self.waiting_of(other)
                )
                group.virtual += max(given, 0.0) / (weights + member.weight)
                group.unsettled = min(given, 0.0)
            owes = p.work
            if hurries and self.credit is not None and len(path) == 1:
                most = member.weight * (group.served + self.credit - member.tag)
                owes = max(min(p.work, most), 0.0)
            self.charge(path, owes)
        p.class_charged = owes
        self.waiting.remove(p)
        self.running.append(p)
        self.look()

    def settle(self, p: Picture, cost: float) -> None:
        self.running.remove(p)
        for path in ways(p.path):
            more = cost - p.charged
            if len(path) == 1:
                more = max(more, -p.class_charged)
            self.known[path[:-1]].unsettled += more
            self.charge(path, more)
        self.look()

    def put_back(self, p: Picture) -> None:
        """It goes before its user's others, as its job does, wherever that is now."""
        job = next((w for w in self.waiting if w.job_id == p.job_id), None)
        back = Picture(p.job_id, p.index, job.path if job else p.path, job.work if job else p.work)
        mine = [w for w in self.waiting if w.job_id == p.job_id]
        others = [w for w in self.waiting if w.job_id != p.job_id]
        self.waiting = [back, *mine, *others]
        self.returned.append(back)
        self.look()
        self.settle(p, 0.0)

    def withdraw(self, job_id: str) -> list[int]:
        gone = [p for p in self.waiting if p.job_id == job_id]
        self.waiting = [p for p in self.waiting if p.job_id != job_id]
        self.returned = [p for p in self.returned if p.job_id != job_id]
        self.look()
        return sorted(p.index for p in gone)

    def reprioritise(self, job_id: str, path: Path) -> None:
        work = next(p.work for p in self.waiting if p.job_id == job_id)
        self.put([Picture(job_id, index, path, work) for index in self.withdraw(job_id)])

    def change(self, others: dict[Path, tuple[float, float]]) -> None:
        """Weights and bounds, all at once."""
        for path, (weight, max_running) in others.items():
            self.known[path].weight, self.known[path].max_running = weight, max_running
        self.look()

    # --- virtual time ---

    def charge(self, path: Path, cost: float) -> None:
        member, group = self.known[path], self.known[path[:-1]]
        member.tag = max(member.floor, member.tag + cost / member.weight)
        group.latest = max(group.latest, member.tag)

    def look(self) -> None:
        """Whoever has something waiting now and had not starts at the virtual time, or his credit
        before the tag of who was served last; whoever was aside at that tag; nobody earlier than by
        his own."""
        for path, member in self.known.items():
            if not path:
                continue
            group = self.known[path[:-1]]
            waits, stands = bool(self.waiting_of(path)), self.ready(path)
            if waits and not member.waited:
                start = group.virtual
                if self.credit is not None and len(path) == 1:
                    start = group.served - self.credit
                member.floor = max(member.floor, start)
            elif stands and not member.stood:
                member.floor = max(member.floor, group.served)
            member.tag = max(member.tag, member.floor)
            member.waited, member.stood = waits, stands
        for path, group in self.known.items():
            if not self.waiting_of(path):
                group.virtual = max(group.virtual, group.latest)
                if self.credit is not None and not path:
                    group.served = max(group.served, group.latest)
                group.unsettled = 0.0


def ways(path: Path) -> list[Path]:
    """From the user up to the class."""
    return [path[:depth] for depth in range(len(path), 0, -1)]
