"""`Books`: what the parts of the service share: the same jobs, rules, store and clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smalti.control.controller import Controller
from smalti.observe import Metrics, Traces
from smalti.service.health import Health
from smalti.service.job import Job, Picture
from smalti.service.keeper import Keeper
from smalti.service.refused import RefusalLog
from smalti.service.shared import Name, Shared
from smalti.service.turns import Turns
from smalti.store.jobs import Jobs


@dataclass(frozen=True)
class Books:
    """live: the jobs that go on, by id. turns: their pictures in the queue and in slots.

    shared: which of them are the same. now: Unix time in seconds.
    """

    live: dict[str, Job]
    controller: Controller
    turns: Turns
    shared: Shared
    jobs: Jobs
    keeper: Keeper
    refusals: RefusalLog
    health: Health
    metrics: Metrics
    traces: Traces
    now: Callable[[], float]

    @property
    def load(self) -> float:
        """0 while it is calm, 1 where promises are at their edge."""
        self.controller.look(self.now())
        return self.controller.load

    def taken_up(self, user_id: str, sent: str) -> Job | None:
        """The newest job that goes on since a restart, of a user who had sent just this."""
        for job in reversed(self.live.values()):
            if job.told is None and job.user_id == user_id and job.brief.sent == sent:
                return job
        return None

    def picture(self, name: Name) -> tuple[Job, Picture]:
        """A picture of a job that goes on."""
        job = self.live[name[0]]
        return job, job.pictures[name[1]]

    def let_in(self, name: Name | None) -> None:
        """Into the queue with the picture that others were to be drawn for, if there is one."""
        if name is not None:
            self.turns.again(name, self.live[name[0]].created_at)
            self.shared.queue(name)

    def waited_for(self, job: Job) -> list[Name]:
        """Pictures that must get a slot before all of a job's have one."""
        names: list[Name] = []
        for picture in job.pictures:
            drawing = self.shared.of((job.job_id, picture.index))
            if drawing is not None and drawing.holder is None:
                own = (job.job_id, picture.index)
                names += [own] if own in drawing.queued else sorted(drawing.queued)
        return names
