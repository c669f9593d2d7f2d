"""Comparing pictures, and other means in as many bytes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from smalti.models.tile_model import Rgb
from smalti.train.quality.likeness import (
    EDGE_REACH_PX,
    edge_f1,
    edges,
    packed,
    ssim,
    thumbnail,
    tokens_bytes,
)
from smalti.train.show import psnr_db
from smalti.train.world.paint import render
from smalti.train.world.scene import sample_scene


@pytest.fixture(scope="module")
def picture() -> Rgb:
    return render(sample_scene(np.random.default_rng(8), style="pastel"))


def square(left: int) -> Rgb:
    canvas = np.full((64, 64, 3), 250, np.uint8)
    canvas[20:44, left : left + 24] = 10
    return canvas


def test_a_picture_is_most_like_itself(picture: Rgb) -> None:
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0))
    softer = np.asarray(cv2.GaussianBlur(picture, (0, 0), 3.0))
    assert ssim(picture, picture) == pytest.approx(1)
    assert 1 > ssim(soft, picture) > ssim(softer, picture) > 0
    assert abs(ssim(255 - picture, picture)) < 0.5


def test_ssim_is_that_of_the_formula() -> None:
    flat, lighter = (np.full((32, 32, 3), value, np.uint8) for value in (100, 150))
    c1 = (0.01 * 255) ** 2
    wanted = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert ssim(lighter, flat) == pytest.approx(wanted)


def test_edges_may_be_a_little_beside() -> None:
    assert edges(square(10)).any()
    assert edge_f1(square(10), square(10)) == pytest.approx(1)
    assert edge_f1(square(10 + EDGE_REACH_PX), square(10)) == pytest.approx(1)
    assert 0 < edge_f1(square(10 + 3 * EDGE_REACH_PX), square(10)) < 0.9
    blank = np.full((64, 64, 3), 250, np.uint8)
    assert edge_f1(blank, square(10)) == 0
    assert edge_f1(blank, blank) == 1


def test_styles_of_one_scene_share_more_edges_than_two_scenes() -> None:
    first, second = (sample_scene(np.random.default_rng(n), style="photo") for n in (1, 2))
    pastel = render(replace(first, style="pastel"))
    assert edge_f1(pastel, render(first)) > edge_f1(pastel, render(second))


def test_a_square_picture_takes_1280_bytes(picture: Rgb) -> None:
    assert tokens_bytes(picture) == 1280


@pytest.mark.parametrize("file_format", ["JPEG", "WEBP"])
def test_more_bytes_make_a_better_file(picture: Rgb, file_format: str) -> None:
    few, many = (packed(picture, file_format, size) for size in (1280, 12_000))
    assert few.shape == picture.shape
    assert psnr_db(many, picture) > psnr_db(few, picture) + 2
    assert psnr_db(few, picture) > psnr_db(thumbnail(picture, 300), picture)


def test_too_few_bytes_for_a_file_are_refused(picture: Rgb) -> None:
    with pytest.raises(ValueError, match="JPEG of the picture takes 10 bytes"):
        packed(picture, "JPEG", 10)


def test_a_thumbnail_keeps_the_size(picture: Rgb) -> None:
    assert thumbnail(picture, 1280).shape == picture.shape
