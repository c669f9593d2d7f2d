"""Hand-drawn animation: clear light, one soft shadow, a gentle outline in the part's own hue."""

from __future__ import annotations

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
from smalti.train.world.paint.palette import Floats
from smalti.train.world.paint.shapes import Form

_SHADOW = np.array((0.70, 0.74, 0.90), dtype=np.float32)
"""Shadows of a blue sky take more red than blue."""
_CLOUD_SHADOW = np.array((0.78, 0.85, 0.97), dtype=np.float32)


def _part(mask: Floats, colour: Floats, form: Form) -> Layer:
    if form == "line":
        return shaded(colour, np.ones_like(mask)), mask
    if form == "cloud":
        dark = soften(lee(mask, 4, 15), 2.2) + 0.35 * soften(lee(mask, 1, 7), 1.0)
        dark = np.clip(dark * np.linspace(0, 1.1, len(mask), dtype=np.float32)[:, None], 0, 1)
        rgb = colour * (1 - dark[..., None] * (1 - _CLOUD_SHADOW))
        return np.asarray(rgb, dtype=np.float32), np.clip(soften(mask, 0.5), 0, 1)
    reach = 5.0 if form == "round" else 2.5
    dark = soften(lee(mask, reach, reach * 1.1), 0.9)
    light = soften(lee(mask[::-1, ::-1], reach * 0.7, reach * 0.9), 0.9)[::-1, ::-1]
    rgb = colour * (1 - dark[..., None] * (1 - _SHADOW))
    rgb += (255 - rgb) * (0.34 * light)[..., None]
    line = np.clip(1.7 - depth(mask), 0, 1)[..., None]
    rgb += (colour * (0.50, 0.46, 0.54) - rgb) * line * 0.85
    return np.asarray(rgb, dtype=np.float32), mask


PASTEL = Finish(
    part=_part,
    sky=stretched,
    rim=np.array((0.80, 0.82, 0.86), dtype=np.float32),
    brush=1.6,
    fade=0.42,
    grain=0.03,
    ground=0.95,
    shadow=0.42,
    bare=0.10,
)
