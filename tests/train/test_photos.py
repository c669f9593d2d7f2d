from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smalti.models.mini.layout import STYLES
from smalti.train.world.photos import SIDE_MAX_PX, Bytes, crop, filtered, load_photos


def landscape(height: int, width: int) -> Bytes:
    """A blue gradient over a green one, with a red disc."""
    y, x = np.indices((height, width))
    picture = np.stack([60 + 0 * y, 120 + y % 90, 255 - y % 180], axis=-1)
    picture[y > height * 0.6] = (70, 150, 60)
    picture[np.hypot(y - height / 2, x - width / 2) < height / 6] = (210, 40, 30)
    return picture.astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(landscape(900, 1400)).save(tmp_path / "b.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.fromarray(landscape(200, 300)).save(tmp_path / "a.JPG", exif=exif)
    Image.fromarray(landscape(90, 90)).convert("RGBA").save(tmp_path / "c.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_photos_are_upright_small_and_decoded_once(folder: Path) -> None:
    photos = load_photos(folder)
    assert [photo.path.name for photo in photos] == ["a.JPG", "b.jpg", "c.png"]
    assert [photo.pixels.shape for photo in photos] == [
        (300, 200, 3), (411, SIDE_MAX_PX, 3), (90, 90, 3),
    ]  # fmt: skip
    assert photos[0].pixels is photos[0].pixels


@pytest.mark.parametrize(("height", "width"), [(256, 256), (64, 160), (336, 192)])
def test_crops_have_the_size_asked_for(folder: Path, height: int, width: int) -> None:
    for photo in load_photos(folder):
        once, again = (crop(photo, np.random.default_rng(5), height, width) for _ in range(2))
        assert once.shape == (height, width, 3) and once.dtype == np.uint8
        assert np.array_equal(once, again)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("height", "width"), [(256, 256), (100, 75)])
def test_filters_are_deterministic(style: str, height: int, width: int) -> None:
    picture = landscape(height, width)
    source = picture.copy()
    once, again = filtered(picture, style, 3), filtered(picture, style, 3)
    assert once.shape == picture.shape and once.dtype == np.uint8
    assert np.array_equal(once, again)
    assert np.array_equal(picture, source) and once is not picture


@pytest.mark.parametrize("style", [style for style in STYLES if style != "photo"])
def test_filters_keep_the_drawing_and_change_the_look(style: str) -> None:
    picture = landscape(256, 256)
    look = filtered(picture, style, 0).astype(float)
    assert np.abs(look - picture).mean() > 4
    light, source = look.mean(-1).ravel(), picture.mean(-1).ravel()
    assert np.corrcoef(light, source)[0, 1] > 0.5


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_pictures_stay_calm(style: str, value: int) -> None:
    look = filtered(np.full((64, 64, 3), value, dtype=np.uint8), style, 0)
    assert look[8:16, 8:16].std((0, 1)).max() <= (60 if style == "mosaic" else 4)


def test_a_photograph_stays_itself() -> None:
    picture = landscape(64, 64)
    assert np.array_equal(filtered(picture, "photo", 0), picture)


def test_poster_has_few_colours() -> None:
    look = filtered(landscape(256, 256), "poster", 0)
    _, counts = np.unique((look // 8).reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[-8:].sum() > 0.8 * 256 * 256
