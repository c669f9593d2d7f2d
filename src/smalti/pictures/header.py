"""What a picture file says of itself, read from its bytes before any decoder touches it.

A decoder may set aside room for a whole canvas, or work for minutes, on the word of a file of a
few bytes. What is read here costs next to nothing, and is enough to refuse such a file.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (8, b"WEBP", "WEBP"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"%PDF", "PDF"),
    (0, b"<svg", "SVG"),
    (0, b"<?xml", "SVG"),
)
_START_OF_SCAN = b"\xff\xda"
_PNG_IHDR = b"\x00\x00\x00\x0dIHDR"
_VP8_KEY_FRAME = b"\x9d\x01\x2a"
_VP8L_SIGNATURE = 0x2F


def sniff(data: bytes) -> str | None:
    """The format that the first bytes say, or None."""
    for offset, signature, name in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return name
    return None


@dataclass(frozen=True)
class Header:
    """size: (width, height) in pixels, or None where it must be left to the decoder.

    animated: whether it says that it moves; scans: how often a decoder goes over the pixels.
    """

    size: tuple[int, int] | None
    animated: bool = False
    scans: int = 1


def read_header(data: bytes, kind: str) -> Header:
    """kind: what `sniff` found. Nothing is raised: what makes no sense is left to the decoder."""
    if kind == "PNG":
        return Header(_png_size(data))
    if kind == "JPEG":
        # NOTE: within the coded pixels 0xFF is always followed by 0 or a restart marker.
        return Header(None, scans=data.count(_START_OF_SCAN))
    if kind == "WEBP":
        return _webp(data)
    return Header(None)


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[8:16] != _PNG_IHDR or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _webp(data: bytes) -> Header:
    """The container of https://developers.google.com/speed/webp/docs/riff_container."""
    chunk, first = data[12:16], data[20:30]
    if len(first) < 10:
        return Header(None)
    if chunk == b"VP8X":
        width, height = (1 + int.from_bytes(first[i : i + 3], "little") for i in (4, 7))
        return Header((width, height), animated=bool(first[0] & 2))
    if chunk == b"VP8 " and first[3:6] == _VP8_KEY_FRAME:
        width, height = (int.from_bytes(first[i : i + 2], "little") & 0x3FFF for i in (6, 8))
        return Header((width, height))
    if chunk == b"VP8L" and first[0] == _VP8L_SIGNATURE:
        bits = int.from_bytes(first[1:5], "little")
        return Header((1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)))
    return Header(None)
