"""Picture files that were made to do harm, or came to harm; each is made here, none is kept."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from sent_pictures import bad_pictures, gradient, odd_pictures, saved

HTML = b"<html><script>alert(1)</script></html>"
ORIENTATIONS = range(1, 9)
_SOF = b"\xff\xc0"


def chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def png(width: int, height: int, body: bytes, *before: bytes) -> bytes:
    """8-bit RGB; before: chunks between the header and the pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    chunks = (head, *before, chunk(b"IDAT", body), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@cache
def packed_zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    block = bytes(1_000_000)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def small_png(*before: bytes) -> bytes:
    return png(16, 16, zlib.compress(bytes(16 * 49)), *before)


def webp_canvas(width: int, height: int, *, animated: bool = False, frames: int = 1) -> bytes:
    """An extended WebP whose canvas is far larger than the frames in it."""
    still = saved(gradient(16, 16), "WEBP", lossless=True)[12:]

    def part(kind: bytes, data: bytes) -> bytes:
        return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    def three(value: int) -> bytes:
        return struct.pack("<I", value)[:3]

    head = struct.pack("<I", 2 if animated else 0) + three(width - 1) + three(height - 1)
    body = part(b"VP8X", head)
    if animated:
        frame = three(0) * 2 + three(15) * 2 + three(100) + b"\0" + still
        body += part(b"ANIM", bytes(6)) + part(b"ANMF", frame) * frames
    else:
        body += still
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_of_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    whole = saved(gradient(), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + whole[-2:]


def jpeg_that_claims(width: int, height: int) -> bytes:
    data = bytearray(saved(gradient(), "JPEG"))
    at = data.index(_SOF) + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.sh", "rm -rf /")
    return file.getvalue()


def rotated(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(gradient(), "JPEG", exif=exif, quality=100, subsampling=0)


@cache
def refused() -> dict[str, bytes]:
    """Must be answered with 400."""
    return {
        **bad_pictures(),
        "png of 2^31 pixels a side": png(2**31 - 1, 2**31 - 1, zlib.compress(b"")),
        "png of no pixels": png(0, 0, zlib.compress(b"")),
        "png that packs too little": png(2000, 2000, zlib.compress(bytes(100))),
        "png without its header": b"\x89PNG\r\n\x1a\n" + chunk(b"IDAT", b"x"),
        "png of a chunk of 4 GB": b"\x89PNG\r\n\x1a\n" + b"\xff\xff\xff\xffIHDR" + bytes(50),
        "png, packed text": small_png(chunk(b"zTXt", b"a\0\0" + packed_zeros(20))),
        "png, packed unicode text": small_png(chunk(b"iTXt", b"a\0\1\0\0\0" + packed_zeros(20))),
        "png, much text": small_png(*[chunk(b"zTXt", b"a\0\0" + packed_zeros(1))] * 100),
        "webp of a huge canvas": webp_canvas(16_384, 16_384),
        "webp of the hugest canvas": webp_canvas(2**24, 2**24),
        "webp of many frames": webp_canvas(64, 64, animated=True, frames=5000),
        "webp of many huge frames": webp_canvas(16_000, 16_000, animated=True, frames=100),
        "webp of nothing": b"RIFF\x04\x00\x00\x00WEBP",
        "webp of an unknown chunk": b"RIFF\x20\x00\x00\x00WEBPABCD" + bytes(40),
        "gif that claims 65535": b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(20),
        "jpeg of 5000 scans": jpeg_of_scans(5000),
        "jpeg that claims 65500": jpeg_that_claims(65_500, 65_500),
        "html": HTML,
        "zip": zipped(),
        "pdf": b"%PDF-1.7\n",
        "svg that reads files": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM '
        b'"file:///etc/passwd">]><svg>&x;</svg>',
        "svg after a space": b"  \n<svg xmlns='http://www.w3.org/2000/svg'/>",
        "zeros": bytes(10_000),
        "program": b"\x7fELF" + bytes(100),
    }


@cache
def read_or_refused() -> dict[str, bytes]:
    """May be either; must be one of them, and soon."""
    whole = {
        "png": saved(gradient()),
        "jpeg": saved(gradient(), "JPEG"),
        "progressive": saved(gradient(), "JPEG", progressive=True),
        "webp": saved(gradient(), "WEBP"),
        "lossless": saved(gradient(), "WEBP", lossless=True),
    }
    cut = {
        f"{name} cut at {part}%": data[: len(data) * part // 100]
        for name, data in whole.items()
        for part in (5, 50, 95)
    }
    cut |= {f"{name} without its last byte": data[:-1] for name, data in whole.items()}
    exif = Image.Exif()
    exif[0x0112] = 99
    return {
        **cut,
        "png, packed profile": small_png(chunk(b"iCCP", b"a\0\0" + packed_zeros(20))),
        "png, packed pixels": png(16, 16, packed_zeros(20)),
        "jpeg of 50 scans": jpeg_of_scans(50),
        "jpeg of an unknown orientation": saved(gradient(), "JPEG", exif=exif),
        "png with a wrong checksum": saved(gradient())[:-1] + b"\0",
        "png of one column": saved(Image.new("L", (1, 60_000))),
        "jpeg of one row": saved(Image.new("L", (60_000, 1)), "JPEG"),
    }


@cache
def read() -> dict[str, bytes]:
    """Must be drawn from, however unusual."""
    image = gradient()
    grey = image.convert("L")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    deep = (np.asarray(image).astype(">u2") * 257).tobytes()
    rows = b"".join(b"\0" + deep[i : i + 64 * 6] for i in range(0, len(deep), 64 * 6))
    wide = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 48, 16, 2, 0, 0, 0))
    deep_png = (
        b"\x89PNG\r\n\x1a\n" + wide + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )
    options: dict[str, Any] = {"comment": HTML}
    return {
        **odd_pictures(),
        "16 bits a colour": deep_png,
        "png that is a zip": saved(image) + zipped(),
        "jpeg that is a page": saved(image, "JPEG", **options),
        "jpeg followed by a page": saved(image, "JPEG") + HTML,
        "half a profile": saved(image, icc_profile=srgb[: len(srgb) // 2]),
        "profile of another space": saved(image, icc_profile=lab),
        "profile on grey": saved(grey, icc_profile=srgb),
        "profile on cmyk": saved(image.convert("CMYK"), "JPEG", icc_profile=srgb),
        "profile of noise": saved(image, "JPEG", icc_profile=bytes(range(256)) * 8),
        "one column": saved(image.resize((1, 500))),
        "one row": saved(image.resize((500, 1))),
        "webp with alpha": saved(image.convert("RGBA"), "WEBP"),
        **{f"orientation {turn}": rotated(turn) for turn in ORIENTATIONS},
    }
