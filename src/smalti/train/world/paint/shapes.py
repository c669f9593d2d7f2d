"""The shape of every thing: a list of parts, each a material and polygons, in pixels.

A shape lies inside its footprint (16 px a tile), origin at the top left, and is the same in every
style and at every time; finishes give it paint, `palette` gives it colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from smalti.models.mini.layout import FOOTPRINTS
from smalti.train.world.paint.palette import Floats

Form = Literal["round", "flat", "line", "cloud", "shadow"]
"""How a part takes light: as a ball, a board, a mere mark, a cloud, or not at all."""


@dataclass(frozen=True)
class Part:
    """The union of polygons [n, 2] of (x, y) in pixels, in one material."""

    material: str
    polygons: tuple[Floats, ...]
    form: Form = "flat"


@dataclass(frozen=True)
class Shape:
    """Parts from back to front, on `height` x `width` pixels."""

    height: int
    width: int
    parts: tuple[Part, ...]


def polygon(*points: tuple[float, float]) -> Floats:
    return np.array(points, dtype=np.float32)


def box(x0: float, y0: float, x1: float, y1: float) -> Floats:
    return polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def oval(x: float, y: float, rx: float, ry: float | None = None) -> Floats:
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    ry = rx if ry is None else ry
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1).astype(np.float32)


def trail(*stations: tuple[float, float, float]) -> tuple[Floats, ...]:
    """A limb: discs (x, y, radius) swept smoothly from station to station."""
    at = np.arange(len(stations))
    fine = np.linspace(0, len(stations) - 1, 8 * len(stations))
    x, y, r = (np.interp(fine, at, [s[i] for s in stations]) for i in range(3))
    return tuple(oval(float(a), float(b), float(c)) for a, b, c in zip(x, y, r, strict=True))


def _shadow(x: float, y: float, rx: float, ry: float) -> Part:
    return Part("shadow", (oval(x, y, rx, ry),), "shadow")


def _house(wall: str, roof: str) -> list[Part]:
    windows = ((12, 41, 23, 52), (41, 41, 52, 52))
    parts = [
        _shadow(33, 61, 30, 2.8),
        Part("brick", (box(43, 5, 51, 22), box(42, 4, 52, 8))),
        Part(f"wall_{wall}", (box(7, 28, 57, 62),)),
        Part("shadow", (box(7, 32, 57, 37),), "shadow"),
        Part(f"roof_{roof}", (polygon((1, 34), (14, 11), (50, 11), (63, 34)),)),
        Part("shadow", tuple(box(3 + i, 26.5 - 8 * k, 61 - i, 28 - 8 * k)
                             for k, i in ((0, 2), (1, 6))), "line"),
        Part("door", (box(27, 42, 37, 62), oval(32, 42, 5, 4))),
        Part("cat_eye", (oval(35, 53, 1.1),), "line"),
    ]  # fmt: skip
    for x0, y0, x1, y1 in windows:
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        parts += [
            Part("frame", (box(x0 - 1.5, y0 - 1.5, x1 + 1.5, y1 + 1.5),)),
            Part("window", (box(x0, y0, x1, y1),), "line"),
            Part("frame", (box(x - 0.7, y0, x + 0.7, y1), box(x0, y - 0.7, x1, y + 0.7)), "line"),
        ]
    return parts


def _round_tree() -> list[Part]:
    return [
        _shadow(25, 61, 17, 2.8),
        Part("trunk", (*trail((24, 61, 4.5), (24, 50, 3.4), (24, 34, 3)),
                       *trail((24, 46, 2), (33, 36, 1.6))), "round"),
        Part("leaf", (oval(13, 28, 11.5), oval(35, 28, 11.5), oval(24, 16, 14.5),
                      oval(24, 32, 14, 10)), "round"),
        Part("leaf_light", (oval(19, 12, 7, 5), oval(11, 24, 5.5, 4), oval(31, 23, 5.5, 4)),
             "line"),
    ]  # fmt: skip


def _pine() -> list[Part]:
    def tier(top: float, bottom: float, half: float) -> Floats:
        return polygon((24, top), (24 + half * 0.55, bottom - 7), (24 + half, bottom),
                       (24 + half * 0.4, bottom - 1.5), (24, bottom + 1),
                       (24 - half * 0.4, bottom - 1.5), (24 - half, bottom),
                       (24 - half * 0.55, bottom - 7))  # fmt: skip

    return [
        _shadow(25, 61, 16, 2.6),
        Part("trunk", (box(20.5, 48, 27.5, 61.5),)),
        Part("needle", (tier(24, 54, 21.5),)),
        Part("needle", (tier(12, 39, 16.5),)),
        Part("needle_light", (tier(1, 24, 11.5),)),
    ]


def _blossom() -> list[Part]:
    dots = ((12, 22), (20, 12), (31, 13), (37, 25), (25, 25), (17, 32), (31, 34))
    return [
        _shadow(25, 61, 18, 2.8),
        Part("trunk", (*trail((21, 61, 5), (24, 50, 3.4), (22, 38, 2.6), (14, 28, 1.6)),
                       *trail((24, 48, 2.6), (32, 38, 2), (36, 28, 1.4))), "round"),
        Part("petal", (oval(11.5, 27, 10.5, 9.5), oval(36.5, 27, 10.5, 9.5), oval(17, 15, 11.5),
                       oval(31, 15, 11.5), oval(24, 28, 13, 10)), "round"),
        Part("petal_light", tuple(oval(x, y, 2.6) for x, y in dots), "line"),
    ]  # fmt: skip


def _figure(coat: str) -> list[Part]:
    return [
        _shadow(17, 46, 12, 1.9),
        Part("boot", (box(10, 38, 15, 46.5), box(17, 38, 22, 46.5), box(9, 43.5, 15, 46.5),
                      box(17, 43.5, 23, 46.5))),
        Part(f"coat_{coat}", (*trail((10, 22, 3.5), (5, 33, 2.8)),
                              *trail((22, 22, 3.5), (27, 33, 2.8)))),
        Part("skin", (oval(4.6, 35.6, 2.3), oval(27.4, 35.6, 2.3)), "line"),
        Part(f"coat_{coat}", (polygon((9, 19), (23, 19), (28, 40.5), (4, 40.5)),)),
        Part("scarf", (*trail((10, 19.5, 2.4), (22, 19.5, 2.4)), box(18, 19, 22.5, 28))),
        Part("skin", (oval(16, 11.5, 7.2),)),
        Part("hat", (oval(16, 7.6, 11.5, 2.4), oval(16, 5, 6.6, 4.4))),
        Part("eye", (oval(13.3, 12.6, 1.1), oval(18.7, 12.6, 1.1)), "line"),
    ]  # fmt: skip


def _cat() -> list[Part]:
    return [
        _shadow(24, 29.5, 19, 2.2),
        Part("cat", trail((28, 27, 3), (37, 27.5, 3), (43, 23, 2.8), (43, 15, 2.4), (39, 11, 2.2)),
             "round"),
        Part("cat", (oval(24, 23, 9.5, 8), oval(20, 19, 7, 7), box(13.5, 20, 18.5, 30.5),
                     box(20, 24, 25, 30.5)), "round"),
        Part("cat", (oval(16, 11.5, 9, 7.4), polygon((7.4, 12), (7, 1), (14.5, 6)),
                     polygon((24.6, 12), (25, 1), (17.5, 6))), "round"),
        Part("cat_eye", (oval(12.4, 11, 2, 2.3), oval(19.6, 11, 2, 2.3)), "line"),
        Part("eye", (oval(12.4, 11, 0.8, 1.9), oval(19.6, 11, 0.8, 1.9)), "line"),
        Part("petal", (oval(16, 14.4, 1.2, 0.9),), "line"),
    ]  # fmt: skip


def _sheep() -> list[Part]:
    return [
        _shadow(24, 29.5, 19, 2.2),
        Part("sheep_face", tuple(box(x, 22, x + 3.6, 30.5) for x in (14, 20, 30, 36))),
        Part("wool", (oval(16, 14, 8), oval(24, 10.5, 8.5), oval(33, 11, 8.5), oval(38.5, 16.5, 7),
                      oval(33, 19, 8), oval(22, 19.5, 8), oval(14, 18.5, 6.5)), "round"),
        Part("sheep_face", (oval(8.5, 14, 6.3, 7.6), oval(15, 11, 3.4, 1.9)), "round"),
        Part("wool", (oval(9.5, 6.6, 5.4, 3.4),)),
        Part("scarf", (oval(6.4, 13.4, 1.5),), "line"),
        Part("eye", (oval(6.1, 13.6, 0.8),), "line"),
    ]  # fmt: skip


def _fox() -> list[Part]:
    return [
        _shadow(24, 29.5, 19, 2.2),
        Part("fox", trail((30, 19, 3), (36, 17, 4.6), (41, 11.5, 5.2), (43, 6, 3)), "round"),
        Part("fox_white", (oval(43.2, 5.2, 3.2, 3.8),), "line"),
        Part("fox_sock", tuple(box(x, 23, x + 3.5, 30.5) for x in (15, 20.5, 29.5))),
        Part("fox", (oval(24, 19.5, 11, 5.6), oval(16.5, 19, 6, 6.2), oval(31, 20.5, 5, 5.6)),
             "round"),
        Part("fox_white", (oval(14.2, 21.4, 3, 4.2),), "line"),
        Part("fox", (polygon((3.2, 3.5), (10, 6), (17, 1.5), (19.5, 9), (16.5, 16), (8.5, 18.8),
                             (1.5, 16.6), (4.4, 11)),)),
        Part("fox_white", (polygon((1.5, 16.6), (8, 13.2), (16.5, 14), (15, 17), (8.5, 18.8)),),
             "line"),
        Part("eye", (oval(8, 10.6, 1.3), oval(14, 10.2, 1.3), oval(2.4, 16.4, 1.5)), "line"),
    ]  # fmt: skip


def _sailboat() -> list[Part]:
    return [
        Part("shadow", (oval(24, 45.5, 20, 1.9),), "shadow"),
        Part("hull_dark", (box(23.2, 1, 25, 37),), "line"),
        Part("sail", (polygon((25.6, 3), (34, 17), (43.5, 33.5), (25.6, 33.5)),)),
        Part("sail_shade", (polygon((22.6, 6), (22.6, 33.5), (6, 33.5), (15, 20)),)),
        Part("pennant", (polygon((25, 0.5), (34, 3), (25, 5.5)),), "line"),
        Part("hull_wood", (polygon((2, 36), (46, 36), (38.5, 45.5), (10, 45.5)),)),
        Part("sail", (box(4, 37, 44, 38.8),), "line"),
    ]


def _steamboat() -> list[Part]:
    return [
        Part("shadow", (oval(24, 45.5, 21, 1.9),), "shadow"),
        Part("smoke", (oval(30, 6, 4.2, 3.6), oval(37, 4.8, 5, 4), oval(43, 6, 4.2, 3.4)), "round"),
        Part("funnel", (polygon((21.5, 9), (29.5, 9), (30, 24), (21, 24)),)),
        Part("soot", (box(21, 8, 30, 12.5),), "line"),
        Part("cabin", (box(10, 22, 39, 34),)),
        Part("window", tuple(oval(x, 28, 2.5) for x in (16, 24.5, 33)), "line"),
        Part("hull_dark", (polygon((1, 32), (46.5, 32), (43, 45.5), (7, 45.5)),)),
        Part("hull_red", (polygon((5, 40.5), (44.6, 40.5), (43, 45.5), (7, 45.5)),), "line"),
    ]


_PARTS = {
    "round": _round_tree,
    "pine": _pine,
    "blossom": _blossom,
    "cat": _cat,
    "sheep": _sheep,
    "fox": _fox,
    "sailboat": _sailboat,
    "steamboat": _steamboat,
}


@cache
def shape(thing: str, value: str) -> Shape:
    """The shape of a thing; the value of a house is "wall roof"."""
    if thing == "house":
        parts = _house(*value.split())
    elif thing == "figure":
        parts = _figure(value)
    else:
        parts = _PARTS[value]()
    rows, columns = FOOTPRINTS[thing]
    return Shape(16 * rows, 16 * columns, tuple(parts))


CLOUDS = 3
"""Number of cloud shapes."""


@cache
def cloud_shape(kind: int, material: str) -> Shape:
    """A cumulus on 3 x 6 tiles (kinds 0 and 1) or 2 x 4 tiles (kind 2)."""
    puffs = (
        (oval(20, 33, 15, 10), oval(36, 22, 16), oval(56, 19, 17), oval(74, 30, 14, 12),
         oval(48, 36, 36, 9)),
        (oval(16, 34, 12, 8), oval(30, 28, 13), oval(48, 23, 15), oval(66, 21, 17),
         oval(80, 33, 12, 9), oval(48, 37, 38, 8)),
        (oval(14, 21, 10, 7), oval(27, 14, 11), oval(41, 15, 11), oval(51, 22, 9, 6),
         oval(32, 24, 24, 5)),
    )[kind]  # fmt: skip
    height, width = (32, 64) if kind == 2 else (48, 96)
    return Shape(height, width, (Part(material, puffs, "cloud"),))
