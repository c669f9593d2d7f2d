"""Photo-like: soft volume, light from the upper left, haze."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import (
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


def _part(mask: Floats, colour: Floats, form: Form) -> Layer:
    if form == "line":
        return shaded(colour, np.ones_like(mask)), mask
    if form == "cloud":
        body = np.clip(soften(mask, 2.6) * 1.7 - 0.35, 0, 1)
        down = np.linspace(1.04, 0.80, mask.shape[0], dtype=np.float32)[:, None]
        puff = 1 - 0.16 * soften(lee(mask, 5, 7), 3.0)
        return shaded(colour, np.asarray(down * puff, dtype=np.float32)), body
    if form == "flat":
        down = np.linspace(1.08, 0.86, mask.shape[0], dtype=np.float32)[:, None]
        across = np.linspace(1.06, 0.90, mask.shape[1], dtype=np.float32)[None]
        edge = 1 - 0.18 * np.exp(-depth(mask) / 1.2)
        return shaded(colour, down * across * edge), mask
    height = soften(np.minimum(depth(mask), 9) + 0.3 * depth(mask), 1.4)
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1)
    light = np.clip((slope_x + 1.4 * slope_y) * 0.14, -0.36, 0.3)
    down = np.linspace(1.08, 0.84, mask.shape[0], dtype=np.float32)[:, None]
    return shaded(colour, np.asarray((1 + light) * down, dtype=np.float32)), mask


@cache
def _vignette(height: int, width: int) -> Floats:
    """Factors [height, width, 3]: a lens takes less light towards the corners."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    fall = 1.03 - 0.13 * (x**2 + y**2) ** 1.2
    return np.ascontiguousarray(np.repeat(fall[..., None], 3, axis=2), dtype=np.float32)


def _touch(picture: Bytes) -> None:
    height, width = picture.shape[:2]
    cv2.multiply(picture, _vignette(height, width), dst=picture, dtype=cv2.CV_8U)


PHOTO = Finish(
    part=_part,
    sky=stretched,
    rim=np.array((1.04, 1.04, 1.04), dtype=np.float32),
    brush=1.0,
    fade=0.55,
    grain=0.022,
    ground=0.55,
    shadow=0.5,
    touch=_touch,
)
