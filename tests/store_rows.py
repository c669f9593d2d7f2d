"""Jobs and pictures to keep, for tests."""

from __future__ import annotations

import itertools
from typing import Any

from smalti.control.nouns import Reservation
from smalti.store.jobs import JobRow, Jobs, PictureRow

COLUMNS = 4
_numbers = itertools.count(1)


def job_row(images: int = 1, **values: Any) -> JobRow:
    """A new job of user_1, unless said otherwise."""
    number = next(_numbers)
    standard: dict[str, Any] = {
        "job_id": f"job_{number:024x}",
        "user_id": "user_1",
        "org_id": "org_1",
        "key_id": "key_1",
        "tier": "free",
        "kind": "generation",
        "request": {"prompt": "a boat", "n": images},
        "images": images,
        "seed": 7,
        "created_at": 1000.0 + number,
    }
    return JobRow(**standard | values)


def picture_rows(job: JobRow) -> list[PictureRow]:
    return [
        PictureRow(job_id=job.job_id, index=i, seed=job.seed + i, columns=COLUMNS)
        for i in range(job.images)
    ]


def held(job: JobRow) -> Reservation:
    return Reservation(
        job_id=job.job_id,
        user_id=job.user_id,
        tier=job.tier,
        images=job.images,
        at=job.created_at,
        org_id=job.org_id,
        key_id=job.key_id or "",
        region="CH",
        model="smalti-mini",
        device_s=2.0 * job.images,
    )


def row_codes(row: int) -> bytes:
    """The tiles of a row that cannot be mistaken for another's."""
    return b"".join((100 * row + i).to_bytes(2, "little") for i in range(COLUMNS))


async def accepted(jobs: Jobs, images: int = 1, **values: Any) -> JobRow:
    job = job_row(images, **values)
    await jobs.accept(job, picture_rows(job), held(job))
    return job


async def drawn(jobs: Jobs, job: JobRow, index: int, at: float = 2000.0) -> bool:
    blob = f"{job.job_id}/{index}.png"
    return await jobs.picture_done(job.job_id, index, blob, "png", 64, 48, 999, 1.5, at)
