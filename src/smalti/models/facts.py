"""What is known of a model without loading it, or torch: enough to answer or refuse a client."""

from __future__ import annotations

import math
from dataclasses import dataclass

from smalti.models.tile_model import Grid


@dataclass(frozen=True)
class ModelFacts:
    """name, grids, styles, tile_px: as those of the loaded `TileModel`.

    created: Unix time of its release. sources: how many source pictures it reads at once.
    prompt_bytes: how much of a prompt it reads.
    """

    name: str
    created: int
    summary: str
    tile_px: int
    grids: tuple[Grid, ...]
    styles: tuple[str, ...]
    sources: int
    prompt_bytes: int

    def grid_for(self, width: int, height: int) -> Grid:
        """The native grid whose proportions are nearest to width x height."""
        asked = math.log(width / height)
        return min(self.grids, key=lambda grid: abs(math.log(grid.columns / grid.rows) - asked))

    def pixels(self, grid: Grid) -> tuple[int, int]:
        """(width, height) of a grid."""
        return grid.columns * self.tile_px, grid.rows * self.tile_px


MINI = ModelFacts(
    name="smalti-mini",
    created=1_795_305_600,
    summary="The built-in model: small worlds in five styles, drawn on a laptop.",
    tile_px=16,
    grids=(Grid(16, 16), Grid(14, 21), Grid(21, 14)),
    styles=("photo", "pastel", "mosaic", "ink", "poster"),
    sources=1,
    prompt_bytes=384,
)

MODELS = (MINI,)
