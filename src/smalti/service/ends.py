"""`Ends`: how jobs and pictures end, each end written down before anybody is told of it."""

from __future__ import annotations

import asyncio
import logging

from smalti.errors import DrawingFailed
from smalti.fleet.backend import Backend
from smalti.service.books import Books
from smalti.service.finishing import finished_file
from smalti.service.job import Job, Picture, picture_id_of
from smalti.service.refusals import JobCancelled
from smalti.service.request import Brief
from smalti.store.rows import JobState

log = logging.getLogger(__name__)


class Ends:
    """A job that has ended leaves the books."""

    def __init__(self, books: Books, backend: Backend) -> None:
        self._books = books
        self._backend = backend

    async def finish(self, job: Job, picture: Picture) -> None:
        """Every row is drawn: make the file, store it, commit, and only then tell."""
        try:
            await self._finish(job, picture)
        except Exception as error:
            log.exception("picture %d of %s could not be finished", picture.index, job.job_id)
            self.fail(job, "file_failed", f"The picture's file could not be made: {error}.")

    async def _finish(self, job: Job, picture: Picture) -> None:
        blob, size_bytes = await self._store_file(job, picture)
        frame, now = job.frame, self._books.now()
        done = await self._books.keeper.insist(
            f"picture {picture.index} of {job.job_id}",
            lambda: self._books.jobs.picture_done(
                job.job_id,
                picture.index,
                blob,
                job.brief.output_format,
                frame.width,
                frame.height,
                size_bytes,
                picture.device_s,
                now,
            ),
        )
        if not done and job.closing:  # otherwise it was done by a try that told of an error
            await self._books.keeper.delete([blob])
            return
        job.keep(picture, blob, (frame.width, frame.height), size_bytes)
        if job.complete:
            job.closing = True
            self._books.controller.settle(job.job_id, job.device_s)
            await self._close(job, "succeeded", now, None)

    def fail(self, job: Job, code: str, message: str) -> None:
        """A job that a picture cannot be drawn of ends, and costs nothing."""
        if not job.closing:
            self._take_off(job)
            self._books.keeper.spawn(self._fail(job, code, message))

    def cancel(self, job: Job) -> None:
        """By its owner's wish: what nobody has begun to draw does not count."""
        if not job.closing:
            self._take_off(job)
            self._books.keeper.spawn(self._cancel(job))

    def _take_off(self, job: Job) -> None:
        """Nothing more of it is drawn, and nothing more is heard of it."""
        job.closing = True
        books = self._books
        books.turns.withdraw(job.job_id)
        for picture in job.pictures:
            name = (job.job_id, picture.index)
            drawing = books.shared.of(name)
            if drawing is None:
                continue
            books.let_in(books.shared.leave(name))
            if drawing.holder is None or not drawing.orphaned:
                job.spans.ended(picture.index, "cancelled", 0, picture.device_s)
            else:
                self._backend.cancel(picture_id_of(drawing.holder))

    async def _fail(self, job: Job, code: str, message: str) -> None:
        now = self._books.now()
        failed = await self._books.keeper.insist(
            f"the failure of {job.job_id}",
            lambda: self._books.jobs.fail(job.job_id, code, message, now),
        )
        if not failed and await self._succeeded(job):
            return
        self._books.controller.refund(job.job_id, job.brief.n, now)
        await self._close(job, "failed", now, DrawingFailed(message))

    async def _cancel(self, job: Job) -> None:
        now, refunded = self._books.now(), job.untouched
        used = [(its.index, its.device_s) for its in job.pictures if its.progress != "kept"]
        cancelled = await self._books.keeper.insist(
            f"the cancelling of {job.job_id}",
            lambda: self._books.jobs.cancel(job.job_id, now, refunded, used),
        )
        if not cancelled and await self._succeeded(job):
            return
        if refunded:
            self._books.controller.refund(job.job_id, refunded, now)
        self._books.controller.settle(job.job_id, job.device_s)
        await self._close(job, "cancelled", now, JobCancelled(job.job_id))

    async def _succeeded(self, job: Job) -> bool:
        """Whether its last picture was committed just before it could be taken off."""
        row = await self._books.keeper.insist(
            f"the end of {job.job_id}",
            lambda: asyncio.to_thread(self._books.jobs.get, job.job_id),
        )
        return row is not None and row.state == "succeeded"

    async def _close(
        self, job: Job, state: JobState, now: float, error: DrawingFailed | JobCancelled | None
    ) -> None:
        self._books.turns.withdraw(job.job_id)
        job.end(state, now, error)
        self._books.live.pop(job.job_id, None)
        self._books.metrics.job_ended(job.tier, state)
        await self._books.keeper.delete(source_names(job.job_id, job.brief))

    async def _store_file(self, job: Job, picture: Picture) -> tuple[str, int]:
        """The name of the finished picture's file, and its size in bytes."""
        mask = None
        if job.brief.with_mask:
            name = mask_name(job.job_id)
            mask = await self._books.keeper.insist(name, lambda: self._books.keeper.get(name))
            if mask is None:
                raise DrawingFailed("the source and its mask are no longer there")
        file = await asyncio.to_thread(finished_file, job.brief, picture.canvas, picture.seed, mask)
        blob = f"{job.job_id}/{picture.index}.{job.brief.output_format}"
        await self._books.keeper.insist(blob, lambda: self._books.keeper.put(blob, file))
        return blob, len(file)


def source_name(job_id: str) -> str:
    return f"{job_id}/source.png"


def mask_name(job_id: str) -> str:
    return f"{job_id}/mask.png"


def source_names(job_id: str, brief: Brief) -> list[str]:
    """The files that a job keeps only while it goes on."""
    names = [source_name(job_id)] if brief.with_source else []
    return names + ([mask_name(job_id)] if brief.with_mask else [])
