"""Renders made a little worse, as a picture is that was drawn, packed and sent back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from smalti.models.tile_model import Rgb


def degraded(picture: Rgb, rng: np.random.Generator) -> Rgb:
    """The picture a little softer, grainier, tinted, packed: each of these half of the time."""
    height, width = picture.shape[:2]
    if rng.random() < 0.5:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 2.0))))
    if rng.random() < 0.5:
        grain = rng.normal(0, rng.uniform(2, 10), (height // 4, width // 4, 3))
        wide = cv2.resize(grain.astype(np.float32), (width, height))
        picture = _bytes(picture + wide)
    if rng.random() < 0.5:
        picture = _bytes(picture * rng.uniform(0.95, 1.05, 3) + rng.normal(0, 3, 3))
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 60))]
        _, packed = cv2.imencode(".jpg", picture, quality)
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
    return picture


def _bytes(picture: NDArray[np.floating]) -> Rgb:
    return np.asarray(np.clip(picture + 0.5, 0, 255), dtype=np.uint8)
