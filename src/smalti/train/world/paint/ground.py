"""The ground: a gradient towards the viewer under a pattern of period 32 px."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import SCALE, shrunk
from smalti.train.world.paint.palette import Bytes, Floats, colour, mix, sky_stops
from smalti.train.world.paint.sprites import FINISHES

PERIOD_PX = 32
_Stroke = tuple[tuple[float, float], tuple[float, float], float, float]
"""From (x, y), to (x, y), thickness in pixels, and tone: -1 dark to 3 white."""


def _strokes(ground: str) -> Sequence[_Stroke]:
    if ground == "grass":
        return [stroke for x, y in ((6, 10), (22, 26)) for stroke in (
            ((x, y), (x - 3, y - 6), 1.6, -0.75), ((x + 1, y), (x + 1, y - 8), 1.6, -0.75),
            ((x + 2, y), (x + 5, y - 6), 1.6, -0.75))] + [
            ((20, 8), (26, 8), 2.2, 0.5), ((4, 24), (10, 24), 2.2, 0.5),
            ((14, 17), (14, 17), 2.6, 2.8)]  # fmt: skip
    if ground == "wheat":
        found: list[_Stroke] = []
        for x, y in ((4, 15), (12, 15), (20, 15), (28, 15), (0, 31), (8, 31), (16, 31), (24, 31)):
            found += [((x, y), (x, y - 7), 1.4, -0.55), ((x, y - 8), (x + 1.5, y - 13), 3.4, 0.8),
                      ((x + 3.6, y), (x + 3.6, y - 12), 1.6, -0.45)]  # fmt: skip
        return found
    if ground == "sand":
        return [((2, 8), (9, 6), 1.8, -0.5), ((9, 6), (16, 8), 1.8, -0.5),
                ((18, 24), (25, 22), 1.8, -0.5), ((25, 22), (32, 24), 1.8, -0.5),
                ((2, 10), (9, 8), 1.5, 0.6), ((9, 8), (16, 10), 1.5, 0.6),
                ((18, 26), (25, 24), 1.5, 0.6), ((25, 24), (32, 26), 1.5, 0.6)]  # fmt: skip
    return [((4, 12), (14, 12), 2.2, -0.22), ((7, 14.2), (17, 14.2), 2.2, -0.22),
            ((20, 28), (30, 28), 2.2, -0.22), ((23, 30.2), (33, 30.2), 2.2, -0.22),
            ((26, 7), (26, 7), 2, 0.8), ((9, 23), (9, 23), 2, 0.8)]  # fmt: skip


@cache
def pattern(ground: str) -> Floats:
    """Tone [32, 32] in -1..3, periodic both ways."""
    side = PERIOD_PX * SCALE
    tone = np.zeros((3 * side, 3 * side), dtype=np.float32)
    for (x0, y0), (x1, y1), thick, strength in _strokes(ground):
        for dy in range(3):
            for dx in range(3):
                a = (round(x0 * SCALE) + dx * side, round(y0 * SCALE) + dy * side)
                b = (round(x1 * SCALE) + dx * side, round(y1 * SCALE) + dy * side)
                cv2.line(tone, a, b, strength, max(1, round(thick * SCALE)))
    middle = tone[side : 2 * side, side : 2 * side]
    return shrunk(middle, PERIOD_PX, PERIOD_PX)


@lru_cache(maxsize=512)
def ground_canvas(ground: str, style: str, time: str, height: int, width: int) -> Bytes:
    """The ground [height, width, 3], its first row being the far edge."""
    finish = FINISHES[style]
    sky = sky_stops(style, time, "clear")
    base = mix(colour(ground, style, time), finish.paper * (sky[2] / 255), finish.bare)
    base = base * np.float32(0.84 if time == "night" else 1.0)
    haze = mix(base, sky[2], 0.25 + 0.45 * finish.fade)
    near = colour(ground, style, time) * np.float32(0.72 if time == "night" else 0.86)
    at = np.linspace(0, 1, height, dtype=np.float32)
    if finish.flat:
        at = (np.arange(height) // 32 * 32 / height).astype(np.float32)
    rows = np.stack(
        [np.interp(at, (0, 0.3, 1), (haze[i], base[i], near[i])) for i in range(3)], axis=1
    ).astype(np.float32)
    repeats = (-(-height // PERIOD_PX), -(-width // PERIOD_PX))
    tone = np.tile(pattern(ground), repeats)[:height, :width] * np.float32(finish.ground)
    tone = tone * np.linspace(0.7, 1.15, height, dtype=np.float32)[:, None]
    y, x = np.indices((height, width), dtype=np.float32) * np.float32(np.pi / PERIOD_PX)
    mottle = np.sin(x + 2 * y) * np.cos(2 * x - y) + 0.6 * np.sin(3 * x + y + 1)
    grain = 1 + finish.grain * mottle[..., None]
    factor = grain + np.where(tone < 0, 0.34 * tone, 0.0)[..., None]
    rgb = rows[:, None] * factor
    rgb += (255 - rgb) * np.clip(tone, 0, 3)[..., None] * 0.30
    return np.asarray(np.clip(rgb + 0.5, 0, 255), dtype=np.uint8)
