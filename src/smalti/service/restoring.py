"""Takes up what was left when the server ended: jobs as the store knows them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from smalti.control.nouns import Ask, Reservation
from smalti.errors import DrawingFailed
from smalti.models.facts import ModelFacts
from smalti.models.tile_model import Codes, Conditions, Rgb
from smalti.service.books import Books
from smalti.service.ends import source_name
from smalti.service.finishing import read_source
from smalti.service.job import Job, Picture, Ties, blank
from smalti.service.keeper import Keeper
from smalti.service.request import Brief
from smalti.store.jobs import Jobs
from smalti.store.rows import JobRow, PictureRow

log = logging.getLogger(__name__)

BATCH = 200
"""Jobs whose pictures are read at once."""


class Restorer:
    """begin: lets the pictures of a job that was left wait for their slots."""

    def __init__(
        self,
        books: Books,
        models: Mapping[str, ModelFacts],
        ties: Ties,
        begin: Callable[[Job], None],
    ) -> None:
        self._books = books
        self._models = models
        self._ties = ties
        self._begin = begin

    async def restore(self, window_s: float) -> None:
        """Take up every job. window_s: the longest window of any limit.

        An edit follows when its source has been read, which may be far away.
        """
        now = self._books.now()
        jobs = self._books.jobs
        reservations, claims = jobs.reservations_since(now - window_s), jobs.claims(now)
        self._books.controller.restore(reservations, now, claims)
        held = {reservation.job_id: reservation for reservation in reservations}
        left = await asyncio.to_thread(lambda: list(left_unfinished(self._books.jobs)))
        for row, pictures in left:
            taking_up = self._take_up(row, pictures, held.get(row.job_id))
            if row.source_blob is None:
                await taking_up
            else:
                self._books.keeper.spawn(taking_up)
        if left:
            log.info("jobs that were left unfinished go on: %d", len(left))

    async def _take_up(
        self, row: JobRow, pictures: Sequence[PictureRow], held: Reservation | None
    ) -> None:
        try:
            job = await restored(row, pictures, held, self._models, self._books, self._ties)
        except DrawingFailed as error:
            await self._give_up(row, error)
            return
        self._books.live[job.job_id] = job
        self._books.controller.adopt(job.ask, job.created_at)
        self._begin(job)

    async def _give_up(self, row: JobRow, error: DrawingFailed) -> None:
        log.error("%s cannot go on: %s", row.job_id, error)
        now = self._books.now()
        await self._books.keeper.insist(
            f"the failure of {row.job_id}",
            lambda: self._books.jobs.fail(row.job_id, "not_restored", str(error), now),
        )
        self._books.controller.refund(row.job_id, row.images, now)


def left_unfinished(jobs: Jobs) -> Iterator[tuple[JobRow, tuple[PictureRow, ...]]]:
    """Jobs with their pictures: those that were being drawn first, then the oldest."""
    rows = jobs.unfinished()
    rows.sort(key=lambda row: row.state != "running")
    for first in range(0, len(rows), BATCH):
        some = rows[first : first + BATCH]
        pictures = jobs.pictures_of([row.job_id for row in some])
        for row in some:
            yield row, pictures[row.job_id]


async def restored(
    row: JobRow,
    pictures: Iterable[PictureRow],
    held: Reservation | None,
    models: Mapping[str, ModelFacts],
    books: Books,
    ties: Ties,
) -> Job:
    """A job as it was. held: what is reserved for it, which tells for whom it counts.

    Raises DrawingFailed if it can never be drawn here.
    """
    try:
        brief = Brief.read(row.request)
        its = tuple(_picture(picture, brief) for picture in pictures)
        if len(its) != brief.n:
            raise ValueError(f"{len(its)} pictures of {brief.n}")
    except (KeyError, TypeError, ValueError) as error:
        raise DrawingFailed(
            f"What was kept of the job cannot be read by this version ({error!r}). Ask again."
        ) from None
    model = models.get(brief.model)
    if model is None or brief.frame.grid not in model.all_grids:
        raise DrawingFailed(
            f"The server was started again without what drew it, {brief.model}. It has: "
            f"{', '.join(models)}."
        )
    source = await _source(row, books.keeper) if brief.with_source else None
    return Job(
        ask=_ask(row, brief, held),
        brief=brief,
        model=model,
        conditions=Conditions(brief.prompt, brief.frame.grid, source, brief.style),
        pictures=its,
        ties=ties,
        spans=books.traces.job(row.job_id, row.tier),
        created_at=row.created_at,
        detached=True,
        state=row.state,
        started_at=row.started_at,
    )


def _ask(row: JobRow, brief: Brief, held: Reservation | None) -> Ask:
    service: Any = brief.service
    return Ask(
        row.job_id,
        row.user_id,
        row.org_id,
        row.tier,
        brief.n,
        float(brief.frame.grid.tiles),
        key_id=row.key_id or "",
        region="" if held is None else held.region,
        model=brief.model if held is None else held.model,
        service=service,
    )


async def _source(row: JobRow, keeper: Keeper) -> Rgb:
    name = row.source_blob or source_name(row.job_id)
    file = await keeper.insist(name, lambda: keeper.get(name))
    if file is None:
        raise DrawingFailed("Its source picture is no longer where it was kept. Send it again.")
    return read_source(file)


def _picture(row: PictureRow, brief: Brief) -> Picture:
    kept = row.state == "drawn"
    return Picture(
        index=row.index,
        seed=row.seed,
        canvas=blank(brief.frame),
        progress="kept" if kept else "waiting",
        rows=brief.frame.grid.rows if kept else 0,
        layout=row.layout,
        drawn=None if kept else _codes(row, brief),
        device_s=row.device_s,
        blob=row.blob,
        width=row.width,
        height=row.height,
        size_bytes=row.bytes,
    )


def _codes(row: PictureRow, brief: Brief) -> Codes | None:
    """The tiles of the whole rows that were told: [tiles, codes per tile]."""
    if not row.codes or row.layout is None:
        return None
    return (
        np.frombuffer(row.codes, "<i2")
        .astype(np.int16)
        .reshape(row.rows * brief.frame.grid.columns, -1)
    )
