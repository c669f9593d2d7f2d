"""Real photographs, and classic filters that turn them into each style: pairs for stylising."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from smalti.train.world.paint.finish import Finish
from smalti.train.world.paint.ink import INK
from smalti.train.world.paint.mosaic import MOSAIC, STONE_PX

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

SIDE_MAX_PX = 640
_SUFFIXES = {".jpg", ".jpeg", ".png"}
_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)
_PAPER = np.array((247, 241, 228), dtype=np.float32)
_INK = np.array((34, 32, 38), dtype=np.float32)
_WASH_LEVELS = 5
_POSTER_COLOURS = 7


@dataclass(frozen=True)
class Photo:
    """A photograph on disk, decoded when first looked at and then kept in memory."""

    path: Path

    @cached_property
    def pixels(self) -> Bytes:
        """uint8 RGB [height, width, 3], upright, no side longer than `SIDE_MAX_PX`."""
        with Image.open(self.path) as image:
            image.draft("RGB", (2 * SIDE_MAX_PX, 2 * SIDE_MAX_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX), Image.Resampling.BOX, reducing_gap=2.0)
        return np.asarray(upright, dtype=np.uint8)


def load_photos(folder: Path | str) -> list[Photo]:
    """The JPEG and PNG photographs directly in a folder, by name."""
    paths = sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in _SUFFIXES)
    return [Photo(path) for path in paths]


def crop(photo: Photo, rng: np.random.Generator, height: int, width: int) -> Bytes:
    """A random part of a photograph, at least 60 % of what fits, resized; half of them flipped."""
    pixels = photo.pixels
    fit = min(pixels.shape[0] / height, pixels.shape[1] / width)
    scale = fit * float(rng.uniform(0.6, 1.0))
    high, wide = max(1, int(height * scale)), max(1, int(width * scale))
    top = int(rng.integers(0, pixels.shape[0] - high + 1))
    left = int(rng.integers(0, pixels.shape[1] - wide + 1))
    part = pixels[top : top + high, left : left + wide]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    how = cv2.INTER_AREA if scale >= 1 else cv2.INTER_LINEAR
    return _bytes(cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=how))


def filtered(picture: Bytes, style: str, seed: int) -> Bytes:
    """A photograph in one of `layout.STYLES`: uint8 RGB of the same size, a new array.

    `seed` only matters to the poster, whose inks are found by k-means from random pixels.
    """
    return _FILTERS[style](picture, seed)


def _photo(picture: Bytes, seed: int) -> Bytes:
    return picture.copy()


def _pastel(picture: Bytes, seed: int) -> Bytes:
    """Smooth areas, lifted tones, violet shadows, and soft outlines in the area's own hue."""
    smooth = _smoothed(picture, rounds=3)
    rgb = _unit(smooth)
    luma = np.asarray(rgb @ _LUMA, dtype=np.float32)
    rgb = luma[..., None] + (rgb - luma[..., None]) * np.float32(1.32)
    rgb = np.power(np.clip(rgb, 0, 1), np.float32(0.70))
    shade = (1 - luma[..., None]) ** 2
    rgb = 0.12 + 0.86 * rgb + shade * np.array((0.03, 0.02, 0.09), dtype=np.float32)
    rgb = rgb + luma[..., None] ** 2 * np.array((0.02, 0.01, -0.03), dtype=np.float32)
    line = _outlines(luma, sigma=1.1, gain=20.0)[..., None]
    rgb = rgb * (1 - line * np.array((0.42, 0.46, 0.38), dtype=np.float32))
    return _from_unit(rgb)


