"""Where things stand on a grid smaller than any that the reader was taught.

There is less room than the reader has learned, so the world's own rules say where the horizon lies
and where things stand, as `bottom_rows` has them; and where something finds no place, there are
fewer trees.
"""

from __future__ import annotations

from smalti.models.tile_model import Grid

LEAST_SIDE = 14
"""Of the grids that the reader was taught, in tiles."""
HORIZON_SHARE = 0.45
"""Of the rows, on average, in what the reader was taught."""
LEAST_HORIZON = 3
TREES_TRIED = (3, 2, 1, 1, 1)
"""How many trees a layout may have, each time it is written anew since something found no place."""


def is_small(grid: Grid) -> bool:
    return min(grid.rows, grid.columns) < LEAST_SIDE


def horizons(rows: int, sea: bool) -> tuple[int, int]:
    """First and last row of the horizon: the upper two of the three usual ones, for more ground."""
    usual = round(HORIZON_SHARE * rows) - sea
    return max(LEAST_HORIZON, usual - 1), max(LEAST_HORIZON, usual)
