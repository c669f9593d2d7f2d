"""A picture of which only the upper rows are drawn."""

from __future__ import annotations

import numpy as np

from smalti.models.tile_model import Rgb

GROUND = 128.0


def half_drawn(canvas: Rgb, rows_px: int) -> Rgb:
    """The drawn rows, and below them their last line running out into an even ground.

    canvas: the picture, of which the first `rows_px` lines are drawn.
    """
    height, width = canvas.shape[:2]
    if rows_px >= height:
        return canvas
    shown = canvas.copy()
    if rows_px == 0:
        shown[...] = int(GROUND)
        return shown
    reach = max(1, width // 8)
    line = np.pad(canvas[rows_px - 1].astype(np.float64), ((reach, reach), (0, 0)), mode="edge")
    total = np.cumsum(np.pad(line, ((1, 0), (0, 0))), axis=0)
    soft = (total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)
    fade = np.linspace(0.0, 1.0, height - rows_px)[:, None, None]
    shown[rows_px:] = np.round(soft[None] * (1 - fade) + GROUND * fade).astype(np.uint8)
    return shown
