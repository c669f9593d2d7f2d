"""How like two pictures are, and what other means make of a picture in as many bytes."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from smalti.models.mini.tokenizer import CODEBOOK, CODES
from smalti.models.tile_model import Rgb
from smalti.train.world.scene import TILE_PX

EDGE_REACH_PX = 2
_EDGE_SIGMA_PX = 1.2
_EDGE_THRESHOLDS = (50, 120)

Floats = NDArray[np.float64]


def ssim(result: Rgb, target: Rgb) -> float:
    """Structural similarity of the luma (Wang et al. 2004, equation 13), 11 x 11 Gaussian."""
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (result, target))
    mean_x, mean_y = _local(x), _local(y)
    spread_x = _local(x * x) - mean_x**2
    spread_y = _local(y * y) - mean_y**2
    joint = _local(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = ((2 * mean_x * mean_y + c1) * (2 * joint + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (spread_x + spread_y + c2)
    )
    return float(likeness.mean())


def _local(values: Floats) -> Floats:
    """Weighted means over all windows that lie inside."""
    blurred = cv2.GaussianBlur(values, (11, 11), 1.5)
    return np.asarray(blurred[5:-5, 5:-5], dtype=np.float64)


def edges(picture: Rgb) -> NDArray[np.bool_]:
    """Canny edges of the luma, softened first so that grain and grout count for little."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(
        cv2.Canny(cv2.GaussianBlur(grey, (0, 0), _EDGE_SIGMA_PX), *_EDGE_THRESHOLDS) > 0
    )


def edge_f1(result: Rgb, source: Rgb) -> float:
    """F1 of the result's edges against the source's.

    Precision: share of the result's edge pixels that have one of the source within
    `EDGE_REACH_PX`; recall: the same the other way round. 1 where neither has an edge.
    """
    found, wanted = edges(result), edges(source)
    if not found.any() and not wanted.any():
        return 1.0
    precision = (found & _near(wanted)).sum() / max(1, found.sum())
    recall = (wanted & _near(found)).sum() / max(1, wanted.sum())
    return float(2 * precision * recall / max(1e-9, precision + recall))


def _near(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    side = 2 * EDGE_REACH_PX + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc) > 0)


def tokens_bytes(picture: Rgb) -> int:
    """Bytes of a picture as tiles of codes."""
    tiles = picture.shape[0] * picture.shape[1] // TILE_PX**2
    bits: int = tiles * CODES * (CODEBOOK - 1).bit_length()
    return bits // 8


def packed(picture: Rgb, file_format: str, bytes_max: int) -> Rgb:
    """The best of a lossy file format (JPEG, WEBP) in so many bytes.

    The picture may be made smaller before it is packed; the size and the quality that come
    nearest to it are taken.
    """
    height, width = picture.shape[:2]
    best, least = None, np.inf
    for scale in (1, 2, 3, 4, 6, 8):
        small = Image.fromarray(picture).resize(
            (width // scale, height // scale), Image.Resampling.LANCZOS
        )
        quality = _best_quality(small, file_format, bytes_max)
        if quality is None:
            continue
        shown = Image.open(io.BytesIO(_file(small, file_format, quality))).convert("RGB")
        result = np.asarray(shown.resize((width, height), Image.Resampling.BICUBIC))
        error = float(np.square(result.astype(np.float64) - picture).mean())
        if error < least:
            best, least = result, error
    if best is None:
        raise ValueError(f"No {file_format} of the picture takes {bytes_max} bytes or fewer.")
    return best


def _best_quality(picture: Image.Image, file_format: str, bytes_max: int) -> int | None:
    """The highest quality within the bytes, or None if the lowest takes more."""
    low, high = 0, 95
    if len(_file(picture, file_format, 1)) > bytes_max:
        return None
    while low < high - 1:
        middle = (low + high) // 2
        if len(_file(picture, file_format, middle)) <= bytes_max:
            low = middle
        else:
            high = middle
    return max(1, low)


def _file(picture: Image.Image, file_format: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, quality=quality, optimize=True)
    return buffer.getvalue()


def thumbnail(picture: Rgb, bytes_max: int) -> Rgb:
    """The picture as a thumbnail of three bytes a pixel in so many bytes, enlarged again."""
    height, width = picture.shape[:2]
    scale = (bytes_max / 3 / (height * width)) ** 0.5
    small = Image.fromarray(picture).resize(
        (int(width * scale), int(height * scale)), Image.Resampling.BICUBIC
    )
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
