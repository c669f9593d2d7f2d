"""`Service`: takes requests, refuses what it has no room for, sends orders to the backend."""

from __future__ import annotations

import asyncio
import bisect
import logging
import random
import secrets
import time
import uuid
from collections.abc import Sequence

from smalti.errors import Busy, InvalidRequest, Unavailable, UnknownModel
from smalti.fleet.backend import (
    LAST_EVENTS,
    Backend,
    DeviceState,
    Done,
    Event,
    PictureOrder,
    Started,
)
from smalti.models.facts import ModelFacts
from smalti.models.tile_model import Conditions
from smalti.pictures.framing import frame_for_picture, frame_for_words, prepare_source
from smalti.service.job import DrawRequest, Job, Picture, blank
from smalti.service.pace import Pace

log = logging.getLogger(__name__)

SEED_MAX = 2**53 - 1
"""The largest whole number that every JSON client keeps exactly."""


class Service:
    """max_waiting: pictures that may wait for a slot before requests are refused."""

    def __init__(self, backend: Backend, models: Sequence[ModelFacts], max_waiting: int) -> None:
        self.models = {model.name: model for model in models}
        self._backend = backend
        self._max_waiting = max_waiting
        self._pace = Pace()
        self._turn = 0
        self._turns: dict[str, int] = {}
        self._waiting: list[int] = []
        self._drawing: set[str] = set()
        self._failure: str | None = None
        self._stopped = False
        self._watch: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self) -> None:
        """Returns as soon as the workers are starting."""
        await self._backend.start()
        self._watch = asyncio.create_task(self._until_ready())

    async def stop(self) -> None:
        """End every job with an error that says so; a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        if self._watch is not None:
            self._watch.cancel()
        await self._backend.stop()

    @property
    def ready(self) -> bool:
        return not self._stopped and any(d.state == "ready" for d in self.devices())

    @property
    def failure(self) -> str | None:
        """Why nothing can be drawn now and will not be soon, or None."""
        if self._stopped:
            return "The server is stopping."
        return None if self.ready else self._failure

    @property
    def waiting(self) -> int:
        """Pictures that wait for a slot."""
        return len(self._waiting)

    def devices(self) -> tuple[DeviceState, ...]:
        return self._backend.devices()

    async def _until_ready(self) -> None:
        begun = time.monotonic()
        try:
            await self._backend.ready()
        except Exception as error:
            self._failure = f"Nothing can be drawn here: {error}"
            log.error("nothing can be drawn: %s", error)
        else:
            log.info("ready to draw after %.1f s", time.monotonic() - begun)

    # --- requests ---

    def model(self, name: str) -> ModelFacts:
        """Raises UnknownModel."""
        if name not in self.models:
            raise UnknownModel(name, tuple(self.models))
        return self.models[name]

    def check(self, request: DrawRequest) -> ModelFacts:
        """The model that a request is for. Raises UnknownModel or InvalidRequest."""
        model = self.model(request.model)
        if request.style is not None and request.style not in model.styles:
            raise InvalidRequest(
                f"'{request.style}' is no style of {model.name}. "
                f"Its styles: {', '.join(model.styles)}.",
                param="style",
            )
        return model

    async def submit(self, request: DrawRequest) -> Job:
        """Accept a request and send its pictures to be drawn.

        Raises UnknownModel, InvalidRequest, Busy or Unavailable.
        """
        model = self.check(request)
        if self.failure is not None:
            raise Unavailable(self.failure, retry_after_s=30)
        self._make_room(request.n)
        source = request.source
        if source is None:
            frame, shown = frame_for_words(model, request.size), None
        else:
            frame = frame_for_picture(model, request.size, (source.width, source.height))
            shown = await asyncio.to_thread(prepare_source, source.pixels, frame)
            self._make_room(request.n)

        group = uuid.uuid4().hex
        seed = secrets.randbelow(2**31) if request.seed is None else request.seed
        pictures = tuple(
            Picture(f"{group}-{i}", i, (seed + i) % (SEED_MAX + 1), blank(frame))
            for i in range(request.n)
        )
        job = Job(request, model, frame, pictures, self._ahead_of, self._cancel)
        conditions = Conditions(request.prompt, frame.grid, shown, request.style)
        for picture in pictures:
            self._send(job, picture, group, conditions)
        return job

    def _make_room(self, n: int) -> None:
        over = len(self._waiting) + n - self._max_waiting
        if over > 0:
            wait_s = self._pace.retry_after_s(over, len(self._drawing), random.random())
            raise Busy(len(self._waiting), n, self._max_waiting, wait_s)

    def _send(self, job: Job, picture: Picture, group: str, conditions: Conditions) -> None:
        order = PictureOrder(picture.picture_id, job.model.name, group, conditions, picture.seed)
        self._turn += 1
        self._turns[picture.picture_id] = self._turn
        self._waiting.append(self._turn)

        def on_event(event: Event) -> None:
            self._account(picture, event)
            job.receive(picture, event)

        self._backend.send(order, on_event)

    def _account(self, picture: Picture, event: Event) -> None:
        """Keep count of who waits and who is being drawn."""
        if isinstance(event, Started):
            self._stop_waiting(picture.picture_id)
            self._drawing.add(picture.picture_id)
        elif isinstance(event, LAST_EVENTS):
            self._stop_waiting(picture.picture_id)
            self._drawing.discard(picture.picture_id)
            if isinstance(event, Done) and picture.started_at is not None:
                self._pace.drew(time.monotonic() - picture.started_at)

    def _stop_waiting(self, picture_id: str) -> None:
        turn = self._turns.pop(picture_id, None)
        if turn is not None:
            del self._waiting[bisect.bisect_left(self._waiting, turn)]

    def _ahead_of(self, picture_id: str) -> int:
        turn = self._turns.get(picture_id)
        return 0 if turn is None else bisect.bisect_left(self._waiting, turn)

    def _cancel(self, picture_id: str) -> None:
        self._stop_waiting(picture_id)
        self._backend.cancel(picture_id)
