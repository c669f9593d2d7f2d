"""What is known of a model without loading it, or torch: enough to answer or refuse a client."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smalti.models.tile_model import Grid

BEST = "high"
"""The quality that every model has; on which grids, `ModelFacts.grids` says."""


@dataclass(frozen=True)
class ModelFacts:
    """name, styles, tile_px: as those of the loaded `TileModel`. grids: those of its best quality.

    created: Unix time of its release. sources: how many source pictures it reads at once.
    prompt_bytes: how much of a prompt it reads.
    lesser: its other qualities by name, the best first, each with grids that take fewer tile-steps
    than those of the quality before. thumbnails: grids of still fewer, for a picture that is served
    smaller than it was asked for. Both are for pictures drawn from words; one that is drawn from
    another picture always has the best quality.
    smaller: the name of a model that can stand in for it at less cost, if there is one. tile_work:
    what a tile-step costs, in tile-steps of smalti-mini.
    rung_facts: what each rung of the ladder was measured to cost and gain (`bench/ladder.py`).
    """

    name: str
    created: int
    summary: str
    tile_px: int
    grids: tuple[Grid, ...]
    styles: tuple[str, ...]
    sources: int
    prompt_bytes: int
    lesser: Mapping[str, tuple[Grid, ...]] = field(default_factory=dict, hash=False)
    thumbnails: tuple[Grid, ...] = ()
    smaller: str | None = None
    tile_work: float = 1.0
    rung_facts: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def qualities(self) -> dict[str, tuple[Grid, ...]]:
        """All of them by name, the best first, and their grids."""
        return {BEST: self.grids, **self.lesser}

    @property
    def rung_work(self) -> dict[str, float]:
        """By rung, the best first: its work over that of the whole, where it saves any."""
        rungs = self.rung_facts.get("rungs", {})
        found = {rung: float(its["work_ratio"]) for rung, its in rungs.items()}
        return {rung: ratio for rung, ratio in found.items() if ratio < 1.0}

    @property
    def all_grids(self) -> tuple[Grid, ...]:
        """Those of the loaded model, in its order."""
        lesser = (grid for grids in self.lesser.values() for grid in grids)
        return (*self.grids, *lesser, *self.thumbnails)

    def grid_for(self, width: int, height: int, quality: str = BEST) -> Grid:
        """The grid of a quality whose proportions are nearest to width x height."""
        return nearest(self.qualities[quality], width, height)

    def pixels(self, grid: Grid) -> tuple[int, int]:
        """(width, height) of a grid."""
        return grid.columns * self.tile_px, grid.rows * self.tile_px

    def work(self, grid: Grid) -> float:
        """Cost of one picture."""
        return grid.tiles * self.tile_work


def nearest(grids: Sequence[Grid], width: int, height: int) -> Grid:
    """The grid whose proportions are nearest to width x height; the first of several."""
    asked = math.log(width / height)
    return min(grids, key=lambda grid: abs(math.log(grid.columns / grid.rows) - asked))


def read_rung_facts(file: Path) -> dict[str, Any]:
    """What `bench/ladder.py --write` left beside a model; nothing where it never ran."""
    return dict(json.loads(file.read_text())) if file.exists() else {}


MINI_LADDER = Path(__file__).with_name("mini") / "ladder.json"
MINI = ModelFacts(
    name="smalti-mini",
    created=1_795_305_600,
    summary="The built-in model: small worlds in five styles, drawn on a laptop.",
    tile_px=16,
    grids=(Grid(16, 16), Grid(14, 21), Grid(21, 14)),
    styles=("photo", "pastel", "mosaic", "ink", "poster"),
    sources=1,
    prompt_bytes=384,
    lesser={"low": (Grid(12, 12), Grid(12, 18), Grid(18, 12))},
    thumbnails=(Grid(10, 10), Grid(10, 15), Grid(15, 10)),
    rung_facts=read_rung_facts(MINI_LADDER),
)

MODELS = (MINI,)
