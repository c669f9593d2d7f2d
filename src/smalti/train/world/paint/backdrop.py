"""What closes the view: hills, mountains, a forest or the sea."""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np

from smalti.models.mini.layout import SEA_ROWS
from smalti.train.world.paint.finish import shrunk
from smalti.train.world.paint.palette import Bytes, Floats, colour, mix, sky_stops
from smalti.train.world.paint.shapes import polygon
from smalti.train.world.paint.sky import light_of
from smalti.train.world.paint.sprites import FINISHES, Sprite, sprite_of
from smalti.train.world.scene import TILE_PX, Scene

_BAND_PX = 4 * TILE_PX
"""Nothing of a backdrop rises higher above the horizon."""


def draw_backdrop(picture: Bytes, scene: Scene) -> None:
    """Draw the backdrop of a scene, from the band above the horizon down to the ground."""
    horizon = scene.horizon * TILE_PX
    band = picture[max(0, horizon - _BAND_PX) : horizon]
    if scene.background == "hills":
        _draw_hills(band, scene)
    elif scene.background == "mountains":
        _draw_mountains(band, scene)
    elif scene.background == "forest":
        _draw_forest(band, scene)
    elif scene.background == "sea":
        _draw_sea(picture[horizon : horizon + SEA_ROWS * TILE_PX], scene)


def _draw_hills(band: Bytes, scene: Scene) -> None:
    draw = scene.stream("hills")
    width = band.shape[1]
    x = np.arange(width, dtype=np.float32)
    for material, low, high in (("hill_far", 26, 46), ("hill", 10, 26)):
        crest = np.full(width, 6, dtype=np.float32)
        for centre in range(0, width + 64, 96):
            middle = centre + 16 * int(draw.integers(-2, 3))
            top = low + (high - low) * int(draw.integers(0, 4)) / 3
            crest = np.maximum(crest, top * np.exp(-(((x - middle) / 52) ** 2)))
        crest = cv2.GaussianBlur(crest[None], (0, 0), 5)[0]
        _draw_ridge(band, crest, colour(material, scene.style, scene.time), scene)


def _draw_ridge(band: Bytes, crest: Floats, base: Floats, scene: Scene) -> None:
    """Fill below a crest (heights [w] in px above the band's foot), fading towards its foot."""
    finish = FINISHES[scene.style]
    height = band.shape[0]
    y = np.arange(height, dtype=np.float32)[:, None]
    below = y - (height - crest)
    cover = np.clip(below + 0.5, 0, 1)[..., None]
    foot = mix(base, sky_stops(scene.style, scene.time, scene.weather)[2], finish.fade)
    fall = np.clip(below / 40, 0, 1)[..., None]
    rgb = base + (foot - base) * fall
    swell = 0.7 + 0.3 * np.sin(np.arange(band.shape[1], dtype=np.float32) / 11)
    line = np.clip(finish.brush * swell - below, 0, 1)[..., None]
    rgb *= 1 + (finish.rim - 1) * line
    band[...] = band * (1 - cover) + np.minimum(rgb, 255) * cover + 0.499