def _mosaic(picture: Bytes, seed: int) -> Bytes:
    """One colour per stone of 8 px, richer and quantised like a palette of glass, and grout."""
    height, width = picture.shape[:2]
    rows, columns = -(-height // STONE_PX), -(-width // STONE_PX)
    padding = (0, rows * STONE_PX - height, 0, columns * STONE_PX - width)
    whole = cv2.copyMakeBorder(picture, *padding, cv2.BORDER_REPLICATE)
    stones = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    rgb = _unit(stones)
    # Stones are cut to the drawing: contrast between neighbours is kept above the photograph's.
    rgb += 0.45 * (rgb - cv2.GaussianBlur(rgb, (0, 0), 1.6))
    luma = (rgb @ _LUMA)[..., None]
    tone = _stepped(np.clip(0.11 + 0.93 * luma, 0, 1), 12, sharpness=0.85)
    rich = tone + np.round((rgb - luma) * 1.45 * 14) / 14
    laid = _from_unit(rich).repeat(STONE_PX, axis=0).repeat(STONE_PX, axis=1)
    laid = np.ascontiguousarray(laid[:height, :width])
    return _touched(laid, MOSAIC)


def _ink(picture: Bytes, seed: int) -> Bytes:
    """Washes of few tones that pool at their borders, muted colour, brush lines, warm paper."""
    smooth = _smoothed(picture, rounds=4)
    rgb = _unit(smooth)
    luma = np.asarray(rgb @ _LUMA, dtype=np.float32)
    low, high = _range(luma[::4, ::4], full=0.4, top=1.0)
    tone = np.clip((luma - low) / (high - low), 0, 1) ** np.float32(0.8)
    wash = _stepped(cv2.GaussianBlur(tone, (0, 0), 1.2), _WASH_LEVELS, sharpness=0.8)
    pool = np.clip(cv2.GaussianBlur(wash, (0, 0), 3.0) - wash, 0, 1)
    wash = 0.30 + 0.70 * wash - 0.35 * pool
    chroma = cv2.GaussianBlur(rgb - luma[..., None], (0, 0), 2.0)
    painted = wash[..., None] * _PAPER + chroma * np.float32(255 * 0.5)
    line = _outlines(tone, sigma=1.4, gain=22.0)[..., None]
    painted += (_INK - painted) * line * np.float32(0.9)
    return _touched(_bytes(np.clip(painted + 0.5, 0, 255)), INK)


def _poster(picture: Bytes, seed: int) -> Bytes:
    """A few flat inks, chosen for the picture; their areas have smooth outlines."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(cv2.medianBlur(small, 5), 7)
    lab = np.asarray(cv2.cvtColor(_unit(small), cv2.COLOR_RGB2LAB), dtype=np.float32)
    inks = _palette(lab, seed)
    apart = np.stack([_square_distance(lab, ink) for ink in inks])
    scale = float(np.sqrt(np.median(np.partition(apart[:, ::4, ::4], 1, axis=0)[1]))) + 1.0
    likely = np.exp(np.sqrt(apart) * np.float32(-4 / scale))
    planes = [cv2.GaussianBlur(plane, (0, 0), 1.8) for plane in likely]
    share = np.stack([cv2.resize(plane, (width, height)) for plane in planes])
    share /= share.max(0) + np.float32(1e-12)
    for _ in range(3):
        share *= share
    share /= share.sum(0)
    flat = share.reshape(len(inks), -1).T @ _printed(inks)
    return _from_unit(flat.reshape(height, width, 3))


_FILTERS: dict[str, Callable[[Bytes, int], Bytes]] = {
    "photo": _photo,
    "pastel": _pastel,
    "mosaic": _mosaic,
    "ink": _ink,
    "poster": _poster,
}


def _smoothed(picture: Bytes, rounds: int) -> Bytes:
    """Bilateral smoothing (Tomasi & Manduchi, 1998), coarse ones first at half the size."""
    height, width = picture.shape[:2]
    small = cv2.resize(picture, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    small = cv2.medianBlur(small, 3)
    for _ in range(rounds):
        small = cv2.bilateralFilter(small, 7, 26, 4)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return _bytes(cv2.bilateralFilter(cv2.GaussianBlur(large, (0, 0), 1.1), 5, 22, 3))


def _outlines(luma: Floats, sigma: float, gain: float) -> Floats:
    """Strength in [0, 1] of lines on the dark side of edges: a difference of Gaussians."""
    fine = cv2.GaussianBlur(luma, (0, 0), sigma)
    coarse = cv2.GaussianBlur(luma, (0, 0), 2.2 * sigma)
    return np.asarray(np.clip((coarse - fine - 0.018) * gain, 0, 1), dtype=np.float32)


def _stepped(tone: Floats, levels: int, sharpness: float) -> Floats:
    """Tones drawn towards `levels` even steps; their borders stay smooth."""
    scaled = tone * (levels - 1)
    base = np.floor(scaled)
    rest = scaled - base
    step = np.clip((rest - 0.5) / (1.0001 - sharpness) + 0.5, 0, 1)
    return np.asarray((base + step * step * (3 - 2 * step)) / (levels - 1), dtype=np.float32)


def _touched(picture: Bytes, finish: Finish) -> Bytes:
    """The renderer's own last touch, so that stones and paper are the same as in scenes."""
    if finish.touch is not None:
        finish.touch(picture)
    return picture


def _range(tone: Floats, full: float, top: float) -> tuple[float, float]:
    """What to stretch to the whole scale: the range in use, widened where it is narrow."""
    low, high = (float(edge) for edge in np.quantile(tone, (0.02, 0.98)))
    share = min((high - low) / full, 1.0)
    return share * low, share * high + (1 - share) * top


def _palette(lab: Floats, seed: int) -> Floats:
    """k-means of the colours of a coarse thumbnail, started far apart (k-means++)."""
    rng = np.random.default_rng(seed)
    points = cv2.resize(lab, (40, 40), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    centres = points[rng.integers(len(points))][None]
    while len(centres) < _POSTER_COLOURS:
        gap = np.square(points[:, None] - centres).sum(-1).min(-1) + 1e-3
        centres = np.vstack([centres, points[rng.choice(len(points), p=gap / gap.sum())]])
    for _ in range(6):
        nearest = np.square(points[:, None] - centres).sum(-1).argmin(-1)
        for i in np.unique(nearest):
            centres[i] = points[nearest == i].mean(0)
    return np.asarray(centres, dtype=np.float32)


def _printed(inks: Floats) -> Floats:
    """Printing inks for the colours: more contrast, more chroma; RGB in [0, 1]."""
    lab = inks.copy()
    low, high = _range(lab[:, 0], full=40.0, top=100.0)
    lab[:, 0] = 0.35 * lab[:, 0] + 0.65 * (16 + 78 * (lab[:, 0] - low) / (high - low))
    lab[:, 1:] *= 1.35
    rgb = cv2.cvtColor(lab[None], cv2.COLOR_LAB2RGB)[0]
    return np.asarray(np.clip(rgb, 0, 1), dtype=np.float32)


def _square_distance(lab: Floats, ink: Floats) -> Floats:
    gap = lab - ink
    return np.asarray(np.einsum("hwc,hwc->hw", gap, gap), dtype=np.float32)


def _unit(picture: NDArray[np.generic] | cv2.typing.MatLike) -> Floats:
    return np.asarray(picture, dtype=np.float32) * np.float32(1 / 255)


def _from_unit(rgb: NDArray[np.floating]) -> Bytes:
    return _bytes(np.clip(rgb * 255 + 0.5, 0, 255))


def _bytes(array: NDArray[np.generic] | cv2.typing.MatLike) -> Bytes:
    return np.asarray(array).astype(np.uint8, copy=False)
