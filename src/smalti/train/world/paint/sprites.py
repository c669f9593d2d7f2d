"""Sprites: shapes painted by a finish once, kept, and laid on pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import SCALE, Finish, Layer, shrunk
from smalti.train.world.paint.ink import INK
from smalti.train.world.paint.mosaic import MOSAIC
from smalti.train.world.paint.palette import Bytes, Floats, colour
from smalti.train.world.paint.pastel import PASTEL
from smalti.train.world.paint.photo import PHOTO
from smalti.train.world.paint.poster import POSTER
from smalti.train.world.paint.shapes import Part, Shape, cloud_shape, shape

FINISHES: dict[str, Finish] = {
    "photo": PHOTO,
    "pastel": PASTEL,
    "mosaic": MOSAIC,
    "ink": INK,
    "poster": POSTER,
}
_SHIFT = 4
"""Bits of fraction of the vertices handed to OpenCV."""


@dataclass(frozen=True)
class Sprite:
    """Paint [h, w, 3], already weighted by coverage, and what it lets through [h, w, 1]."""

    paint: Floats
    through: Floats

    def lay(self, picture: Bytes, top: int, left: int) -> None:
        """Lay the sprite on a picture at pixel (top, left), cut at the picture's borders."""
        height, width = self.paint.shape[:2]
        y0, y1 = max(top, 0), min(top + height, picture.shape[0])
        x0, x1 = max(left, 0), min(left + width, picture.shape[1])
        if y0 >= y1 or x0 >= x1:
            return
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        under = picture[y0:y1, x0:x1]
        under[...] = np.clip(under * self.through[part] + self.paint[part], 0, 255)


def sprite_of(paint: Floats, coverage: Floats) -> Sprite:
    """A sprite from plain colours [h, w, 3] and coverage [h, w]."""
    cover = np.clip(coverage, 0, 1)[..., None]
    return Sprite((paint * cover + 0.5).astype(np.float32), (1 - cover).astype(np.float32))


@cache
def sprite(thing: str, value: str, style: str, time: str) -> Sprite:
    """The sprite of a thing; the value of a house is "wall roof"."""
    return _painted(shape(thing, value), style, time)


@cache
def cloud(kind: int, material: str, style: str, time: str) -> Sprite:
    """The sprite of a cloud; its foot dissolves in the air."""
    whole = cloud_shape(kind, material)
    found = _painted(whole, style, time)
    foot = np.linspace(1.5, 0.25, whole.height, dtype=np.float32)[:, None, None]
    share = np.minimum(foot, 1) * np.float32(0.94)
    if FINISHES[style].flat:
        return found
    return Sprite(found.paint * share, 1 - (1 - found.through) * share)


def _painted(whole: Shape, style: str, time: str) -> Sprite:
    high, wide = whole.height * SCALE, whole.width * SCALE
    paint = np.zeros((high, wide, 3), dtype=np.float32)
    cover = np.zeros((high, wide), dtype=np.float32)
    for part in whole.parts:
        mask = np.zeros((high, wide), dtype=np.uint8)
        for points in part.polygons:
            at = np.round(points * (SCALE << _SHIFT)).astype(np.int32)
            cv2.fillPoly(mask, [at], 255, cv2.LINE_AA, _SHIFT)
        x, y, w, h = cv2.boundingRect(mask)
        where = (slice(y, y + h), slice(x, x + w))
        layer = np.asarray(mask[where] * np.float32(1 / 255), dtype=np.float32)
        rgb, alpha = _layer(part, layer, style, time)
        paint[where] += (rgb - paint[where]) * alpha[..., None]
        cover[where] += (1 - cover[where]) * alpha
    paint = shrunk(paint, whole.height, whole.width)
    cover = shrunk(cover, whole.height, whole.width)[..., None]
    return Sprite(
        np.asarray(paint + 0.5 * cover, dtype=np.float32),
        np.asarray(1 - cover, dtype=np.float32),
    )


def _layer(part: Part, mask: Floats, style: str, time: str) -> Layer:
    finish = FINISHES[style]
    if part.material == "shadow":
        dark = np.array((22, 22, 44), dtype=np.float32)
        return np.broadcast_to(dark, (*mask.shape, 3)), mask * np.float32(finish.shadow)
    rgb, alpha = finish.part(mask, colour(part.material, style, time), part.form)
    return np.clip(rgb, 0, 255), alpha
