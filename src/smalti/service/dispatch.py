"""`Dispatcher`: gives slots to the pictures that control names, and hears how they fare."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from itertools import count
from typing import Any

from smalti.control.nouns import Ask
from smalti.engine.errors import EngineError
from smalti.errors import StoreUnavailable
from smalti.fleet.backend import (
    LAST_EVENTS,
    Backend,
    Cancelled,
    Done,
    Event,
    Failed,
    Paused,
    PictureOrder,
    RowDrawn,
    Started,
    Strip,
)
from smalti.models.tile_model import Codes
from smalti.service.books import Books
from smalti.service.ends import Ends
from smalti.service.job import Job, Picture
from smalti.service.shared import Drawing, identity_of

LastEvent = Done | Failed | Cancelled | Paused
Wanted = Sequence[tuple[Job, Picture]]

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""How often to look whether a device has come back, of which nothing else tells."""
_POLICY_EVERY = 10
"""At every so many looks it is seen whether the policy is another now, if no request is."""


class Dispatcher:
    """open: whether pictures may be given to the backend. look_at_policy: who waits has its turn
    by the one in force."""

    def __init__(
        self, books: Books, backend: Backend, ends: Ends, look_at_policy: Callable[[], None]
    ) -> None:
        self.open = False
        self._books = books
        self._backend = backend
        self._ends = ends
        self._look_at_policy = look_at_policy

    async def look(self) -> None:
        """Until cancelled: fill the slots of devices that come back."""
        for looks in count():
            if looks % _POLICY_EVERY == 0 and self._books.health.problem is None:
                try:
                    self._look_at_policy()
                except StoreUnavailable as error:
                    self._books.health.report(error)
            self.fill()
            self._tell_how_it_stands()
            await asyncio.sleep(LOOK_S)

    def _tell_how_it_stands(self) -> None:
        control = self._books.controller
        ready = [device for device in self._backend.devices() if device.state == "ready"]
        busy, slots = sum(d.busy for d in ready), sum(d.slots for d in ready)
        self._books.metrics.saw(control.waiting, min(busy, slots), slots, self._books.load)

    def begin(self, job: Job) -> None:
        """A job's pictures wait for their slots, or follow others that are the same."""
        books, own = self._books, []
        for picture in job.pictures:
            if picture.progress != "waiting":
                continue
            name, order = (job.job_id, picture.index), job.order(picture)
            drawing = books.shared.enter(name, identity_of(order))
            job.spans.queued(picture.index)
            if drawing.holder is not None:
                self._catch_up(drawing, job, picture)
            elif len(drawing.members) == 1 or self._is_due_before(job, drawing):
                books.shared.queue(name)
                own.append(picture.index)
        books.turns.begin(job.ask, own)
        self.fill()

    def _is_due_before(self, job: Job, drawing: Drawing) -> bool:
        """Whether a job would get a slot before those who wait for the same picture."""
        if job.told is None:  # after a restart: it was told its wait in an earlier life
            classes = {_class(self._books.live[job_id].ask) for job_id, _ in drawing.queued}
            return _class(job.ask) not in classes
        ahead = self._books.turns.wait(sorted(drawing.queued))
        return ahead is not None and job.told.start_s < ahead.start_s

    def _catch_up(self, drawing: Drawing, job: Job, picture: Picture) -> None:
        """Follow a picture that is being drawn, and keep what is there of it."""
        _, other = self._books.picture(drawing.members[0])
        picture.follow(other)
        if other.layout is not None:
            self._start(job, picture, other.layout, "")
        for row, codes in enumerate(drawing.rows):
            self._checkpoint(job, picture, row, codes)

    def fill(self) -> None:
        """Give every free slot its next picture; none while what is drawn could not be kept."""
        if not self.open or self._books.health.problem is not None:
            return
        books, sent = self._books, True
        books.controller.slots = sum(d.slots for d in self._backend.devices() if d.state == "ready")
        while sent and (name := books.turns.next()) is not None:
            drawing = books.shared.of(name)
            if drawing is not None and books.shared.named(name):
                sent = self._send(drawing, *books.picture(name))
            else:
                books.turns.finished(name, 0.0)

    def _send(self, drawing: Drawing, job: Job, picture: Picture) -> bool:
        """Whether the backend took it."""
        order = job.order(picture)
        drawing.rows = whole_rows(order)
        picture.spread()
        try:
            self._backend.send(order, partial(self._hear, drawing, job, picture))
        except EngineError as error:
            log.error("picture %s could not be sent: %s", order.picture_id, error)
            self._lose_slot(drawing, job, picture)
            return False
        for name in drawing.members:
            _, member = self._books.picture(name)
            member.progress, member.canvas = "drawing", picture.canvas
        picture.drawn = None  # the backend remembers it from here on
        return True

    def _hear(self, drawing: Drawing, job: Job, picture: Picture, event: Event) -> None:
        """An event of the backend. job, picture: in whose name it is drawn."""
        wanted = [self._books.picture(name) for name in drawing.members]
        if wanted and isinstance(event, (RowDrawn, *LAST_EVENTS)):
            self._spend(drawing, event)
        if isinstance(event, Done | Failed):
            self._books.shared.close(drawing)
        if isinstance(event, Started):
            if drawing.begun:  # by a worker that was lost
                self._books.metrics.requeued()
            drawing.begun = True
        self._follow(drawing, wanted, event)
        if isinstance(event, LAST_EVENTS):
            if isinstance(event, Paused) and wanted:
                self._lose_slot(drawing, job, picture)
            else:
                self._leave_slot(drawing, [(job, picture), *wanted], event)
            self.fill()

    def _spend(self, drawing: Drawing, event: RowDrawn | LastEvent) -> None:
        assert drawing.payer is not None
        _, payer = self._books.picture(drawing.payer)
        new_s = drawing.spend(event.device_s)
        payer.device_s += new_s
        self._books.metrics.drew(len(event.codes) if isinstance(event, RowDrawn) else 0, new_s)

    def _follow(self, drawing: Drawing, wanted: Wanted, event: Event) -> None:
        """Tell everybody who wants the picture, and note it in the name of each."""
        if isinstance(event, RowDrawn) and event.row == len(drawing.rows):
            drawing.rows.append(written(event.codes))
        for job, picture in wanted:
            match event:
                case Started(worker=worker, layout=layout):
                    self._start(job, picture, layout, worker)
                case RowDrawn(row=row, codes=codes):
                    self._checkpoint(job, picture, row, written(codes))
                case Strip():
                    job.show(picture, event)
                case Done():
                    picture.progress = "drawn"
                    self._books.keeper.spawn(self._ends.finish(job, picture))
                case Failed(reason=reason):
                    self._ends.fail(job, "drawing_failed", reason)
                case Paused():
                    job.take_off(picture, event)

    def _start(self, job: Job, picture: Picture, layout: tuple[int, ...], worker: str) -> None:
        now = self._books.now()
        job.spans.drawing(picture.index, worker)
        if job.start(picture, layout, now):
            self._books.metrics.waited(job.tier, job.wait_s, job.brief.service)
        if job.promised_s is not None and job.begun:
            self._books.metrics.promise(job.tier, now - job.created_at <= job.promised_s)
            job.promised_s = None
        self._note(job, self._books.jobs.started(job.job_id, picture.index, layout, now))

    def _checkpoint(self, job: Job, picture: Picture, row: int, codes: bytes) -> None:
        args = (job.job_id, picture.index, row, codes, picture.device_s)
        self._note(job, self._books.jobs.checkpoint(*args))

    def _note(self, job: Job, writing: Coroutine[Any, Any, object]) -> None:
        self._books.keeper.note(f"a checkpoint of {job.job_id}", writing)

    def _leave_slot(self, drawing: Drawing, told: Wanted, event: LastEvent) -> None:
        """told: in whose name it was drawn, and then those who want it."""
        holder, its = told[0]
        device_s = event.device_s if drawing.left_s is None else drawing.left_s
        self._books.turns.finished((holder.job_id, its.index), device_s)
        outcome = {Done: "succeeded", Failed: "failed"}.get(type(event), "cancelled")
        tiles = event.tiles if isinstance(event, Done) else 0
        for job, picture in told:
            job.spans.ended(picture.index, outcome, tiles, picture.device_s)

    def _lose_slot(self, drawing: Drawing, job: Job, picture: Picture) -> None:
        """It waits again: in the name in which it was drawn, or if that one has left, in another's.

        A picture that was given up by its owner and is drawn for others ends here for him.
        """
        books, name = self._books, (job.job_id, picture.index)
        for member in drawing.members:
            its_job, its = books.picture(member)
            its.progress = "waiting"
            self._note(its_job, books.jobs.put_back(its_job.job_id, its.index))
            its_job.spans.queued(its.index)
        books.metrics.requeued()
        if name in drawing.members:
            books.turns.requeue(name)
        else:
            books.turns.finished(name, drawing.left_s or 0.0)
        books.let_in(books.shared.lost_slot(drawing))


def whole_rows(order: PictureOrder) -> list[bytes]:
    """The rows that an order goes on from."""
    if order.drawn is None:
        return []
    columns = order.conditions.grid.columns
    rows = range(len(order.drawn) // columns)
    return [written(order.drawn[row * columns : (row + 1) * columns]) for row in rows]


def written(codes: Codes) -> bytes:
    """Tiles as they are kept."""
    return codes.astype("<i2").tobytes()


def _class(ask: Ask) -> tuple[str, str]:
    """Whose pictures are named in whose order."""
    return ask.tier, ask.served_as
