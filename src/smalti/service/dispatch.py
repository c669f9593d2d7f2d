"""`Dispatcher`: gives slots to the pictures that control names, and hears how they fare."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from smalti.engine.errors import EngineError
from smalti.fleet.backend import (
    LAST_EVENTS,
    Backend,
    Cancelled,
    Done,
    Event,
    Failed,
    Paused,
    RowDrawn,
    Started,
    Strip,
)
from smalti.service.books import Books
from smalti.service.ends import Ends
from smalti.service.job import Job, Picture

LastEvent = Done | Failed | Cancelled | Paused

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""How often to look whether a device has come back, of which nothing else tells."""


class Dispatcher:
    """open: whether pictures may be given to the backend."""

    def __init__(self, books: Books, backend: Backend, ends: Ends) -> None:
        self.open = False
        self._books = books
        self._backend = backend
        self._ends = ends

    async def look(self) -> None:
        """Until cancelled: fill the slots of devices that come back."""
        while True:
            self.fill()
            await asyncio.sleep(LOOK_S)

    def fill(self) -> None:
        """Give every free slot its next picture; none while what is drawn could not be kept."""
        if not self.open or self._books.health.problem is not None:
            return
        books = self._books
        books.controller.slots = sum(d.slots for d in self._backend.devices() if d.state == "ready")
        sent = True
        while sent and (turn := books.controller.next(books.now())) is not None:
            job = books.live[turn.job_id]
            sent = self._send(job, job.pictures[turn.index])

    def _send(self, job: Job, picture: Picture) -> bool:
        """Whether the backend took it."""
        picture.progress = "drawing"
        order = job.order(picture)
        try:
            self._backend.send(order, partial(self._hear, job, picture))
        except EngineError as error:
            log.error("picture %s could not be sent: %s", order.picture_id, error)
            self._put_back(job, picture)
            return False
        picture.drawn = None  # the backend remembers it from here on
        return True

    def _hear(self, job: Job, picture: Picture, event: Event) -> None:
        """An event of the backend."""
        if not job.closing:
            self._follow(job, picture, event)
        if isinstance(event, LAST_EVENTS):
            if isinstance(event, Paused) and not job.closing:
                self._put_back(job, picture)
            else:
                self._leave_slot(job, picture, event)
            self.fill()

    def _leave_slot(self, job: Job, picture: Picture, event: LastEvent) -> None:
        now = self._books.now()
        self._books.controller.finished(job.job_id, picture.index, event.device_s, now)
        outcome = {Done: "succeeded", Failed: "failed"}.get(type(event), "cancelled")
        tiles = event.tiles if isinstance(event, Done) else 0
        job.spans.ended(picture.index, outcome, tiles, picture.device_s)

    def _follow(self, job: Job, picture: Picture, event: Event) -> None:
        match event:
            case Started(layout=layout):
                now = self._books.now()
                job.spans.drawing(picture.index, event.worker)
                if job.start(picture, event, now):
                    self._books.metrics.waited(job.tier, job.wait_s)
                self._note(job, self._books.jobs.started(job.job_id, picture.index, layout, now))
            case RowDrawn():
                self._add_row(job, picture, event)
            case Strip():
                job.show(picture, event)
            case Done():
                self._books.metrics.drew(0, picture.used(event.device_s))
                picture.progress = "drawn"
                self._books.keeper.spawn(self._ends.finish(job, picture))
            case Failed(reason=reason):
                picture.used(event.device_s)
                self._ends.fail(job, "drawing_failed", reason)
            case Paused():
                picture.used(event.device_s)
                job.take_off(picture, event)

    def _add_row(self, job: Job, picture: Picture, event: RowDrawn) -> None:
        self._books.metrics.drew(len(event.codes), picture.used(event.device_s))
        codes = event.codes.astype("<i2").tobytes()
        args = (job.job_id, picture.index, event.row, codes, picture.device_s)
        self._note(job, self._books.jobs.checkpoint(*args))

    def _note(self, job: Job, writing: Coroutine[Any, Any, object]) -> None:
        self._books.keeper.note(f"a checkpoint of {job.job_id}", writing)

    def _put_back(self, job: Job, picture: Picture) -> None:
        picture.progress = "waiting"
        self._note(job, self._books.jobs.put_back(job.job_id, picture.index))
        self._books.metrics.requeued()
        job.spans.queued(picture.index)
        self._books.controller.requeue(job.job_id, picture.index, self._books.now())
