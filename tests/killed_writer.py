"""A process that keeps jobs and says what was confirmed to it, until it is killed."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection
from pathlib import Path

from store_rows import accepted, drawn, row_codes

from smalti.store.database import Database
from smalti.store.folder import FolderBlobs
from smalti.store.jobs import Jobs

AT_ONCE, IMAGES, ROWS = 8, 2, 3
PICTURE = b"picture" * 500


def keep_until_killed(folder: Path, life: int, said: Connection) -> None:
    asyncio.run(_keep(folder, life, said))


async def _keep(folder: Path, life: int, said: Connection) -> None:
    jobs, blobs = Jobs(Database(f"sqlite:///{folder}/smalti.db")), FolderBlobs(folder / "pictures")

    async def one(number: int) -> None:
        job = await accepted(jobs, IMAGES, job_id=f"job_{life}_{number}")
        said.send(("accepted", job.job_id, 0, 0))
        for index in range(IMAGES):
            await jobs.started(job.job_id, index, (1, 2), 1.0)
            for row in range(ROWS):
                await jobs.checkpoint(job.job_id, index, row, row_codes(row), 0.1)
                said.send(("row", job.job_id, index, row))
            await asyncio.to_thread(blobs.put, f"{job.job_id}/{index}.png", PICTURE)
            await drawn(jobs, job, index)
            said.send(("drawn", job.job_id, index, 0))

    number = 0
    while True:
        await asyncio.gather(*(one(number + i) for i in range(AT_ONCE)))
        number += AT_ONCE
