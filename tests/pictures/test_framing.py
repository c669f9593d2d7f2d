"""From the size asked for to the grid and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sent_pictures import gradient

from smalti.models.facts import MINI
from smalti.pictures.framing import (
    RATIO_MAX,
    SIDE_STEP,
    frame_for_picture,
    frame_for_words,
    keep_masked,
    middle,
    prepare_source,
    scale_kept,
    thumbnail,
)
from smalti.pictures.kept import read_png, write_png
from smalti.pictures.partial import half_drawn
from smalti.pictures.terminal import half_blocks

sides = st.integers(1, 128).map(lambda steps: 16 * steps)
lengths = st.integers(1, 5000)


@given(sides, sides)
def test_a_picture_of_words_has_the_size_asked_for(width: int, height: int) -> None:
    if not 1 / RATIO_MAX <= width / height <= RATIO_MAX or width * height > 500_000:
        return
    frame = frame_for_words(MINI, (width, height))
    native = np.zeros((frame.native_height, frame.native_width, 3), np.uint8)
    assert frame.finish(native).shape == (height, width, 3)


@given(sides, sides)
def test_a_thumbnail_is_small_and_hardly_bent(width: int, height: int) -> None:
    if not 1 / RATIO_MAX <= width / height <= RATIO_MAX:
        return
    small = thumbnail(MINI, frame_for_words(MINI, (width, height)))
    if small is None:
        assert min(width, height) < 64
        return
    assert small.width % SIDE_STEP == small.height % SIDE_STEP == 0
    assert 2 * small.width <= width and 2 * small.height <= height
    assert small.width <= small.native_width and small.height <= small.native_height
    assert 1 / RATIO_MAX <= small.width / small.height <= RATIO_MAX
    if min(width, height) >= 256:
        assert small.width / small.height == pytest.approx(width / height, rel=0.12)
        assert max(small.width, small.height) >= 112


@pytest.mark.parametrize("quality", ["high", "low"])
def test_the_size_asked_for_does_not_depend_on_the_quality(quality: str) -> None:
    assert frame_for_words(MINI, None, quality).width == 256
    frame = frame_for_words(MINI, (1536, 1024), quality)
    assert (frame.width, frame.height) == (1536, 1024)
    assert frame.grid == MINI.grid_for(1536, 1024, quality)


@given(lengths, lengths)
def test_a_picture_of_a_picture_has_its_proportions(width: int, height: int) -> None:
    frame = frame_for_picture(MINI, None, (width, height))
    assert frame.width % 16 == frame.height % 16 == 0
    assert 1 / RATIO_MAX <= frame.width / frame.height <= RATIO_MAX
    native = frame.native_width * frame.native_height
    assert 0.7 < frame.width * frame.height / native < 1.4
    if 1 / RATIO_MAX <= width / height <= RATIO_MAX:
        assert frame.width / frame.height == pytest.approx(width / height, rel=0.12)


def test_the_native_proportions_are_not_resampled() -> None:
    for grid in MINI.grids:
        width, height = MINI.pixels(grid)
        assert not frame_for_picture(MINI, None, (4 * width, 4 * height)).resampled


def test_words_are_cut_evenly_and_not_bent() -> None:
    frame = frame_for_words(MINI, (256, 128))
    assert (frame.native_width, frame.native_height) == (336, 224)
    native = np.zeros((224, 336, 3), np.uint8)
    native[28:196] = 255  # the middle 168 lines are what 2:1 leaves of 336
    assert frame.finish(native)[1:-1].min() > 250


def test_a_source_goes_to_the_grid_and_back() -> None:
    source = np.asarray(gradient(640, 480))
    frame = frame_for_picture(MINI, (640, 480), (640, 480))
    back = frame.finish(prepare_source(source, frame))
    assert np.abs(back.astype(int) - source).max() <= 4


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.3, 3.0))
def test_the_middle_is_in_the_middle(width: int, height: int, ratio: float) -> None:
    left, top, right, bottom = middle(np.zeros((height, width, 3), np.uint8), ratio)
    assert left >= -1e-9 and top >= -1e-9
    assert left + right == pytest.approx(width)
    assert top + bottom == pytest.approx(height)
    assert (right - left) / (bottom - top) == pytest.approx(ratio)


def test_the_border_of_a_mask_is_soft_on_the_transparent_side() -> None:
    source = np.full((64, 64, 3), 200, np.uint8)
    drawn = np.full((64, 64, 3), 100, np.uint8)
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, 32:] = 0
    line = keep_masked(drawn, source, alpha)[32, :, 0].astype(int)
    assert (line[:32] == 200).all()
    assert (np.diff(line[31:41]) <= 0).all() and 100 < line[35] < 200
    assert (line[40:] == 100).all()


def test_a_mask_is_scaled_with_its_source() -> None:
    source = np.full((512, 512, 3), 200, np.uint8)
    alpha = np.full((512, 512), 255, np.uint8)
    alpha[256:] = 0
    frame = frame_for_picture(MINI, None, (512, 512))
    kept = scale_kept(source, alpha, frame)
    mixed = keep_masked(np.zeros((256, 256, 3), np.uint8), *kept)
    assert (mixed[:127] == 200).all() and (mixed[140:] == 0).all()


def test_a_kept_source_is_read_again_as_it_was() -> None:
    pixels = np.asarray(gradient(48, 32))
    alpha = pixels[..., 0]
    again = read_png(write_png(pixels, alpha))
    assert np.array_equal(again[0], pixels) and np.array_equal(again[1], alpha)
    assert (read_png(write_png(pixels))[1] == 255).all()


def test_half_drawn() -> None:
    canvas = np.asarray(Image.new("RGB", (64, 64), (250, 10, 10)))
    shown = half_drawn(canvas, 32)
    assert np.array_equal(shown[:32], canvas[:32])
    assert shown[32].tolist() == canvas[31].tolist()
    assert (shown[-1] == 128).all()
    assert (half_drawn(canvas, 0) == 128).all()
    assert half_drawn(canvas, 64) is canvas


def test_half_blocks() -> None:
    lines = half_blocks(np.asarray(gradient(64, 48)), 40).split("\n")
    assert len(lines) == 15
    assert all(line.count("▀") == 40 and line.endswith("\x1b[0m") for line in lines)
