"""Read a picture that somebody sent, or say in a sentence why it cannot be read.

What the file claims to be (its name, its media type) is never trusted: its first bytes decide.
Whatever its colours, depth, rotation or transparency, what comes out is upright 8-bit sRGB.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from smalti.errors import InvalidRequest
from smalti.models.tile_model import Rgb

Alpha = NDArray[np.uint8]
"""Transparency: uint8 [height, width], 0 is transparent, 255 opaque."""

PAPER = (255, 255, 255)
"""What shows through the transparent parts of a picture."""

_READ = {"PNG", "JPEG", "WEBP"}
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


@dataclass(frozen=True)
class Limits:
    """The largest picture that is read: as a file, and unpacked."""

    file_bytes: int = 50_000_000
    pixels: int = 64_000_000


@dataclass(frozen=True, eq=False)
class Upload:
    """A picture, read. alpha is None where the file has no transparency at all."""

    pixels: Rgb
    alpha: Alpha | None

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


def sniff(data: bytes) -> str | None:
    """The format that the first bytes say, or None."""
    for offset, signature, name in _SIGNATURES:
        if data[offset : offset + len(signature)] == signature:
            return name
    return None


def decode(data: bytes, name: str, param: str, limits: Limits) -> Upload:
    """name: what the client calls the file, for messages; param: the field that it came in.

    Raises InvalidRequest.
    """

    def refuse(why: str) -> InvalidRequest:
        return InvalidRequest(f"{name}: {why}", param=param, code="invalid_image_file")

    if not data:
        raise refuse("the file is empty.")
    if len(data) > limits.file_bytes:
        raise refuse(
            f"the file has {len(data) / 1e6:.1f} MB; at most {limits.file_bytes / 1e6:g} are read."
        )
    found = sniff(data)
    if found not in _READ:
        what = f"a {found} file" if found else "no picture that we know"
        raise refuse(f"this is {what}. Send PNG, JPEG or WebP.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the size is checked below, before anything is unpacked
            image = Image.open(io.BytesIO(data), formats=[found])
        if image.width * image.height > limits.pixels:
            raise refuse(
                f"it unpacks to {image.width}x{image.height} pixels; at most "
                f"{limits.pixels / 1e6:g} million are read."
            )
        # NOTE: a phone's JPEG may carry further views of the same moment; it is no animation.
        if found != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise refuse("it is animated. Send a single frame.")
        image.load()
        return _upright(image)
    except InvalidRequest:
        raise
    except Image.DecompressionBombError:
        raise refuse(
            f"it unpacks to far more than the {limits.pixels / 1e6:g} million pixels that are read."
        ) from None
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        raise refuse(f"the {found} file is damaged or cut short ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 120 else text[:117] + "..."


def _upright(image: Image.Image) -> Upload:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        image = _eight_bit(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = np.array(image.getchannel("A"))
    colours = _in_srgb(image)
    if alpha is not None:
        paper = Image.new("RGB", colours.size, PAPER)
        paper.paste(colours, mask=Image.fromarray(alpha))
        colours = paper
    return Upload(np.array(colours), alpha)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits; no format that is read has more."""
    values = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _in_srgb(image: Image.Image) -> Image.Image:
    """RGB, by the picture's own colour profile where it has one that can be read."""
    profile = image.info.get("icc_profile")
    base = image.convert("RGB") if image.mode not in ("RGB", "CMYK", "L") else image
    if profile:
        try:
            converted = ImageCms.profileToProfile(
                base,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None  # a broken profile costs its colours a little, not the picture
        if converted is not None:
            return converted
    return base.convert("RGB")
