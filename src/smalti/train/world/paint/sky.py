"""The sky: gradient, stars, sun or moon, and clouds."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np

from smalti.train.world.paint.palette import Bytes, Floats, colour, floats, mix, sky_stops
from smalti.train.world.paint.shapes import CLOUDS, cloud_shape
from smalti.train.world.paint.sprites import FINISHES, Sprite, cloud, sprite_of
from smalti.train.world.scene import TILE_PX, Scene

_CLOUDS_SHOWN = {"clear": 2, "cloudy": 7, "rain": 6, "snow": 5}
_GLOW_PX = 56
"""Half the side of the square on which a sun or moon is drawn with its glow."""


def draw_sky(picture: Bytes, scene: Scene) -> None:
    """Draw all above the horizon but the backdrop."""
    height = scene.horizon * TILE_PX
    picture[:height] = _gradient(
        scene.style, scene.time, scene.weather, height, scene.columns * TILE_PX
    )
    above = picture[:height]
    if scene.time == "night":
        _draw_stars(above, scene)
    if scene.sky_place is not None and scene.sky_body != "none":
        top, left = (TILE_PX * n + TILE_PX - _GLOW_PX for n in scene.sky_place)
        _body(scene.sky_body, scene.style, scene.time).lay(above, top, left)
    _draw_clouds(above, scene)


@lru_cache(maxsize=512)
def _gradient(style: str, time: str, weather: str, height: int, width: int) -> Bytes:
    stops = sky_stops(style, time, weather)
    at = np.linspace(0, 1, height)
    rows = np.stack([np.interp(at, (0, 0.5, 1), stops[:, i]) for i in range(3)], axis=1)
    return FINISHES[style].sky(rows.astype(np.float32), width)


def _draw_stars(above: Bytes, scene: Scene) -> None:
    rows, columns = scene.horizon, scene.columns
    kinds = scene.stream("stars").random((rows, columns))
    for row in range(rows - 1):
        for column in range(columns):
            kind = kinds[row, column]
            if kind < 0.22:
                small = kind > 0.06
                _star(small).lay(above, row * TILE_PX, column * TILE_PX)


@cache
def _star(small: bool) -> Sprite:
    y, x = np.abs(np.indices((TILE_PX, TILE_PX), dtype=np.float32) - 7.5)
    if small:
        cover = np.clip(1.9 - np.hypot(x, y), 0, 1) * 0.8
    else:
        cover = np.clip(2.6 - np.hypot(x, y), 0, 1) + np.clip(1.4 - x * y, 0, 1) * (x + y < 7)
    light = np.broadcast_to(floats((255, 250, 226)), (TILE_PX, TILE_PX, 3))
    return sprite_of(light, np.clip(cover, 0, 1).astype(np.float32))


_DISCS = {
    "photo": {"dawn": (255, 240, 220), "day": (255, 250, 222), "sunset": (255, 226, 140)},
    "pastel": {"dawn": (255, 236, 190), "day": (255, 246, 178), "sunset": (255, 232, 120)},
    "mosaic": {"dawn": (255, 214, 120), "day": (255, 212, 62), "sunset": (255, 220, 84)},
    "ink": {"dawn": (226, 108, 92), "day": (214, 72, 52), "sunset": (204, 50, 40)},
    "poster": {"dawn": (255, 238, 190), "day": (255, 220, 70), "sunset": (255, 236, 140)},
}
_MOON = (252, 246, 216)


@cache
def _body(body: str, style: str, time: str) -> Sprite:
    """A sun or moon with its glow, its disc in the middle of a square of 2 * _GLOW_PX."""
    y, x = np.indices((2 * _GLOW_PX, 2 * _GLOW_PX), dtype=np.float32) - (_GLOW_PX - 0.5)
    far = np.hypot(x, y)
    disc = np.clip(13.5 - far, 0, 1)
    light = floats(_DISCS[style].get(time, (255, 240, 190)))
    if body == "moon":
        disc = disc * np.clip(np.hypot(x - 6.5, y + 4) - 10.5, 0, 1)
        light = floats(_MOON)
    if style == "poster":
        glow = 0.30 * (far < 27) + 0.15 * ((far >= 25) & (far < 38))
    elif style == "mosaic":
        rays = np.where(np.cos(np.arctan2(y, x) * 12) > 0, 0.85, 0.3) if body == "sun" else 0.2
        glow = rays * (far < 25)
    else:
        glow = np.exp(-np.maximum(far - 10, 0) / 11) * 0.55
        glow = glow * np.clip((_GLOW_PX - far) / 16, 0, 1)
    rgb = np.broadcast_to(light, (*far.shape, 3))
    return sprite_of(rgb, np.maximum(disc, np.asarray(glow, dtype=np.float32)))


def _draw_clouds(above: Bytes, scene: Scene) -> None:
    """The clouds of a scene: weather shows more or fewer of them, always in the same places."""
    draw = scene.stream("clouds")
    material = "cloud_dark" if scene.weather == "rain" else "cloud"
    spots = max(2, scene.columns // 4)
    order = draw.permutation(2 * spots)
    kinds = draw.integers(0, CLOUDS, 2 * spots)
    for i in range(min(_CLOUDS_SHOWN[scene.weather], len(order))):
        spot = int(order[i])
        kind = 2 if scene.weather == "clear" and i > 0 else int(kinds[spot])
        row = (spot // spots) * max(1, (scene.horizon - 3) // 2)
        column = (spot % spots) * 4 - 1
        if not _hides_body(scene, row, column, kind):
            cloud(kind, material, scene.style, scene.time).lay(
                above, row * TILE_PX, column * TILE_PX
            )


def _hides_body(scene: Scene, row: int, column: int, kind: int) -> bool:
    if scene.sky_place is None:
        return False
    whole = cloud_shape(kind, "cloud")
    high, wide = whole.height // TILE_PX, whole.width // TILE_PX
    r, c = scene.sky_place
    return row - 2 < r < row + high and column - 2 < c < column + wide


def light_of(scene: Scene) -> Floats:
    """The colour that the sky's body throws on water."""
    light = _MOON if scene.sky_body == "moon" else _DISCS[scene.style].get(scene.time, _MOON)
    return mix(floats(light), colour("cloud", scene.style, scene.time), 0.2)
