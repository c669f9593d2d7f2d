"""Write a picture as a file, together with what it was made from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from smalti.models.tile_model import Rgb

Format = Literal["png", "webp", "jpeg"]
FORMATS: tuple[Format, ...] = ("png", "webp", "jpeg")

_EXIF_IFD = 0x8769
_USER_COMMENT = 0x9286
_SOFTWARE = 0x0131


def encode(pixels: Rgb, format: Format, compression: int, about: Mapping[str, str]) -> bytes:
    """compression: 0..100, the quality of webp and jpeg; png has none to give.

    about: written as text chunks of a png, and as the EXIF user comment of the others.
    """
    image = Image.fromarray(pixels)
    file = io.BytesIO()
    if format == "png":
        info = PngInfo()
        for key, value in about.items():
            info.add_itxt(key, value.replace("\0", " "))
        image.save(file, "PNG", pnginfo=info, compress_level=4)
    else:
        image.save(file, format.upper(), quality=compression, exif=_exif(about))
    return file.getvalue()


def _exif(about: Mapping[str, str]) -> bytes:
    exif = Image.Exif()
    exif[_SOFTWARE] = about.get("software", "smalti")
    text = "\n".join(f"{key}: {value}" for key, value in about.items())
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + text[:16_000].encode("utf-16-be")
    return exif.tobytes()
