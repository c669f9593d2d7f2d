"""`FairQueue`: which waiting picture is drawn next."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smalti.control.share import Group, Member


@dataclass(frozen=True)
class Step:
    """One level of the way to a user: a tier, then the user; more levels may stand between."""

    name: str
    weight: float = 1.0
    max_running: int | None = None


class User(Member):
    """The last step: whoever has jobs. running_since: when his pictures got their slots."""

    __slots__ = ("jobs", "runs")

    def __init__(self, name: str, parent: Group | None) -> None:
        super().__init__(name, parent)
        self.jobs: OrderedDict[str, Waiting] = OrderedDict()
        self.runs: dict[tuple[str, int], Run] = {}


@dataclass
class Waiting:
    """A job's waiting pictures, in order. work: tile-steps of each."""

    job_id: str
    user: User
    work: float
    indices: deque[int]


@dataclass(frozen=True)
class Run:
    """A picture that holds a slot. charged_s: device-seconds it was charged when it was named."""

    job_id: str
    user: User
    work: float
    charged_s: float
    since: float


class FairQueue:
    """Shares by weight at each level, and among users by the device-seconds they were served.

    A picture is charged what it is expected to cost when it is named, and what it did cost when it
    is finished. A share that nobody uses goes to the others. A user who has `max_running` pictures
    running stands aside until one of them is finished. An operation takes O(log n), and a step for
    each picture of the job that it puts, puts back or withdraws.

    device_s_per_work: device-seconds of a tile-step, as measured.
    """

    def __init__(self, device_s_per_work: float = 1.0) -> None:
        self.device_s_per_work = device_s_per_work
        self.root = Group("", None)
        self.running: dict[tuple[str, int], Run] = {}
        self.returned: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._jobs: dict[str, Waiting] = {}

    @property
    def waiting(self) -> int:
        return self.root.waiting

    @property
    def mean_work(self) -> float:
        """Tile-steps of a waiting picture, or where none waits, of a running one."""
        if self.root.waiting:
            return self.root.work / self.root.waiting
        run = next(iter(self.running.values()), None)
        return run.work if run is not None else 0.0

    def job(self, job_id: str) -> Waiting | None:
        """None where nothing of the job waits."""
        return self._jobs.get(job_id)

    def user(self, path: Sequence[Step]) -> User | None:
        """Who stands at the end of a path; None where nothing is known of him."""
        member: Member | None = self.root
        for step in path:
            member = member.members.get(step.name) if isinstance(member, Group) else None
        return member if isinstance(member, User) else None

    def put(self, job_id: str, path: Sequence[Step], indices: Iterable[int], work: float) -> None:
        """Let the pictures of a new job wait behind its user's others."""
        pictures = deque(indices)
        if pictures:
            user = self._user(path)
            self._jobs[job_id] = user.jobs[job_id] = Waiting(job_id, user, work, pictures)
            self._change(user, len(pictures), 0, work)

    def next(self, now: float) -> tuple[str, int] | None:
        """Name the picture that gets a slot now. One that was put back goes before all others."""
        if self.returned:
            (job_id, index), _ = self.returned.popitem(last=False)
            job = self._jobs[job_id]
            job.indices.remove(index)
        elif self.root.ready:
            member: Member = self.root
            while isinstance(member, Group):
                member = member.first()
            assert isinstance(member, User)
            job = next(iter(member.jobs.values()))
            job_id, index = job.job_id, job.indices.popleft()
        else:
            return None
        user = job.user
        if not job.indices:
            del self._jobs[job_id], user.jobs[job_id]
        run = Run(job_id, user, job.work, job.work * self.device_s_per_work, now)
        self.running[job_id, index] = user.runs[job_id, index] = run
        self._charge(user, run.charged_s)
        self._change(user, -1, 1, job.work)
        return job_id, index

    def finish(self, job_id: str, index: int, device_s: float) -> Run | None:
        """Free a slot and settle the charge; None if the picture does not run."""
        run = self.running.pop((job_id, index), None)
        if run is not None:
            del run.user.runs[job_id, index]
            self._charge(run.user, device_s - run.charged_s)
            self._change(run.user, 0, -1, run.work)
        return run

    def put_back(self, job_id: str, index: int) -> bool:
        """Take a picture off its slot, uncharged; False if it does not run."""
        run = self.running.pop((job_id, index), None)
        if run is None:
            return False
        user = run.user
        del user.runs[job_id, index]
        job = self._jobs.get(job_id)
        if job is None:
            job = self._jobs[job_id] = user.jobs[job_id] = Waiting(job_id, user, run.work, deque())
        job.indices.appendleft(index)
        user.jobs.move_to_end(job_id, last=False)
        self.returned[job_id, index] = None
        self._charge(user, -run.charged_s)
        self._change(user, 1, -1, run.work)
        return True

    def withdraw(self, job_id: str) -> list[int]:
        """Take a job's waiting pictures out; returns their indices."""
        job = self._jobs.pop(job_id, None)
        if job is None:
            return []
        del job.user.jobs[job_id]
        for index in job.indices:
            self.returned.pop((job_id, index), None)
        self._change(job.user, -len(job.indices), 0, job.work)
        return sorted(job.indices)

    def _user(self, path: Sequence[Step]) -> User:
        group = self.root
        for step in path[:-1]:
            found = group.members.get(step.name)
            if found is None:
                found = group.members[step.name] = Group(step.name, group)
            assert isinstance(found, Group)
            found.weight, found.max_running = step.weight, step.max_running
            group = found
        last = path[-1]
        user = group.members.get(last.name)
        if user is None:
            user = group.members[last.name] = User(last.name, group)
        assert isinstance(user, User)
        user.weight, user.max_running = last.weight, last.max_running
        return user

    def _charge(self, user: User, device_s: float) -> None:
        member: Member = user
        while member.parent is not None:
            member.parent.charge(member, device_s)
            member = member.parent

    def _change(self, user: User, waiting: int, running: int, work: float) -> None:
        """Count pictures in or out, up to the root; then let everyone stand where they belong."""
        if user.parent is not None:
            user.parent.count_length(user.waiting, user.waiting + waiting)
        member: Member | None = user
        while member is not None:
            member.waiting += waiting
            member.running += running
            member.work = member.work + waiting * work if member.waiting else 0.0
            member = member.parent
        member = user
        while member.parent is not None:
            member.parent.place(member)
            member = member.parent
