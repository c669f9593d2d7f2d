"""What a style decides, and the brushwork that styles share.

A finish paints one part of a shape at a time, from its coverage `mask` (float32 [h, w] in 0..1 at
`SCALE` samples a pixel) and its colour, and may give the whole picture a last touch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from smalti.train.world.paint.palette import Bytes, Floats
from smalti.train.world.paint.shapes import Form

SCALE = 3
"""Samples a pixel, each way, at which shapes are drawn."""

Layer = tuple[Floats, Floats]
"""Colours [h, w, 3] and coverage [h, w]."""


@dataclass(frozen=True)
class Finish:
    """The hand of one style."""

    part: Callable[[Floats, Floats, Form], Layer]
    """Paints a part: mask, colour and form in, layer out."""
    sky: Callable[[Floats, int], Bytes]
    """Makes a sky [h, w, 3] of a gradient [h, 3] and a width."""
    rim: Floats
    """Multiplies the colours of far ridges along their crest."""
    brush: float
    """Width of that crest line in pixels."""
    fade: float
    """Share of the horizon's colour that far ridges take at their foot."""
    ground: float
    """Contrast of ground patterns."""
    grain: float
    """Amplitude of the soft mottling of the ground."""
    shadow: float
    """Darkness of shadows on the ground."""
    bare: float = 0.0
    """Share of bare paper in the ground."""
    paper: Floats = field(default_factory=lambda: np.full(3, 255, dtype=np.float32))
    """Colour of the paper by day."""
    wave: float = 0.5
    """Strength of waves: above 0 they are lighter than the sea, below 0 darker."""
    touch: Callable[[Bytes], None] | None = None
    """Last touch on the whole picture, in place."""
    flat: bool = False
    """Flat areas: gradients become steps."""


def depth(mask: Floats) -> Floats:
    """Distance to the border of the part, in pixels."""
    inside = (np.pad(mask, 1) > 0.5).astype(np.uint8)
    found = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(found / SCALE, dtype=np.float32)


def soften(image: Floats, sigma: float) -> Floats:
    """Gaussian blur, sigma in pixels, with nothing beyond the borders."""
    blurred = cv2.GaussianBlur(image, (0, 0), sigma * SCALE, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, dtype=np.float32)


def shrunk(image: Floats, height: int, width: int) -> Floats:
    """The image [height, width, ...], each pixel the mean of those it takes the place of."""
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)


def shifted(mask: Floats, dx: float, dy: float) -> Floats:
    """The mask moved right and down by pixels, zeros moving in."""
    move = np.array([[1, 0, dx * SCALE], [0, 1, dy * SCALE]], dtype=np.float32)
    return np.asarray(cv2.warpAffine(mask, move, mask.shape[::-1]), dtype=np.float32)


def lee(mask: Floats, dx: float, dy: float) -> Floats:
    """Where the part turns away from a light at the upper left: its lower right border."""
    return np.asarray(mask * (1 - shifted(mask, -dx, -dy)), dtype=np.float32)


def shaded(colour: Floats, factor: Floats) -> Floats:
    """colour [3] times factor [h, w]: [h, w, 3]."""
    return np.asarray(colour * factor[..., None], dtype=np.float32)


def stretched(gradient: Floats, width: int) -> Bytes:
    """A gradient [h, 3] as a picture [h, width, 3]."""
    rows = (gradient + 0.5).astype(np.uint8)
    return np.repeat(rows[:, None], width, axis=1)
