"""Read a picture that somebody sent, or say in a sentence why it cannot be read.

What the file claims to be (its name, its media type) is never trusted: its first bytes decide.
Whatever its colours, depth, rotation or transparency, what comes out is upright 8-bit sRGB.
"""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from smalti.errors import InvalidRequest
from smalti.models.tile_model import Rgb
from smalti.pictures.header import read_header, sniff

__all__ = ["PAPER", "Alpha", "Limits", "Upload", "decode", "sniff"]

Alpha = NDArray[np.uint8]
"""Transparency: uint8 [height, width], 0 is transparent, 255 opaque."""

PAPER = (255, 255, 255)
"""What shows through the transparent parts of a picture."""

SCANS_MAX = 100
"""A progressive JPEG has about ten; with thousands, a small file keeps a core busy for minutes."""

PIXELS_AT_ONCE = 64_000_000
"""Pixels unpacked at the same time, all threads together; the others wait. Each takes from 10 (a
JPEG) to 27 bytes (a WebP with transparency) while it is read."""

_READ = {"PNG", "JPEG", "WEBP"}

# NOTE: Pillow has one bound for the whole process. Ours is a setting, and is checked below before
# anything is unpacked.
Image.MAX_IMAGE_PIXELS = None


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


class _Room:
    """Lets so many pixels be unpacked at a time; a larger picture waits to be alone. Who came first
    is first, so that no picture waits for others that come and go."""

    def __init__(self, pixels: int) -> None:
        self._size = pixels
        self._free = pixels
        self._changed = threading.Condition()
        self._line = deque[object]()

    @contextmanager
    def of(self, pixels: int) -> Iterator[None]:
        taken, mine = min(pixels, self._size), object()
        with self._changed:
            self._line.append(mine)
            self._changed.wait_for(lambda: self._line[0] is mine and self._free >= taken)
            self._line.popleft()
            self._free -= taken
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += taken
                self._changed.notify_all()


_room = _Room(PIXELS_AT_ONCE)


def decode(data: bytes, name: str, param: str, limits: Limits) -> Upload:
    """name: what the client calls the file, for messages; param: the field that it came in.

    Raises InvalidRequest.
    """

    def refuse(why: str) -> InvalidRequest:
        return InvalidRequest(f"{name}: {why}", param=param, code="invalid_image_file")

    def check_size(width: int, height: int) -> None:
        if width * height > limits.pixels:
            raise refuse(
                f"it unpacks to {width}x{height} pixels; at most {limits.pixels / 1e6:g} million "
                "are read. Send a smaller picture."
            )

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
    header = read_header(data, found)
    if header.size is not None:
        check_size(*header.size)
    elif found != "JPEG":
        raise refuse(f"the {found} file is damaged or cut short (it does not say its size).")
    if header.scans > SCANS_MAX:
        raise refuse(f"it has {header.scans} scans; at most {SCANS_MAX} are read. Save it afresh.")
    if header.animated:
        raise refuse("it is animated. Send a single frame.")
    try:
        image = Image.open(io.BytesIO(data), formats=[found])
        check_size(image.width, image.height)
        # NOTE: a phone's JPEG may carry further views of the same moment; it is no animation.
        if found != "JPEG" and getattr(image, "n_frames", 1) > 1:
            raise refuse("it is animated. Send a single frame.")
        with _room.of(image.width * image.height):
            image.load()
            return _upright(image)
    except InvalidRequest:
        raise
    except Exception as error:  # a damaged file makes a decoder raise nearly anything
        raise refuse(f"the {found} file is damaged or cut short ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its header makes no sense"
    text = str(error) or type(error).__name__
    if "MAX_TEXT" in text:
        return "its text or its colour profile unpacks to far more than a picture needs"
    return text if len(text) <= 120 else text[:117] + "..."


def _upright(image: Image.Image) -> Upload:
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):
        image = _eight_bit(image)
    if not image.has_transparency_data:
        return Upload(np.array(_in_srgb(image)), None)
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    paper = Image.new("RGB", image.size, PAPER)
    paper.paste(_in_srgb(image), mask=alpha)
    return Upload(np.array(paper), np.array(alpha))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of 16 bits; no format that is read has more."""
    values = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _in_srgb(image: Image.Image) -> Image.Image:
    """RGB, by the picture's own colour profile where it has one that can be read."""
    profile = image.info.get("icc_profile")
    base = image if image.mode in ("RGB", "CMYK", "L") else image.convert("RGB")
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
    return base if base.mode == "RGB" else base.convert("RGB")
