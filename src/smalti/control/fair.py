"""`FairQueue`: which waiting picture is drawn next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from smalti.control.ahead import Ahead, ahead_of_job, ahead_of_newcomer
from smalti.control.returned import Returned
from smalti.control.share import UNBOUNDED, Group, Member
from smalti.control.user import Run, Step, User, Waiting

__all__ = ["Ahead", "FairQueue", "Group", "Member", "Run", "Step", "User", "Waiting"]

_LOOKED_AT = 2
_ONE = (0,)
"""What nearly all jobs have, and share: of a million that wait it is 48 MB."""


class FairQueue:
    """Shares by weight at each level, and among users by the device-seconds they were served.

    A picture is charged what it is expected to cost when it is named, and what it did cost is
    settled when it is finished. A share that nobody uses goes to the others. Whoever has
    `max_running` pictures running stands aside until one of them is finished. An operation takes
    O(log n), and a step for each picture of the job that it puts, puts back or withdraws.

    device_s_per_work: device-seconds of a tile-step, as measured. root: the group of all classes;
    everybody: its seat. returned: pictures that were put back; they are named before all others.
    changes: how often anything has changed.
    """

    def __init__(self, device_s_per_work: float = 1.0) -> None:
        self.device_s_per_work = device_s_per_work
        self.changes = 0
        self.root = Group("", None)
        self.everybody = self.root.seat
        self.running: dict[tuple[str, int], Run] = {}
        self.returned = Returned()
        self._jobs: dict[str, Waiting] = {}
        self._idle: deque[Member] = deque()

    @property
    def waiting(self) -> int:
        return self.everybody.waiting

    @property
    def classes(self) -> Mapping[str, Member]:
        """Those of the first level that were ever heard of."""
        return self.root.members

    @property
    def mean_work(self) -> float:
        """Tile-steps of a waiting picture, or where none waits, of a running one."""
        everybody = self.everybody
        if everybody.waiting:
            return everybody.work / everybody.waiting
        run = next(iter(self.running.values()), None)
        return run.work if run is not None else 0.0

    def job(self, job_id: str) -> Waiting | None:
        """None where nothing of the job waits."""
        return self._jobs.get(job_id)

    def user(self, path: Sequence[Step]) -> User | None:
        """Who stands at the end of a path; None where nothing is known of him."""
        member = self.everybody
        for step in path:
            group = member.below
            found = group.members.get(step.name) if isinstance(group, Group) else None
            if found is None:
                return None
            member = found
        return member.below if isinstance(member.below, User) else None

    def ahead(self, job_id: str) -> Ahead | None:
        """What goes before a waiting job in its class; None where nothing of it waits.

        Told as if nobody came and all pictures of a group cost its mean; see `ahead` for how it is
        found. Exact for a user's next picture where nobody owes anything and only users or only
        organisations are in line; else an estimate. What is counted does not grow with the queue.
        """
        job = self._jobs.get(job_id)
        if job is None:
            return None
        return ahead_of_job(job, self.returned, self.device_s_per_work)

    def ahead_of(self, path: Sequence[Step], images: int, work: float) -> Ahead:
        """What would go before a job that is not there. Nothing is changed."""
        rate = self.device_s_per_work
        return ahead_of_newcomer(self.root, path, images, work, self.returned, rate)

    # --- what happens ---

    def expect(self, name: str, weight: float) -> None:
        """A class will be heard of; nothing is changed if it was."""
        if name not in self.root.members:
            seat = self.root.members[name] = Group(name, self.root).seat
            seat.weight, seat.max_running = weight, UNBOUNDED

    def put(self, job_id: str, path: Sequence[Step], indices: Iterable[int], work: float) -> None:
        """Let the pictures of a new job wait behind its user's others.

        Raises ValueError for a job that waits already.
        """
        if job_id in self._jobs:
            raise ValueError(f"{job_id} waits already. Withdraw it first, or put it once.")
        pictures = tuple(indices)
        if pictures == _ONE:
            pictures = _ONE
        if pictures:
            self.changes += 1
            user, changed = self._user(path)
            self._jobs[job_id] = job = Waiting(job_id, user, work, pictures)
            _stand_behind(job)
            if changed:
                _look(user)

    def change(self, path: Sequence[Step]) -> None:
        """Weights and bounds are these from now on, for who is there."""
        if self.user(path) is not None:
            user, changed = self._user(path)
            if changed:
                self.changes += 1
                _look(user)

    def next(self, now: float, hurry: str | None = None) -> tuple[str, int] | None:
        """Name the picture that gets a slot now. One that was put back goes before all others.

        hurry: a job that is its user's first and goes before its turn, next after those. Its
        picture is charged as any other, so it stands back for it later; its class does so up to
        its credit.
        """
        before_turn = True
        if self.returned:
            named = self.returned.pop_first()
            job = self._jobs[named[0]]
            job.indices = tuple(index for index in job.indices if index != named[1])
        else:
            before_turn = hurry is not None
            found = self._first() if hurry is None else self._jobs[hurry]
            if found is None:
                return None
            job = found
            named = job.job_id, job.indices[0]
            job.indices = job.indices[1:]
        self.changes += 1
        user, work = job.user, job.work
        if not job.indices:
            user.remove(job)
            del self._jobs[job.job_id]
        cost_s = class_s = work * self.device_s_per_work
        at = user.seat
        group = at.parent
        while group is not None:
            if before_turn:
                class_s = group.charge_early(at, work, cost_s, hurry is not None)
            else:
                group.charge(at, work, cost_s)
            at = group.seat
            group = at.parent
        at.running += 1
        at.waiting -= 1
        at.work = at.work - work if at.waiting else 0.0
        run = Run(named[0], user, work, cost_s, now, len(self.running) + 1, class_s)
        self.running[named] = user.runs[named] = run
        return named

    def clock_set(self, by_s: float) -> None:
        """Pictures have held their slots for as long as before."""
        for named, run in self.running.items():
            held = replace(run, since=run.since + by_s)
            self.running[named] = run.user.runs[named] = held

    def finish(self, job_id: str, index: int, device_s: float) -> Run | None:
        """Free a slot and settle the charge; None if the picture does not run."""
        run = self.running.pop((job_id, index), None)
        if run is not None:
            self.changes += 1
            del run.user.runs[job_id, index]
            self._settle(run, device_s)
        return run

    def put_back(self, job_id: str, index: int) -> bool:
        """Take a picture off its slot, uncharged; False if it does not run."""
        run = self.running.pop((job_id, index), None)
        if run is None:
            return False
        del run.user.runs[job_id, index]
        self.changes += 1
        job = self._jobs.get(job_id)
        if job is None:
            job = self._jobs[job_id] = Waiting(job_id, run.user, run.work, ())
        job.indices = (index, *job.indices)
        job.user.put_first(job)
        self.returned.add((job_id, index), job)
        _more(job.user, 1, job.work)
        self._settle(run, 0.0)
        return True

    def withdraw(self, job_id: str) -> list[int]:
        """Take a job's waiting pictures out; returns their indices."""
        job = self._jobs.pop(job_id, None)
        if job is None:
            return []
        self._take_out(job)
        return sorted(job.indices)

    def reprioritise(self, job_id: str, path: Sequence[Step]) -> bool:
        """A job's waiting pictures move to another path, behind that user's others.

        False where nothing of it waits. What runs of it stays on the account it was charged to.
        """
        job = self._jobs.pop(job_id, None)
        if job is None:
            return False
        self._take_out(job)
        job.user, changed = self._user(path)
        self._jobs[job_id] = job
        if len(job.indices) > 1:
            job.indices = tuple(sorted(job.indices))
        _stand_behind(job)
        if changed:
            _look(job.user)
        return True

    # --- within ---

    def _take_out(self, job: Waiting) -> None:
        """A job leaves its user, who may be gone by that."""
        self.changes += 1
        user, pictures = job.user, len(job.indices)
        user.remove(job)
        if self.returned:
            for index in job.indices:
                self.returned.discard((job.job_id, index))
        work = job.work * pictures if pictures > 1 else job.work
        at = user.seat
        group = at.parent
        while group is not None:
            group.less(at, pictures, work)
            at = group.seat
            group = at.parent
        at.waiting -= pictures
        at.work = at.work - work if at.waiting else 0.0
        if not (user.seat.waiting or user.seat.running):
            self._leaves(user)

    def _user(self, path: Sequence[Step]) -> tuple[User, bool]:
        """Who stands at the end of a path, and whether a weight or bound on it is another now."""
        member, changed = self.everybody, False
        for step in path:
            name, bound, group = step.name, step.max_running, member.below
            if not isinstance(group, Group):
                raise ValueError(f"'{member.name}' is a user, and has no members such as '{name}'.")
            if bound is None:
                bound = UNBOUNDED
            found = group.members.get(name)
            if found is None:
                found = (User if step is path[-1] else Group)(name, group).seat
                found.weight, found.max_running = step.weight, bound
                group.members[name] = found
            elif found.weight != step.weight or found.max_running != bound:
                group.reset(found, step.weight, bound)
                changed = True
            member = found
        if not isinstance(member.below, User):
            raise ValueError(f"'{member.name}' is a group, and has no jobs itself.")
        return member.below, changed

    def _first(self) -> Waiting | None:
        """The job whose turn it is; None while nobody is ready."""
        if not self.everybody.standing:
            return None
        below = self.everybody.below
        while isinstance(below, Group):
            below = below.head().below
        assert isinstance(below, User)
        return below.first

    def _settle(self, run: Run, device_s: float) -> None:
        """Nobody gets back more than he was charged."""
        user, more_s = run.user, device_s - run.charged_s
        at = user.seat
        group = at.parent
        while group is not None:
            if group is self.root and more_s < -run.class_s:
                more_s = -run.class_s
            group.settle(at, more_s)
            at = group.seat
            group = at.parent
        at.running -= 1
        if not (user.seat.waiting or user.seat.running):
            self._leaves(user)

    def _leaves(self, user: User) -> None:
        """Nothing of a user is here. He is forgotten if he owes nothing to others, else in time."""
        at: Member | None = user.seat
        while at is not None and at.forgettable():
            if not at.idle:
                _forget(at)
            at = at.parent.seat if at.parent is not None else None
        if at is not None and not at.is_class and not (at.idle or at.waiting or at.running):
            at.idle = True
            self._idle.append(at)
        for _ in range(min(_LOOKED_AT, len(self._idle))):
            member = self._idle.popleft()
            if member.waiting or member.running:
                member.idle = False
            elif member.forgettable():
                _forget(member)
            else:
                self._idle.append(member)
                break


def _forget(member: Member) -> None:
    group = member.parent
    if group is not None:
        del group.members[member.name]
        member.below = None  # else the two would keep each other, where nobody collects garbage


def _stand_behind(job: Waiting) -> None:
    """A job waits behind its user's others."""
    job.user.append(job)
    count = len(job.indices)
    _more(job.user, count, job.work * count if count > 1 else job.work)


def _more(user: User, pictures: int, work: float) -> None:
    at = user.seat
    group = at.parent
    while group is not None:
        group.more(at, pictures, work)
        at = group.seat
        group = at.parent
    at.waiting += pictures
    at.work += work


def _look(user: User) -> None:
    """Up to the root, whoever is not ready any more steps aside."""
    at = user.seat
    group = at.parent
    while group is not None:
        group.look(at)
        at = group.seat
        group = at.parent
