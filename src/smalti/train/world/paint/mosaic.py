"""Glass smalti: stones of 8 px on the grid of tiles, dark grout, edges cut along the drawing."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import Finish, Layer, depth, lee, shaded
from smalti.train.world.paint.palette import Bytes, Floats
from smalti.train.world.paint.shapes import Form

STONE_PX = 8
_PERIOD_STONES = 4
_RHYTHM = np.array([[0, 2, -1, 0], [-2, 0, 1, 0], [1, -1, 0, 2], [0, 0, -2, 1]])
_GROUT = np.array((46, 38, 44), dtype=np.float32)


def _part(mask: Floats, colour: Floats, form: Form) -> Layer:
    if form == "line":
        return shaded(colour, np.ones_like(mask)), mask
    reach = 3.0 if form == "flat" else 6.0
    factor = 1 - 0.24 * lee(mask, reach, reach)
    factor += 0.16 * lee(mask[::-1, ::-1], reach * 0.6, reach * 0.6)[::-1, ::-1]
    rgb = shaded(colour, np.asarray(factor, dtype=np.float32))
    line = np.clip(1.7 - depth(mask), 0, 1)[..., None]
    rgb += (_GROUT + colour * 0.15 - rgb) * line * 0.85
    return np.clip(rgb, 0, 255), mask


def _sky(gradient: Floats, width: int) -> Bytes:
    """Stones of one colour each, borrowing from the rows above and below in a fixed rhythm."""
    rows = gradient.reshape(-1, STONE_PX, 3).mean(1)
    y, x = np.indices((len(rows), -(-width // STONE_PX)))
    rhythm = _RHYTHM[y % 4, x % 4]
    stones = rows[np.clip(y + rhythm, 0, len(rows) - 1)]
    stones *= (1 + 0.045 * rhythm[..., None]).astype(np.float32)
    stones = np.clip(stones, 0, 255)
    return _stone_blocks((stones + 0.5).astype(np.uint8))[:, :width]


def _stone_blocks(stones: Bytes) -> Bytes:
    return stones.repeat(STONE_PX, axis=0).repeat(STONE_PX, axis=1)


@cache
def _glass(height: int, width: int) -> Floats:
    """Factors [height, width, 3]: bevelled stones, each a little different, period 32 px."""
    stone = np.ones((STONE_PX, STONE_PX), dtype=np.float32)
    stone[1, 1:] = stone[1:, 1] = 1.13
    stone[-1, 1:] = stone[1:, -1] = 0.88
    stone[0, :] = stone[:, 0] = 0.70
    hue = np.array(
        [[0, 5, 2, 7], [6, 1, 4, 3], [3, 7, 0, 5], [4, 2, 6, 1]], dtype=np.float32
    )[..., None]  # fmt: skip
    tone = 0.92 + hue * np.array((0.022, 0.019, 0.026), dtype=np.float32)
    block = np.tile(stone, (_PERIOD_STONES, _PERIOD_STONES))[..., None]
    block = block * tone.repeat(STONE_PX, axis=0).repeat(STONE_PX, axis=1)
    side = STONE_PX * _PERIOD_STONES
    tiles = np.tile(block, (-(-height // side), -(-width // side), 1))
    return np.ascontiguousarray(tiles[:height, :width], dtype=np.float32)


def _touch(picture: Bytes) -> None:
    height, width = picture.shape[:2]
    cv2.multiply(picture, _glass(height, width), dst=picture, dtype=cv2.CV_8U)


MOSAIC = Finish(
    part=_part,
    sky=_sky,
    rim=np.array((0.42, 0.40, 0.46), dtype=np.float32),
    brush=1.6,
    fade=0.10,
    grain=0.0,
    ground=1.0,
    shadow=0.45,
    touch=_touch,
    flat=True,
)
