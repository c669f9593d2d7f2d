"""A preview for a terminal: half blocks, each two pixels high, in 24-bit colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from smalti.models.tile_model import Rgb


def half_blocks(pixels: Rgb, columns: int) -> str:
    """The picture as lines of text, `columns` characters wide."""
    height, width = pixels.shape[:2]
    lines = max(1, round(columns * height / width / 2))
    image = Image.fromarray(pixels).resize((columns, 2 * lines), Image.Resampling.LANCZOS)
    small = np.asarray(image)
    return "\n".join(
        "".join(_block(top, bottom) for top, bottom in zip(upper, lower, strict=True)) + "\x1b[0m"
        for upper, lower in zip(small[0::2], small[1::2], strict=True)
    )


def _block(top: np.ndarray, bottom: np.ndarray) -> str:
    fore, back = (";".join(str(int(level)) for level in colour) for colour in (top, bottom))
    return f"\x1b[38;2;{fore}m\x1b[48;2;{back}m▀"
