"""Rain and snow: patterns of period 32 px over the whole picture."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from smalti.train.world.paint.finish import shrunk
from smalti.train.world.paint.palette import Bytes, Floats

PERIOD_PX = 32
_SCALE = 4
_FLAKES = ((7, 6, 2.7), (24, 22, 2.2))
"""x, y and radius in pixels."""
_DROPS = ((10, 3), (26, 18))
"""x and y of the heads of streaks, which fall to the lower left."""
_LIGHT = {
    "rain": {"night": (150, 168, 206), "other": (226, 236, 248)},
    "snow": {"night": (214, 222, 244), "other": (255, 255, 255)},
}


def draw_weather(picture: Bytes, weather: str, time: str) -> None:
    """Draw what falls from the sky, in place."""
    if weather not in _LIGHT:
        return
    height, width = picture.shape[:2]
    paint, through = _veil(weather, time, height, width)
    picture[...] = cv2.add(cv2.multiply(picture, through, dtype=cv2.CV_32F), paint, dtype=cv2.CV_8U)


@lru_cache(maxsize=64)
def _veil(weather: str, time: str, height: int, width: int) -> tuple[Floats, Floats]:
    """Paint and what it lets through, both [height, width, 3]."""
    light = np.array(_LIGHT[weather]["night" if time == "night" else "other"], dtype=np.float32)
    cover = _streaks() * 0.55 if weather == "rain" else _flakes() * 0.92
    haze, share = np.array((92, 102, 120), dtype=np.float32), 0.20 if weather == "rain" else 0.0
    if time == "night":
        haze = haze * np.float32(0.45)
    repeats = (-(-height // PERIOD_PX), -(-width // PERIOD_PX))
    whole = np.tile(cover, repeats)[:height, :width, None]
    paint = light * whole + haze * share * (1 - whole)
    through = np.repeat((1 - whole) * (1 - share), 3, axis=2)
    return np.ascontiguousarray(paint, np.float32), np.ascontiguousarray(through, np.float32)


def _streaks() -> Floats:
    side = PERIOD_PX * _SCALE
    cover = np.zeros((3 * side, 3 * side), dtype=np.float32)
    for x, y in _DROPS:
        for dy in range(3):
            for dx in range(3):
                a = (x * _SCALE + dx * side, y * _SCALE + dy * side)
                cv2.line(cover, a, (a[0] - 4 * _SCALE, a[1] + 11 * _SCALE), 1.0, 2 * _SCALE - 1)
    return _middle(cover)


def _flakes() -> Floats:
    side = PERIOD_PX * _SCALE
    cover = np.zeros((3 * side, 3 * side), dtype=np.float32)
    for x, y, radius in _FLAKES:
        for dy in range(3):
            for dx in range(3):
                at = (x * _SCALE + dx * side, y * _SCALE + dy * side)
                cv2.circle(cover, at, round(radius * _SCALE), 1.0, -1)
    return _middle(cover)


def _middle(cover: Floats) -> Floats:
    side = PERIOD_PX * _SCALE
    middle = cover[side : 2 * side, side : 2 * side]
    return shrunk(middle, PERIOD_PX, PERIOD_PX)
