"""Pictures such as people send, the bad ones too."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

PHOTOS = Path(__file__).parents[2] / "shared" / "data" / "photos" / "test"


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([rows * 255 // height, columns * 255 // width, 0 * rows + 90], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def mask_png(width: int, height: int, hole: tuple[int, int, int, int]) -> bytes:
    """Opaque but for a transparent box."""
    mask = Image.new("RGBA", (width, height), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), hole)
    return saved(mask)


def bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bad_pictures() -> dict[str, bytes]:
    """What must be refused, by what is wrong with it."""
    image = gradient()
    frames = {"save_all": True, "append_images": [image.rotate(90)]}
    return {
        "empty": b"",
        "text": b"hello, I am a picture",
        "gif": saved(image, "GIF"),
        "bmp": saved(image, "BMP"),
        "tiff": saved(image, "TIFF"),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "cut png": saved(image)[:-40],
        "cut jpeg": saved(image, "JPEG")[:300],
        "cut webp": saved(image, "WEBP", lossless=True)[:60],
        "signature alone": b"\x89PNG\r\n\x1a\n",
        "jpeg signature alone": b"\xff\xd8\xff",
        "animated png": saved(image, "PNG", **frames),
        "animated webp": saved(image, "WEBP", **frames),
        "bomb": bomb(),
    }


def odd_pictures() -> dict[str, bytes]:
    """What must be read, however unusual."""
    image = gradient()
    grey16 = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    turned = Image.Exif()
    turned[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {
        "png": saved(image),
        "jpeg": saved(image, "JPEG"),
        "webp": saved(image, "WEBP"),
        "cmyk jpeg": saved(image.convert("CMYK"), "JPEG"),
        "grey": saved(image.convert("L")),
        "grey with alpha": saved(image.convert("LA")),
        "16 bits": saved(grey16),
        "palette": saved(image.quantize(16)),
        "palette, transparent": saved(image.quantize(16), transparency=0),
        "one bit": saved(image.convert("1")),
        "rgba": saved(image.convert("RGBA")),
        "rotated": saved(image, "JPEG", exif=turned),
        "profile": saved(image, icc_profile=profile),
        "broken profile": saved(image, icc_profile=b"not a profile"),
        "broken exif": saved(image, "JPEG", exif=b"Exif\0\0II*\0garbage"),
        "one pixel": saved(image.resize((1, 1))),
        "very long": saved(image.resize((2000, 3))),
        "trailing junk": saved(image) + b"junk" * 100,
    }