def _draw_mountains(band: Bytes, scene: Scene) -> None:
    draw = scene.stream("mountains")
    width = band.shape[1]
    count = max(3, width // 72)
    step = width / count
    tops = [26 + 12 * int(draw.integers(0, 4)) for _ in range(count)]
    places = [int(step * (i + 0.5)) + 16 * int(draw.integers(-1, 2)) for i in range(count)]
    order = sorted(range(count), key=lambda i: -tops[i])
    for i in order:
        peak = _peak(tops[i], scene.style, scene.time, scene.weather)
        peak.lay(band, band.shape[0] - peak.paint.shape[0], places[i] - peak.paint.shape[1] // 2)


@lru_cache(maxsize=1024)
def _peak(top: int, style: str, time: str, weather: str) -> Sprite:
    """A peak of `top` px, lit from the left, its cap of snow cut in a zigzag."""
    half = top * 1.15
    high, wide = top + 2, 2 * int(half) + 4
    middle, scale = wide / 2, 4
    cap = top * 0.42
    zigzag = [(middle - half * 0.42, cap), (middle - half * 0.26, cap * 0.82),
              (middle - half * 0.12, cap * 1.16), (middle + half * 0.02, cap * 0.84),
              (middle + half * 0.16, cap * 1.22), (middle + half * 0.27, cap * 0.86),
              (middle + half * 0.42, cap)]  # fmt: skip
    outline = polygon((middle, 1), (middle + half, high), (middle - half, high))
    ridge = [(middle, 1), (middle + half * 0.1, top * 0.3), (middle - half * 0.06, top * 0.6),
             (middle + half * 0.12, high)]  # fmt: skip
    areas = (
        ("rock", outline),
        ("rock_shade", polygon(*ridge, (middle + half, high))),
        ("ice", polygon((middle, 1), *reversed(zigzag))),
        ("ice_shade", polygon((middle, 1), (middle + half * 0.06, cap * 0.9), *zigzag[4:])),
    )
    finish = FINISHES[style]
    rgb = np.zeros((high * scale, wide * scale, 3), dtype=np.float32)
    mask = np.zeros(rgb.shape[:2], dtype=np.float32)
    cv2.fillPoly(mask, [(outline * scale).astype(np.int32)], 1.0)
    for material, points in areas:
        paint = tuple(float(v) for v in colour(material, style, time))
        cv2.fillPoly(rgb, [(points * scale).astype(np.int32)], paint)
    rim = tuple(float(v) for v in colour("rock_shade", style, time) * finish.rim)
    if min(finish.rim) < 0.9:
        thick = round(4 * finish.brush)
        cv2.polylines(rgb, [(outline * scale).astype(np.int32)], True, rim, thick)
    cover = shrunk(mask, high, wide)
    small = shrunk(rgb, high, wide) / np.maximum(cover, 0.05)[..., None]
    foot = sky_stops(style, time, weather)[2]
    fall = np.clip((np.arange(high, dtype=np.float32) - cap) / (high - cap), 0, 1)
    small += (foot - small) * (fall * np.float32(finish.fade))[:, None, None]
    return sprite_of(np.clip(small, 0, 255).astype(np.float32), cover)


def _draw_forest(band: Bytes, scene: Scene) -> None:
    draw = scene.stream("forest")
    width = band.shape[1]
    for material, offset, low in (("forest_far", -8, 36), ("forest", 0, 24)):
        sizes = draw.integers(0, 3, width // TILE_PX + 1)
        for i, size in enumerate(sizes):
            fir = _fir(low + 6 * int(size), material, scene.style, scene.time)
            fir.lay(band, band.shape[0] - fir.paint.shape[0], offset + i * TILE_PX - 4)


@cache
def _fir(height: int, material: str, style: str, time: str) -> Sprite:
    """A fir of the horizon, 24 px wide: a tile and what it shares with its neighbours."""
    scale, wide = 4, 24
    points = polygon((12, 0), (16, height * 0.3), (14.5, height * 0.3), (19, height * 0.6),
                     (17, height * 0.6), (24, height), (0, height), (7, height * 0.6),
                     (5, height * 0.6), (9.5, height * 0.3), (8, height * 0.3))  # fmt: skip
    mask = np.zeros((height * scale, wide * scale), dtype=np.float32)
    cv2.fillPoly(mask, [(points * scale).astype(np.int32)], 1.0)
    line = mask - cv2.erode(mask, np.ones((7, 7), dtype=np.uint8))
    finish = FINISHES[style]
    base = colour(material, style, time)
    rim = (finish.rim + 1) / 2 - 1
    rgb = base * (1 + rim * line[..., None])
    rgb[:, wide * scale // 2 :] *= np.float32(0.88)
    small, cover = shrunk(rgb, height, wide), shrunk(mask, height, wide)
    fade = np.float32(finish.fade * 0.7) * np.linspace(0, 1, height, dtype=np.float32)
    small += (sky_stops(style, time, "clear")[2] - small) * fade[:, None, None]
    return sprite_of(np.clip(small, 0, 255).astype(np.float32), cover)


def _draw_sea(water: Bytes, scene: Scene) -> None:
    width = water.shape[1]
    water[...] = _sea(scene.style, scene.time, scene.weather, width)
    if scene.sky_place is not None and scene.sky_body != "none":
        glitter = _glitter(tuple(float(v) for v in light_of(scene)))
        glitter.lay(water, 0, scene.sky_place[1] * TILE_PX - TILE_PX // 2)


@cache
def _sea(style: str, time: str, weather: str, width: int) -> Bytes:
    """The sea [48, width, 3]: darker towards the shore, waves of period 32 px."""
    finish = FINISHES[style]
    high = SEA_ROWS * TILE_PX
    sky = sky_stops(style, time, weather)
    far = mix(colour("sea_far", style, time), sky[1], 0.5)
    near = mix(colour("sea", style, time), sky[0], 0.4)
    at = np.linspace(0, 1, high, dtype=np.float32)
    if finish.flat:
        at = (np.arange(high) // TILE_PX / 2).astype(np.float32)
    rgb = (far + (near - far) * at[:, None])[:, None].repeat(width, axis=1)
    waves = np.zeros((high * 4, 32 * 4), dtype=np.float32)
    for y, x, half in ((4, 8, 5), (10, 24, 6), (17, 9, 6), (25, 23, 7), (34, 9, 8), (41, 23, 8)):
        cv2.ellipse(waves, (x * 4, y * 4), (half * 4, 4 + y // 10), 0, 0, 360, 1.0, -1)
    crest = shrunk(waves, high, 32)
    crest = np.tile(crest, (1, -(-width // 32)))[:, :width, None]
    rgb += ((255 if finish.wave > 0 else 0) - rgb) * crest * abs(finish.wave)
    rgb[-3:] += (255 - rgb[-3:]) * 0.55
    return (rgb + 0.5).astype(np.uint8)


@cache
def _glitter(light: tuple[float, float, float]) -> Sprite:
    """The path of light on the sea [48, 48] under a sun or moon."""
    high = SEA_ROWS * TILE_PX
    y, x = np.indices((high, 48), dtype=np.float32)
    half = 6 + 12 * y / high + 3 * np.sin(y * 2.1)
    cover = np.clip(half - np.abs(x - 23.5), 0, 1) * (0.45 + 0.35 * (y % 8 < 4))
    cover[-3:] = 0
    rgb = np.broadcast_to(np.array(light, dtype=np.float32), (high, 48, 3))
    return sprite_of(rgb, np.asarray(cover, dtype=np.float32))
