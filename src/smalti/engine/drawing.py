"""`Drawing`: one picture on its way through the engine."""

from __future__ import annotations

from typing import Literal

import numpy as np

from smalti.engine.noise import SEED_MASK
from smalti.engine.picture import Cancelled, Paused, PictureOrder
from smalti.models.tile_model import Codes

Wish = Literal["cancel", "pause"]


class Drawing:
    """Waits (slot is None), then holds a slot until it ends.

    drawn_tiles counts the tiles drawn, told_rows the rows told as `RowDrawn`, shown_rows the rows
    sent as `Strip`: shown_rows <= told_rows <= drawn rows, except that an order may resume a
    picture of which nothing was shown.
    """

    def __init__(self, order: PictureOrder) -> None:
        self.order = order
        self.grid = order.conditions.grid
        self.seed = order.seed & SEED_MASK
        self.temperature = 0.0
        self.slot: int | None = None
        self.wish: Wish | None = None
        self.failure: str | None = None
        self.layout: tuple[int, ...] | None = order.layout
        self.drawn_tiles = 0
        self.told_rows = 0
        self.shown_rows = order.shown_rows
        self.device_s = 0.0
        self._codes: Codes | None = None

    def begin(self, layout: tuple[int, ...], codes_per_tile: int, temperature: float) -> None:
        """Make room for the tiles, and put in those that the order brought along."""
        self.layout = layout
        self.temperature = temperature
        self._codes = np.empty((self.grid.tiles, codes_per_tile), np.int16)
        if self.order.drawn is not None and len(self.order.drawn) > 0:
            self.drawn_tiles = len(self.order.drawn)
            self._codes[: self.drawn_tiles] = self.order.drawn
        self.told_rows = self.rows_drawn

    def append(self, tile: Codes) -> None:
        """tile: [codes_per_tile]."""
        assert self._codes is not None, "a picture begins before it is drawn"
        self._codes[self.drawn_tiles] = tile
        self.drawn_tiles += 1

    @property
    def drawn(self) -> Codes:
        """The tiles drawn so far; the caller must not write to them."""
        assert self._codes is not None, "a picture begins before it is drawn"
        return self._codes[: self.drawn_tiles]

    def row(self, row: int) -> Codes:
        """A copy of a drawn row: [columns, codes_per_tile]."""
        columns = self.grid.columns
        return self.drawn[row * columns : (row + 1) * columns].copy()

    @property
    def rows_drawn(self) -> int:
        return self.drawn_tiles // self.grid.columns

    @property
    def complete(self) -> bool:
        return self.drawn_tiles == self.grid.tiles

    @property
    def to_step(self) -> bool:
        """Whether it takes part in a step: it has begun well and lacks tiles."""
        return self.failure is None and not self.complete

    def final_rows(self, lookahead_rows: int) -> int:
        """How many rows no later tile can change."""
        return self.grid.rows if self.complete else max(0, self.rows_drawn - lookahead_rows)

    def farewell(self) -> Cancelled | Paused:
        """The last event of a picture that leaves by its wish."""
        order = self.order
        if self.wish == "cancel":
            return Cancelled(order.picture_id, self.device_s)
        drawn = order.drawn if self._codes is None else self.drawn.copy()
        return Paused(order.picture_id, self.layout, drawn, self.shown_rows, self.device_s)
