"""Screen print: few flat colours, crisp edges, each thing half in the light and half in shade."""

from __future__ import annotations

import numpy as np

from smalti.train.world.paint.finish import SCALE, Finish, Layer, lee, shaded
from smalti.train.world.paint.palette import Bytes, Floats
from smalti.train.world.paint.shapes import Form

_BANDS = 5


def _part(mask: Floats, colour: Floats, form: Form) -> Layer:
    factor = np.ones_like(mask)
    if form == "cloud":
        factor = 1 - 0.14 * (lee(mask, 3, 12) > 0.5).astype(np.float32)
    elif form == "round":
        reach = min(mask.shape) / (6 * SCALE)
        factor = 1 - 0.22 * (lee(mask, reach, reach) > 0.5).astype(np.float32)
    elif form == "flat":
        y, x = np.indices(mask.shape, dtype=np.float32)
        line = x - 0.35 * y - 0.5 * mask.shape[1] + 0.175 * mask.shape[0]
        factor = (1 - 0.24 * (line > 0)).astype(np.float32)
    return shaded(colour, factor), mask


def _sky(gradient: Floats, width: int) -> Bytes:
    """Flat rings of colour around the middle of the horizon."""
    height = len(gradient)
    y, x = np.indices((height, width), dtype=np.float32)
    radius = np.hypot((x - width / 2) * np.float32(0.75), y - height - 8) / (height + 24)
    ring = np.clip((radius * _BANDS).astype(np.int32), 0, _BANDS - 1)
    inks = gradient[[int((_BANDS - 0.5 - i) * (height - 1) / _BANDS) for i in range(_BANDS)]]
    return np.asarray((inks + 0.5).astype(np.uint8)[ring])


POSTER = Finish(
    part=_part,
    sky=_sky,
    rim=np.array((1.0, 1.0, 1.0), dtype=np.float32),
    brush=1.0,
    fade=0.0,
    grain=0.0,
    ground=1.2,
    shadow=0.45,
    flat=True,
)
