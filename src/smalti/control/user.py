"""A `User` at the end of a path, with his jobs in order and his pictures that run."""

from __future__ import annotations

import math
from collections.abc import Iterator

from smalti.control.nouns import noun
from smalti.control.share import Group, Member

_LOOKED_AT = 32


@noun
class Step:
    """One level of the way to a user: a class, an organisation, the user."""

    name: str
    weight: float = 1.0
    max_running: int | None = None


class Waiting:
    """A job's waiting pictures, in order. work: tile-steps of each.

    ahead, behind: the same user's jobs before and after it. mark: pictures that its user had sent
    before it.
    """

    __slots__ = ("ahead", "behind", "indices", "job_id", "mark", "user", "work")

    def __init__(self, job_id: str, user: User, work: float, indices: tuple[int, ...]) -> None:
        self.job_id = job_id
        self.user = user
        self.work = work
        self.indices = indices
        self.mark = 0
        self.ahead: Waiting | None = None
        self.behind: Waiting | None = None


class User:
    """seat: his own. first, last: of his jobs that wait."""

    __slots__ = ("_runs", "_sent", "first", "last", "seat")

    def __init__(self, name: str, parent: Group | None) -> None:
        self.seat = Member(name, parent, self)
        self.first: Waiting | None = None
        self.last: Waiting | None = None
        self._runs: dict[tuple[str, int], Run] | None = None
        self._sent = 0

    @property
    def runs(self) -> dict[tuple[str, int], Run]:
        """His pictures that hold slots."""
        if self._runs is None:
            self._runs = {}
        return self._runs

    @property
    def jobs(self) -> dict[str, Waiting]:
        """Those that wait, in order. Looks at each."""
        return {job.job_id: job for job in self}

    def __iter__(self) -> Iterator[Waiting]:
        job = self.first
        while job is not None:
            yield job
            job = job.behind

    def append(self, job: Waiting) -> None:
        last = self.last
        job.mark = self._sent
        self._sent += len(job.indices)
        job.ahead, job.behind = last, None
        if last is None:
            self.first = job
        else:
            last.behind = job
        self.last = job

    def put_first(self, job: Waiting) -> None:
        first = self.first
        if first is job:
            return
        if job.ahead is not None:
            self.remove(job)
        job.ahead, job.behind = None, first
        if first is None:
            job.mark, self.last = self._sent, job
        else:
            job.mark, first.ahead = first.mark - len(job.indices), job
        self.first = job

    def remove(self, job: Waiting) -> None:
        ahead, behind = job.ahead, job.behind
        if ahead is None:
            self.first = behind
        else:
            ahead.behind = behind
        if behind is None:
            self.last = ahead
        else:
            behind.ahead = ahead

    def before(self, job: Waiting) -> tuple[int, float]:
        """Pictures that he sent before a job, and their tile-steps.

        Exact for the first 32 jobs; further back an estimate, as if those that he withdrew had been
        spread evenly.
        """
        pictures, work, at = 0, 0.0, job.ahead
        for _ in range(_LOOKED_AT):
            if at is None:
                return pictures, work
            pictures += len(at.indices)
            work += len(at.indices) * at.work
            at = at.ahead
        first = self.first
        if at is None or first is None:
            return pictures, work
        share = (job.mark - first.mark) / max(self._sent - first.mark, 1)
        return round(self.seat.waiting * share), self.seat.work * share


@noun
class Run:
    """A picture that holds a slot. charged_s: device-seconds it was charged when it was named.

    among: pictures that held slots when it got its own, itself among them. class_s: what its class
    was charged, if that may be less.
    """

    job_id: str
    user: User
    work: float
    charged_s: float
    since: float
    among: int = 1
    class_s: float = math.inf
