"""`TileModel`: what the engine asks of a model that draws a picture tile by tile.

A picture's life: `encode` its conditions (once, however many pictures share them), `lay_out` it
(the integers that the model decides before the first tile), `prefill` a slot, `step` once per
tile, `decode_rows` whenever rows have become final. Layout and tiles are integers: they are the
whole state of a half-drawn picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
"""A picture: uint8 [height, width, 3], sRGB."""
Codes = NDArray[np.int16]
"""Tiles: int16 [tiles, codes per tile], in raster order."""


@dataclass(frozen=True)
class Grid:
    """A grid of tiles."""

    rows: int
    columns: int

    @property
    def tiles(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a picture is drawn from.

    prompt: text of any length (the model says in its card how much of it it reads).
    source: RGB picture of any size >= 1 px, or None; the model resamples it to its grid.
    style: one of the model's `styles`, or None to leave it to the prompt.
    """

    prompt: str
    grid: Grid
    source: Rgb | None = None
    style: str | None = None


class TileModel(Protocol):
    """A model family on one device. Not thread-safe: one engine owns it.

    name: as clients write it; tile_px: side of a tile; codes_per_tile, codebook_size: shape of a
    tile's codes; lookahead_rows: how many rows below a row its pixels depend on; grids: all that
    it draws on, those of its best quality first.
    """

    name: str
    tile_px: int
    codes_per_tile: int
    codebook_size: int
    lookahead_rows: int
    default_temperature: float
    grids: tuple[Grid, ...]
    styles: tuple[str, ...]

    def grid_for(self, width: int, height: int) -> Grid:
        """The grid of its best quality whose proportions are nearest to width x height."""
        ...

    def encode(self, conditions: Conditions) -> Any:
        """Read the conditions; the result may be shared by pictures that differ in seed only."""
        ...

    def lay_out(self, encoded: Any, seed: int) -> tuple[int, ...]:
        """The decisions before the first tile, a function of (conditions, seed) alone."""
        ...

    def new_cache(self, slots: int) -> Any:
        """KV cache for `slots` pictures of the largest grid."""
        ...

    def prefill(
        self, cache: Any, slot: int, encoded: Any, layout: tuple[int, ...], drawn: Codes
    ) -> None:
        """Fill a slot with the conditions, the layout and the tiles already drawn (maybe none)."""
        ...

    def step(
        self,
        cache: Any,
        slots: Sequence[int],
        uniforms: NDArray[np.float64],
        temperatures: NDArray[np.float32],
    ) -> Codes:
        """Draw the next tile of each slot: codes [len(slots), codes_per_tile].

        uniforms: [len(slots), codes_per_tile] in [0, 1), the only randomness; temperature 0 takes
        the likeliest code. The drawn tile is remembered in the slot.
        """
        ...

    def decode_rows(self, codes: Codes, grid: Grid, first_row: int, last_row: int) -> Rgb:
        """Pixels of tile rows [first_row, last_row): uint8 [rows x tile_px, columns x tile_px, 3].

        codes: the tiles drawn so far, from the first on; they must reach `lookahead_rows` below
        `last_row`, or the end of the grid. The same rows decoded at any later time are equal.
        """
        ...

    def work(self, grid: Grid) -> int:
        """Cost of one picture in tile-steps, known before it is drawn."""
        ...
