"""Pictures as files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from sent_pictures import gradient

from smalti.pictures.encode import FORMATS, Format, encode

PIXELS = np.asarray(gradient())
ABOUT = {"prompt": "ein Löwe\0 🦁", "seed": "7"}


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_png_is_exact() -> None:
    assert np.array_equal(np.asarray(opened(encode(PIXELS, "png", 100, ABOUT))), PIXELS)


def test_png_tells_its_origin() -> None:
    text = opened(encode(PIXELS, "png", 100, ABOUT)).text  # type: ignore[attr-defined]
    assert text == {"prompt": "ein Löwe  🦁", "seed": "7"}


@pytest.mark.parametrize("kind", ["webp", "jpeg"])
def test_the_others_tell_it_in_exif(kind: Format) -> None:
    exif = opened(encode(PIXELS, kind, 90, ABOUT)).getexif().get_ifd(0x8769)
    comment = exif[0x9286]
    assert comment[:8] == b"UNICODE\0"
    assert "seed: 7" in comment[8:].decode("utf-16-be")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("compression", [0, 100])
def test_all_compressions(kind: Format, compression: int) -> None:
    assert opened(encode(PIXELS, kind, compression, {})).size == (64, 48)


def test_a_long_prompt_fits_in_exif() -> None:
    assert opened(encode(PIXELS, "jpeg", 90, {"prompt": "é" * 32_000})).size == (64, 48)
