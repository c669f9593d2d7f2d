"""`JobView`: a job as its owner may see it, whether it is being drawn or long ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smalti.control.controller import Wait
from smalti.service.request import Brief
from smalti.store.rows import JobRow, JobState, PictureRow

if TYPE_CHECKING:
    from smalti.service.job import Job


ENDED: tuple[JobState, ...] = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class PictureView:
    """blob: the name of its file, once it is finished (and until it is deleted)."""

    index: int
    seed: int
    rows: int
    blob: str | None
    format: str | None
    width: int | None
    height: int | None
    device_s: float

    @property
    def shared(self) -> bool:
        """Whether it was drawn in another's name, and took no device time of its own."""
        return self.blob is not None and self.device_s == 0.0


@dataclass(frozen=True)
class JobView:
    """All times are Unix seconds. wait: None when nothing of it waits.

    told: the wait that was told when it was accepted, while the server remembers it. live: the job
    itself while it goes on, to listen to. error_code, error_message: why it failed.
    """

    job_id: str
    state: JobState
    brief: Brief
    created_at: float
    started_at: float | None
    finished_at: float | None
    pictures: tuple[PictureView, ...]
    wait: Wait | None = None
    told: Wait | None = None
    error_code: str | None = None
    error_message: str | None = None
    live: Job | None = None

    @property
    def images(self) -> int:
        return len(self.pictures)

    @property
    def asked(self) -> Mapping[str, Any]:
        return self.brief.asked

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def device_s(self) -> float:
        return sum(picture.device_s for picture in self.pictures)

    @property
    def shared(self) -> bool:
        """Whether all of it was drawn in another's name."""
        return all(picture.shared for picture in self.pictures)

    @property
    def wait_s(self) -> float | None:
        """From acceptance to the start of the first picture; None before it."""
        return None if self.started_at is None else max(0.0, self.started_at - self.created_at)


KeptJob = tuple[JobRow, Sequence[PictureRow]]


def view_of_rows(job: JobRow, pictures: Sequence[PictureRow]) -> JobView:
    """A job as it stands in the store."""
    return JobView(
        job_id=job.job_id,
        state=job.state,
        brief=Brief.read(job.request),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        pictures=tuple(
            PictureView(p.index, p.seed, p.rows, p.blob, p.format, p.width, p.height, p.device_s)
            for p in pictures
        ),
        error_code=job.error_code,
        error_message=job.error_message,
    )
