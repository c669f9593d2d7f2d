"""A model of smalti-mini's shape that paints each tile in colours of its codes, at once."""

from __future__ import annotations

import numpy as np
from fake_model import FakeModel

from smalti.models.facts import MINI
from smalti.models.tile_model import Codes, Grid, Rgb


class FakeMini(FakeModel):
    name = MINI.name
    tile_px = MINI.tile_px
    grids = MINI.all_grids
    styles = MINI.styles

    def decode_rows(self, codes: Codes, grid: Grid, first_row: int, last_row: int) -> Rgb:
        rows = codes[first_row * grid.columns : last_row * grid.columns].astype(np.uint8) * 4
        pixels = np.stack([rows[:, 0], rows[:, 1], rows[:, 0]], axis=-1)
        pixels = pixels.reshape(last_row - first_row, grid.columns, 3)
        return pixels.repeat(self.tile_px, axis=0).repeat(self.tile_px, axis=1)


def load(device: str) -> FakeMini:
    return FakeMini(misbehaves=True)


def load_broken(device: str) -> FakeMini:
    raise RuntimeError("the weights are torn")
