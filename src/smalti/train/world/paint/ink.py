"""Ink and wash: a brush line that swells to the lower right, and colour that pools at its edges."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import (
    SCALE,
    Finish,
    Layer,
    depth,
    lee,
    shaded,
    soften,
    stretched,
)
from smalti.train.world.paint.palette import Bytes, Floats
from smalti.train.world.paint.shapes import Form

_INK = np.array((24, 22, 28), dtype=np.float32)


def _part(mask: Floats, colour: Floats, form: Form) -> Layer:
    if form == "line":
        return shaded(colour, np.ones_like(mask)), mask
    if form == "cloud":
        down = np.linspace(0.0, 0.16, mask.shape[0], dtype=np.float32)[:, None]
        rgb = shaded(colour, (1 - down) * np.ones_like(mask))
        crest = np.clip(soften(lee(mask[::-1, ::-1], 1.0, 1.6), 0.4), 0, 1)[::-1, ::-1]
        rgb += (_INK + colour * 0.3 - rgb) * crest[..., None] * 0.55
        return rgb, mask * np.float32(0.9)
    pool = np.exp(-depth(mask) / 3.0)
    down = np.linspace(-0.05, 0.20, mask.shape[0], dtype=np.float32)[:, None]
    centre = 0.26 * (1 - pool) - down
    rgb = shaded(colour, np.asarray(1 - 0.12 * pool - 0.5 * down, dtype=np.float32))
    rgb += (255 - rgb) * np.clip(centre, 0, 1)[..., None] * 0.5
    size = min(1.0, min(mask.shape) / (26 * SCALE))
    swell = lee(mask, 2.4 * size, 2.6 * size)
    thin = np.clip(0.9 + 0.7 * size - depth(mask), 0, 1)
    line = np.clip(soften(np.maximum(swell, thin), 0.25), 0, 1)[..., None]
    rgb += (_INK + colour * 0.10 - rgb) * line * 0.94
    return np.asarray(rgb, dtype=np.float32), mask


@cache
def _paper(height: int, width: int) -> Floats:
    """Fibres of the paper: factors [height, width, 3] of period 32 px."""
    side = 32
    y, x = np.indices((side, side)) * (2 * np.pi / side)
    fibre = np.sin(x + 2 * y) * np.sin(3 * x - y) + 0.6 * np.sin(5 * x + 4 * y)
    block = (1 + 0.008 * fibre).astype(np.float32)
    tiles = np.tile(block, (-(-height // side), -(-width // side)))[:height, :width]
    return np.ascontiguousarray(np.repeat(tiles[..., None], 3, axis=2))


def _touch(picture: Bytes) -> None:
    height, width = picture.shape[:2]
    cv2.multiply(picture, _paper(height, width), dst=picture, dtype=cv2.CV_8U)


INK = Finish(
    part=_part,
    sky=stretched,
    rim=np.array((0.36, 0.36, 0.40), dtype=np.float32),
    brush=4.0,
    fade=0.92,
    grain=0.02,
    ground=1.3,
    shadow=0.22,
    bare=0.42,
    wave=-0.34,
    paper=np.array((246, 236, 214), dtype=np.float32),
    touch=_touch,
)
