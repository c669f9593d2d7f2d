"""Colours of materials and skies, and what style and time of day make of them.

Colours are float32 RGB in 0..255. A material is painted by one colour; the finish of a style then
shades it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
RGB = tuple[int, int, int]

MATERIALS: dict[str, RGB] = {
    "wall_red": (206, 66, 58),
    "wall_blue": (66, 116, 200),
    "wall_yellow": (242, 198, 72),
    "wall_white": (246, 242, 232),
    "roof_brown": (134, 80, 48),
    "roof_grey": (116, 120, 132),
    "roof_green": (62, 132, 88),
    "brick": (158, 84, 66),
    "door": (98, 62, 42),
    "pane": (158, 204, 228),
    "frame": (250, 246, 236),
    "trunk": (112, 76, 50),
    "leaf": (92, 160, 66),
    "leaf_light": (132, 192, 86),
    "needle": (36, 102, 78),
    "needle_light": (56, 128, 92),
    "petal": (246, 158, 188),
    "petal_light": (255, 198, 216),
    "coat_red": (214, 52, 50),
    "coat_blue": (48, 98, 208),
    "coat_yellow": (248, 200, 44),
    "skin": (244, 200, 164),
    "hat": (92, 60, 46),
    "scarf": (248, 240, 224),
    "boot": (58, 44, 42),
    "cat": (44, 40, 50),
    "cat_eye": (250, 216, 84),
    "wool": (250, 246, 236),
    "sheep_face": (66, 56, 60),
    "fox": (236, 118, 38),
    "fox_white": (255, 242, 224),
    "fox_sock": (70, 44, 38),
    "eye": (26, 22, 24),
    "hull_wood": (158, 96, 56),
    "sail": (255, 252, 244),
    "sail_shade": (232, 226, 214),
    "pennant": (216, 58, 52),
    "hull_dark": (52, 58, 78),
    "hull_red": (196, 62, 54),
    "cabin": (248, 244, 234),
    "funnel": (222, 76, 50),
    "soot": (44, 42, 48),
    "smoke": (212, 212, 216),
    "board": (248, 228, 186),
    "post": (120, 80, 50),
    "hill": (118, 166, 104),
    "hill_far": (150, 184, 172),
    "rock": (128, 140, 166),
    "rock_shade": (92, 102, 134),
    "ice": (250, 252, 255),
    "ice_shade": (196, 212, 238),
    "forest": (44, 92, 74),
    "forest_far": (94, 136, 122),
    "sea": (52, 128, 178),
    "sea_far": (118, 182, 212),
    "grass": (112, 172, 72),
    "sand": (242, 220, 174),
    "snow": (240, 244, 250),
    "wheat": (230, 178, 62),
}

SKIES: dict[str, dict[str, tuple[RGB, RGB, RGB]]] = {
    "photo": {
        "dawn": ((142, 148, 196), (222, 186, 206), (252, 220, 206)),
        "day": ((58, 126, 206), (122, 182, 232), (206, 230, 244)),
        "sunset": ((84, 58, 118), (226, 106, 82), (255, 190, 96)),
        "night": ((10, 16, 44), (20, 34, 78), (46, 64, 112)),
    },
    "pastel": {
        "dawn": ((176, 172, 226), (246, 198, 214), (208, 238, 220)),
        "day": ((64, 158, 240), (128, 208, 250), (222, 248, 244)),
        "sunset": ((136, 90, 168), (250, 138, 110), (255, 214, 128)),
        "night": ((28, 34, 88), (48, 64, 132), (90, 108, 172)),
    },
    "mosaic": {
        "dawn": ((150, 130, 206), (240, 164, 196), (170, 228, 208)),
        "day": ((22, 92, 196), (44, 146, 222), (134, 210, 236)),
        "sunset": ((98, 36, 128), (232, 84, 52), (255, 192, 56)),
        "night": ((10, 14, 62), (20, 36, 106), (40, 72, 146)),
    },
    "ink": {
        "dawn": ((196, 172, 208), (242, 200, 206), (240, 238, 220)),
        "day": ((184, 198, 200), (238, 232, 212), (250, 242, 220)),
        "sunset": ((196, 112, 96), (240, 170, 112), (252, 226, 176)),
        "night": ((34, 42, 74), (58, 70, 104), (112, 118, 136)),
    },
    "poster": {
        "dawn": ((178, 150, 214), (250, 178, 196), (176, 228, 208)),
        "day": ((38, 134, 206), (92, 184, 226), (180, 226, 236)),
        "sunset": ((118, 44, 118), (238, 88, 62), (255, 182, 64)),
        "night": ((16, 22, 66), (32, 46, 106), (56, 76, 146)),
    },
}  # fmt: skip
"""Top, middle and horizon of a clear sky."""

_LIGHT: dict[str, tuple[float, tuple[float, float, float], RGB]] = {
    "dawn": (0.90, (0.90, 0.86, 0.90), (22, 15, 27)),
    "day": (1.0, (1.0, 1.0, 1.0), (0, 0, 0)),
    "sunset": (1.0, (0.97, 0.80, 0.70), (14, 0, 10)),
    "night": (1.12, (0.52, 0.53, 0.64), (0, 4, 24)),
}
"""Per time: saturation, gain and lift of daylight colours."""

_PIGMENT: dict[str, tuple[float, float, RGB]] = {
    "photo": (0.86, 0.08, (60, 60, 64)),
    "pastel": (1.14, 0.15, (255, 252, 244)),
    "mosaic": (1.28, 0.0, (0, 0, 0)),
    "ink": (0.74, 0.10, (232, 220, 194)),
    "poster": (1.22, 0.0, (0, 0, 0)),
}
"""Per style: saturation, then how much of which colour is mixed in."""

_LIT = {"lamp": (255, 212, 112), "cat_eye": (250, 216, 84), "star": (255, 250, 226)}
"""Materials that shine by themselves."""


def saturate(rgb: Floats, amount: float) -> Floats:
    """Scale the distance of colours [..., 3] from their grey."""
    grey = rgb @ np.array([0.3, 0.59, 0.11], dtype=np.float32)
    return np.clip(grey[..., None] + (rgb - grey[..., None]) * amount, 0, 255).astype(np.float32)


def mix(a: Floats, b: Floats, share: float) -> Floats:
    """share = 0 gives a, 1 gives b."""
    return np.asarray(a + (b - a) * np.float32(share), dtype=np.float32)


def floats(rgb: RGB) -> Floats:
    return np.array(rgb, dtype=np.float32)


@cache
def colour(material: str, style: str, time: str) -> Floats:
    """The colour of a material in a style at a time of day. Do not write into it."""
    if material in _LIT:
        return floats(_LIT[material])
    if material == "window":
        return colour("lamp" if time == "night" else "pane", style, time)
    if material in ("cloud", "cloud_dark"):
        return _cloud(material, style, time)
    saturation, share, into = _PIGMENT[style]
    rgb = mix(saturate(floats(MATERIALS[material]), saturation), floats(into), share)
    saturation, gain, lift = _LIGHT[time]
    lit = saturate(rgb, saturation) * floats((1, 1, 1)) * np.array(gain, np.float32) + floats(lift)
    return np.asarray(np.clip(lit, 0, 255), dtype=np.float32)


_CLOUDS: dict[str, RGB] = {
    "dawn": (255, 232, 232),
    "day": (255, 255, 252),
    "sunset": (255, 196, 158),
    "night": (96, 110, 162),
}


def _cloud(material: str, style: str, time: str) -> Floats:
    rgb = floats(_CLOUDS[time])
    if material == "cloud_dark":
        rgb = mix(saturate(rgb, 0.5), floats((52, 58, 76)), 0.5)
    if style == "ink":
        rgb = mix(rgb, floats(SKIES["ink"][time][1]), 0.25)
    return rgb


@cache
def sky_stops(style: str, time: str, weather: str) -> Floats:
    """Colours [3, 3] of the top, the middle and the horizon of the sky."""
    stops = np.array(SKIES[style][time], dtype=np.float32)
    grey, share, saturation = {
        "clear": ((0, 0, 0), 0.0, 1.0),
        "cloudy": ((196, 200, 208), 0.28, 0.85),
        "rain": ((84, 92, 108), 0.5, 0.7),
        "snow": ((208, 214, 226), 0.30, 0.85),
    }[weather]
    target = floats(grey) * np.float32({"night": 0.42, "sunset": 0.85}.get(time, 1.0))
    return mix(saturate(stops, saturation), target, share)
