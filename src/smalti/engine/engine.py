"""`Engine`: many pictures on one device, a tile of each in a step.

    engine = Engine(model, slots=8)
    engine.add(order)
    while engine.busy:
        for event in engine.step():
            ...

Pictures join and leave at any tile. What a picture looks like depends on its order alone: its
noise is a function of (seed, tile, code), and the model draws each slot as if it were the only one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from smalti.engine.conditions import EncodingsByGroup, check_order
from smalti.engine.drawing import Drawing
from smalti.engine.errors import BadOrder, StepFailed
from smalti.engine.noise import uniforms
from smalti.engine.picture import Done, Event, Failed, PictureOrder, RowDrawn, Started, Strip
from smalti.engine.scheduler import Batch, Scheduler
from smalti.models.tile_model import Codes, TileModel

log = logging.getLogger(__name__)


class Engine:
    """Owns a model and its cache. Not thread-safe.

    slots: pictures in flight; the rest wait in order of arrival.
    joins_per_step: how many newcomers' prefills the running pictures may have to wait for at once.
    worker: the name told in `Started`. clock: seconds, for `device_s`.
    """

    def __init__(
        self,
        model: TileModel,
        slots: int,
        *,
        joins_per_step: int = 1,
        worker: str = "here",
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.model = model
        self.scheduler = Scheduler(slots, joins_per_step)
        self.worker = worker
        self.tiles_drawn = 0
        self._cache = model.new_cache(slots)
        self._encodings = EncodingsByGroup(model)
        self._clock = clock

    @property
    def busy(self) -> bool:
        """Whether a step has anything to do."""
        return self.scheduler.busy

    def add(self, order: PictureOrder) -> None:
        """Queue a picture. Whatever is wrong with the order is told as `Failed` when it begins.

        Raises DuplicatePicture.
        """
        self.scheduler.add(Drawing(order))
        self._encodings.enter(order.group)

    def cancel(self, picture_id: str) -> None:
        """End a picture at the next step; an unknown or ended one is ignored."""
        self.scheduler.wish(picture_id, "cancel")

    def pause(self, picture_id: str) -> None:
        """Take a picture off at the next step, to go on later; as `cancel` otherwise."""
        self.scheduler.wish(picture_id, "pause")

    def step(self) -> list[Event]:
        """Draw one tile of each picture that holds a slot. Raises StepFailed."""
        batch = self.scheduler.schedule()
        tiles = self.run(batch)
        return self.postprocess(batch, tiles)

    def run(self, batch: Batch) -> Codes:
        """Prefill those who join, then step: codes [len(batch.stepping()), codes_per_tile]."""
        for drawing in batch.joining:
            self._begin(drawing)
        stepping = batch.stepping()
        if not stepping:
            return np.empty((0, self.model.codes_per_tile), np.int16)
        with self._charged(stepping):
            return self._draw(stepping)

    def postprocess(self, batch: Batch, tiles: Codes) -> list[Event]:
        """Remember the tiles, free the slots of those who end, and tell what happened."""
        events: list[Event] = [self._leave(drawing) for drawing in batch.leaving]
        for drawing, tile in zip(batch.stepping(), tiles, strict=True):
            drawing.append(tile)
        self.tiles_drawn += len(tiles)
        for drawing in batch.joining:
            if drawing.failure is None and drawing.layout is not None:
                events.append(Started(drawing.order.picture_id, self.worker, drawing.layout))
        for drawing in batch.drawing:
            events.extend(self._tell(drawing))
        return events

    def _begin(self, drawing: Drawing) -> None:
        order, model = drawing.order, self.model
        with self._charged([drawing]), self._blamed_on(drawing, "prepared"):
            check_order(order, model)
            encoded = self._encodings.get(order)
            layout = order.layout
            if layout is None:
                layout = tuple(int(number) for number in model.lay_out(encoded, order.seed))
            temperature = order.temperature
            if temperature is None:
                temperature = model.default_temperature
            drawing.begin(layout, model.codes_per_tile, temperature)
            if drawing.slot is not None and not drawing.complete:
                model.prefill(self._cache, drawing.slot, encoded, layout, drawing.drawn)

    def _draw(self, stepping: Sequence[Drawing]) -> Codes:
        seeds = np.array([drawing.seed for drawing in stepping], np.uint64)
        tiles = np.array([drawing.drawn_tiles for drawing in stepping], np.uint64)
        temperatures = np.array([drawing.temperature for drawing in stepping], np.float32)
        slots = [drawing.slot for drawing in stepping if drawing.slot is not None]
        noise = uniforms(seeds, tiles, self.model.codes_per_tile)
        try:
            return self.model.step(self._cache, slots, noise, temperatures)
        except Exception as error:
            raise StepFailed(error, len(stepping)) from error

    def _tell(self, drawing: Drawing) -> Iterator[Event]:
        """What is new of a picture: rows, the strip that they made final, its end."""
        picture_id = drawing.order.picture_id
        if drawing.failure is None:
            while drawing.told_rows < drawing.rows_drawn:
                row = drawing.told_rows
                drawing.told_rows += 1
                yield RowDrawn(picture_id, row, drawing.row(row), drawing.device_s)
            yield from self._strips(drawing)
        if drawing.failure is not None:
            self._release(drawing)
            yield Failed(picture_id, drawing.failure, drawing.device_s)
        elif drawing.complete:
            self._release(drawing)
            yield Done(picture_id, drawing.device_s, drawing.grid.tiles)

    def _strips(self, drawing: Drawing) -> list[Strip]:
        """The rows that became final since the last strip, decoded: none or one strip."""
        first, last = drawing.shown_rows, drawing.final_rows(self.model.lookahead_rows)
        strips: list[Strip] = []
        if first < last:
            with self._charged([drawing]), self._blamed_on(drawing, "decoded"):
                pixels = self.model.decode_rows(drawing.drawn, drawing.grid, first, last)
                strips.append(Strip(drawing.order.picture_id, first, last - first, pixels))
                drawing.shown_rows = last
        return strips

    def _leave(self, drawing: Drawing) -> Event:
        self._encodings.leave(drawing.order.group)
        return drawing.farewell()

    def _release(self, drawing: Drawing) -> None:
        self.scheduler.release(drawing)
        self._encodings.leave(drawing.order.group)

    @contextmanager
    def _charged(self, drawings: Sequence[Drawing]) -> Iterator[None]:
        """Divide the time spent inside over `drawings`."""
        start = self._clock()
        try:
            yield
        finally:
            share = (self._clock() - start) / len(drawings)
            for drawing in drawings:
                drawing.device_s += share

    @contextmanager
    def _blamed_on(self, drawing: Drawing, what: str) -> Iterator[None]:
        """An error that comes of one picture's own data fails that picture only."""
        try:
            yield
        except BadOrder as error:
            drawing.failure = str(error)
        except Exception as error:
            log.exception("picture %s could not be %s", drawing.order.picture_id, what)
            drawing.failure = (
                f"The picture could not be {what} by {self.model.name}: "
                f"{type(error).__name__}: {error}"
            )
