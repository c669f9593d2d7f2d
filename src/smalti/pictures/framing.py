"""From the size that was asked for to the model's own grid, and back.

A model draws on few grids and people ask for any size. A picture drawn from words is scaled until
it covers the size, and what overhangs is cut off evenly: nothing is bent. A picture drawn from
another picture is stretched to the grid and, once drawn, stretched back: nothing of the source is
lost, and its lines stay where they were.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from smalti.models.facts import BEST, ModelFacts, nearest
from smalti.models.tile_model import Grid, Rgb
from smalti.pictures.decode import Alpha

SIDE_STEP = 16
SIDE_MAX = 4096
RATIO_MAX = 3.0
BENT_MAX = 0.05
"""By how much the proportions of a picture that is served smaller may differ from those asked."""
FEATHER_PX = 8
_SIZE = re.compile(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})")


def parse_size(size: str) -> tuple[int, int]:
    """(width, height) of a size such as 1024x768. Raises ValueError with the rule it breaks."""
    match = _SIZE.fullmatch(size)
    if match is None:
        raise ValueError("write 'auto', or width and height as in '1024x1024'.")
    width, height = int(match[1]), int(match[2])
    if width % SIDE_STEP or height % SIDE_STEP:
        raise ValueError(f"both sides must be divisible by {SIDE_STEP}.")
    if max(width, height) > RATIO_MAX * min(width, height):
        raise ValueError("the proportions must lie between 1:3 and 3:1.")
    if max(width, height) > SIDE_MAX:
        raise ValueError(f"neither side may be longer than {SIDE_MAX}.")
    return width, height


@dataclass(frozen=True)
class Frame:
    """What was asked for and what is drawn for it, in pixels.

    stretched: whether the native picture is stretched to the size, or covers it and is cut.
    """

    width: int
    height: int
    grid: Grid
    native_width: int
    native_height: int
    stretched: bool

    @property
    def resampled(self) -> bool:
        return (self.width, self.height) != (self.native_width, self.native_height)

    def finish(self, native: Rgb) -> Rgb:
        """The picture at its final size."""
        if not self.resampled:
            return native
        box = None if self.stretched else middle(native, self.width / self.height)
        return _resize(native, self.width, self.height, box)


def frame_for_words(model: ModelFacts, size: tuple[int, int] | None, quality: str = BEST) -> Frame:
    """size: (width, height), or None for the model's own square, whatever the quality."""
    width, height = size or model.pixels(model.grid_for(1, 1))
    grid = model.grid_for(width, height, quality)
    return Frame(width, height, grid, *model.pixels(grid), stretched=False)


def thumbnail(model: ModelFacts, frame: Frame) -> Frame | None:
    """A smaller picture in place of one drawn from words, or None where there is none.

    It has the same proportions, as near as whole steps allow, no side longer than half of what
    was asked for, and no more pixels than are drawn.
    """
    if not model.thumbnails:
        return None
    ratio = frame.width / frame.height
    grid = nearest(model.thumbnails, frame.width, frame.height)
    native = model.pixels(grid)
    wide = min(native[0], native[1] * ratio, frame.width / 2)
    high = min(native[1], native[0] / ratio, frame.height / 2)
    sides = [
        (width, height)
        for width in range(SIDE_STEP, int(wide) + 1, SIDE_STEP)
        for height in range(SIDE_STEP, int(high) + 1, SIDE_STEP)
        if max(width, height) <= RATIO_MAX * min(width, height)
    ]
    if not sides:
        return None

    def loss(size: tuple[int, int]) -> tuple[float, int]:
        bent = abs(math.log(size[0] / size[1] / ratio))
        return max(bent, BENT_MAX), -size[0] * size[1]

    return Frame(*min(sides, key=loss), grid, *native, stretched=False)


def frame_for_picture(
    model: ModelFacts, size: tuple[int, int] | None, source: tuple[int, int]
) -> Frame:
    """source: (width, height) of the source. Without a size, the result has its proportions."""
    width, height = size or source
    grid = model.grid_for(width, height)
    native = model.pixels(grid)
    return Frame(*(size or _same_area(native, width / height)), grid, *native, stretched=True)


def _same_area(native: tuple[int, int], ratio: float) -> tuple[int, int]:
    """Sides of about the native area with the given ratio, on whole steps."""
    ratio = min(max(ratio, 1 / RATIO_MAX), RATIO_MAX)
    width = math.sqrt(native[0] * native[1] * ratio)
    sides = [max(SIDE_STEP, SIDE_STEP * round(side / SIDE_STEP)) for side in (width, width / ratio)]
    if sides[0] > RATIO_MAX * sides[1]:
        sides[0] = int(RATIO_MAX * sides[1])
    if sides[1] > RATIO_MAX * sides[0]:
        sides[1] = int(RATIO_MAX * sides[0])
    return sides[0], sides[1]


def middle(pixels: Rgb | Alpha, ratio: float) -> tuple[float, float, float, float]:
    """The largest middle part with the given ratio: (left, top, right, bottom)."""
    height, width = pixels.shape[:2]
    wide = min(width, height * ratio)
    high = min(height, width / ratio)
    left, top = (width - wide) / 2, (height - high) / 2
    return left, top, left + wide, top + high


def prepare_source(source: Rgb, frame: Frame) -> Rgb:
    """The middle of a source with the proportions of the result, on the model's grid."""
    box = middle(source, frame.width / frame.height)
    return _resize(source, frame.native_width, frame.native_height, box)


def scale_kept(source: Rgb, alpha: Alpha, frame: Frame) -> tuple[Rgb, Alpha]:
    """A source and its mask at the size of the result. source and alpha: of one size."""
    box = middle(source, frame.width / frame.height)
    size = (frame.width, frame.height)
    mask = Image.fromarray(alpha).resize(size, Image.Resampling.BILINEAR, box)
    return _resize(source, *size, box), np.array(mask)


def keep_masked(drawn: Rgb, source: Rgb, alpha: Alpha) -> Rgb:
    """`drawn`, with the source's own pixels wherever its mask is opaque.

    Where the mask is opaque the source is kept exactly; the border is a soft one, `FEATHER_PX`
    wide, on the transparent side. All three are of the final size (see `scale_kept`).
    """
    grown = Image.fromarray(alpha).filter(ImageFilter.MaxFilter(FEATHER_PX + 1))
    keep = grown.filter(ImageFilter.BoxBlur(FEATHER_PX // 2))
    return np.array(Image.composite(Image.fromarray(source), Image.fromarray(drawn), keep))


def _resize(
    pixels: Rgb, width: int, height: int, box: tuple[float, float, float, float] | None
) -> Rgb:
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels)
    return np.array(image.resize((width, height), Image.Resampling.LANCZOS, box))
