"""Sources as files of our own, from which the very same pixels are read again."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from smalti.models.tile_model import Rgb
from smalti.pictures.decode import Alpha


def write_png(pixels: Rgb, alpha: Alpha | None = None) -> bytes:
    """A PNG, packed quickly rather than tightly."""
    file = io.BytesIO()
    whole = pixels if alpha is None else np.dstack([pixels, alpha])
    Image.fromarray(whole).save(file, "PNG", compress_level=1)
    return file.getvalue()


def read_png(file: bytes) -> tuple[Rgb, Alpha]:
    """What `write_png` wrote; all opaque where there was no alpha."""
    with Image.open(io.BytesIO(file)) as image:
        whole = np.array(image.convert("RGBA"))
    return whole[..., :3].copy(), whole[..., 3].copy()
