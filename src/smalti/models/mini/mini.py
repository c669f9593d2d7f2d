"""smalti-mini: the built-in model, as the engine sees it (`TileModel`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from smalti.models.mini.drawer import Drawer, DrawerShape
from smalti.models.mini.editing import carried_out
from smalti.models.mini.layout import STYLES, Layout, aligned_maps, token_ids
from smalti.models.mini.reader import Reader, ReaderShape
from smalti.models.mini.seer import Seer
from smalti.models.mini.stepper import Cache, Stepper
from smalti.models.mini.tokenizer import (
    CODEBOOK,
    CODES,
    LOOKAHEAD_ROWS,
    TILE_PX,
    Tokenizer,
    to_rgb,
    to_unit,
)
from smalti.models.mini.words import quoted_word
from smalti.models.mini.writing import Text, read_text, write_layout
from smalti.models.tile_model import Codes, Conditions, Grid, Rgb

GRIDS = (Grid(16, 16), Grid(14, 21), Grid(21, 14))
"""256 x 256, 336 x 224 and 224 x 336 px."""
SMALL_GRIDS = (Grid(12, 12), Grid(12, 18), Grid(18, 12), Grid(10, 10), Grid(10, 15), Grid(15, 10))
"""For pictures drawn from words alone: nothing was trained on them, and what a source shows, seen
so small, would not be recognised."""


class MiniNet(nn.Module):
    """All weights of smalti-mini."""

    def __init__(self, drawer: DrawerShape, reader: ReaderShape) -> None:
        super().__init__()
        self.tokenizer = Tokenizer()
        self.reader = Reader(reader)
        self.seer = Seer()
        self.drawer = Drawer(drawer)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Conditions as read: text for the reader, source codes [1, rows, columns, CODES] or None.

    seen: what the source shows, or None without one.
    """

    text: Text
    grid: Grid
    source: Tensor | None
    seen: Layout | None


@dataclass(eq=False)
class Mini:
    """See `TileModel`."""

    net: MiniNet
    name: str = "smalti-mini"
    tile_px: int = TILE_PX
    codes_per_tile: int = CODES
    codebook_size: int = CODEBOOK
    lookahead_rows: int = LOOKAHEAD_ROWS
    default_temperature: float = 0.6
    grids: tuple[Grid, ...] = GRIDS + SMALL_GRIDS
    styles: tuple[str, ...] = STYLES
    _stepper: Stepper = field(init=False)

    def __post_init__(self) -> None:
        self.net.eval().requires_grad_(False)
        self.net.tokenizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._stepper = Stepper(self.net.drawer, max(grid.tiles for grid in self.grids))

    @property
    def device(self) -> torch.device:
        return self.net.drawer.start.device

    def grid_for(self, width: int, height: int) -> Grid:
        wanted = np.log(width / height)
        return min(GRIDS, key=lambda grid: abs(np.log(grid.columns / grid.rows) - wanted))

    def work(self, grid: Grid) -> int:
        return grid.tiles

    def encode(self, conditions: Conditions) -> Encoded:
        word = quoted_word(conditions.prompt) or ""
        edits = conditions.source is not None
        text = read_text(
            self.net.reader, conditions.prompt, word, conditions.grid, conditions.style, edits
        )
        if conditions.source is None:
            return Encoded(text, conditions.grid, None, None)
        source = self.tile(fitted(conditions.source, conditions.grid))
        seen = self.net.seer.see(self.net.tokenizer.quantizer.latents_of(source))
        return Encoded(text, conditions.grid, source, seen)

    @torch.inference_mode()
    def tile(self, picture: Rgb) -> Tensor:
        """Codes [1, rows, columns, CODES] of a picture of whole tiles."""
        pixels = to_unit(torch.from_numpy(np.ascontiguousarray(picture))[None].to(self.device))
        return self.net.tokenizer.encode(pixels.contiguous(memory_format=torch.channels_last))

    def lay_out(self, encoded: Encoded, seed: int) -> tuple[int, ...]:
        """The layout as integers, see `Layout.to_ints`."""
        layout = write_layout(self.net.reader, encoded.text, seed, encoded.seen)
        if encoded.seen is not None:
            layout = carried_out(layout, encoded.seen, encoded.grid.columns)
        return layout.to_ints()

    def new_cache(self, slots: int) -> Cache:
        return self._stepper.new_cache(slots)

    @torch.inference_mode()
    def prefill(
        self, cache: Cache, slot: int, encoded: Encoded, layout: tuple[int, ...], drawn: Codes
    ) -> None:
        grid = encoded.grid
        planned = Layout.from_ints(layout)
        fields = torch.tensor([token_ids(planned)], device=self.device)
        maps = torch.from_numpy(aligned_maps(planned, grid.rows, grid.columns))[None]
        has_source = torch.ones(1, device=self.device)
        prefix, cells = self.net.drawer.conditions(
            fields, maps.to(self.device), encoded.source, has_source
        )
        codes = torch.from_numpy(drawn.astype(np.int64)).reshape(-1, CODES)
        self._stepper.prefill(cache, slot, prefix, cells, grid, codes)

    def step(
        self,
        cache: Cache,
        slots: Sequence[int],
        uniforms: NDArray[np.float64],
        temperatures: NDArray[np.float32],
    ) -> Codes:
        return self._stepper.step(cache, slots, uniforms, temperatures)

    @torch.inference_mode()
    def decode_rows(self, codes: Codes, grid: Grid, first_row: int, last_row: int) -> Rgb:
        """Each row is decoded from the same window whenever it is asked for."""
        tiles = torch.from_numpy(codes[: grid.tiles].astype(np.int64)).to(self.device)
        rows = tiles[: len(tiles) // grid.columns * grid.columns].view(-1, grid.columns, CODES)
        strips = []
        for row in range(first_row, last_row):
            needed = min(grid.rows, row + LOOKAHEAD_ROWS + 1)
            if needed > len(rows):
                raise ValueError(
                    f"Row {row} needs {needed} rows of tiles and {len(rows)} are drawn; "
                    f"ask again when row {needed - 1} is."
                )
            top = max(0, row - LOOKAHEAD_ROWS)
            window = rows[None, top:needed]
            pixels = self.net.tokenizer.decode_row(window, row - top, grid.rows - top)
            strips.append(to_rgb(pixels)[0])
        return torch.cat(strips).cpu().numpy()


def fitted(picture: Rgb, grid: Grid) -> Rgb:
    """The middle of a picture in the grid's proportions, resampled to its size in pixels."""
    height, width = picture.shape[:2]
    aspect = grid.columns / grid.rows
    wide, high = min(width, height * aspect), min(height, width / aspect)
    left, top = (width - wide) / 2, (height - high) / 2
    image = Image.fromarray(picture).resize(
        (grid.columns * TILE_PX, grid.rows * TILE_PX),
        Image.Resampling.LANCZOS,
        box=(left, top, left + wide, top + high),
    )
    return np.array(image)
