"""Uploads, read or refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from sent_pictures import bad_pictures, bomb, gradient, odd_pictures, saved

from smalti.errors import InvalidRequest
from smalti.pictures.decode import Limits, Upload, decode

EXPECTED = np.asarray(gradient()).astype(int)


def read(data: bytes, limits: Limits | None = None) -> Upload:
    return decode(data, "a.png", "image", limits or Limits())


@pytest.mark.parametrize("name", odd_pictures())
def test_odd_pictures_come_out_upright_and_rgb(name: str) -> None:
    upload = read(odd_pictures()[name])
    assert upload.pixels.dtype == np.uint8
    assert upload.pixels.shape[2] == 3
    assert (upload.alpha is not None) == (
        name in {"rgba", "grey with alpha", "palette, transparent"}
    )


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [("png", 0), ("rgba", 0), ("broken profile", 0), ("profile", 2), ("jpeg", 20), ("webp", 20)],
)
def test_colours_are_kept(name: str, tolerance: int) -> None:
    assert np.abs(read(odd_pictures()[name]).pixels - EXPECTED).max() <= tolerance


def test_cmyk_is_nearly_the_same(tolerance: int = 24) -> None:
    assert np.abs(read(odd_pictures()["cmyk jpeg"]).pixels - EXPECTED).max() <= tolerance


def test_sixteen_bits_become_eight() -> None:
    grey = np.asarray(gradient().convert("L"))
    assert np.array_equal(read(odd_pictures()["16 bits"]).pixels[..., 0], grey)


def test_a_turned_photograph_is_turned_back() -> None:
    upload = read(odd_pictures()["rotated"])
    assert (upload.width, upload.height) == (48, 64)
    assert np.abs(np.rot90(upload.pixels, 1) - EXPECTED).max() <= 20


def test_a_wide_colour_profile_is_applied() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    assert read(saved(gradient(), icc_profile=lab)).pixels.shape == EXPECTED.shape


def test_transparent_parts_show_paper() -> None:
    clear = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    upload = read(saved(clear))
    assert upload.pixels.tolist() == [[[255] * 3] * 2]
    assert upload.alpha is not None and upload.alpha.tolist() == [[0, 0]]


@pytest.mark.parametrize("name", bad_pictures())
def test_bad_pictures_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^a\.png: ") as raised:
        read(bad_pictures()[name])
    assert raised.value.param == "image"


def test_a_bomb_is_refused_by_what_it_says_of_itself() -> None:
    with pytest.raises(InvalidRequest, match="50000x50000 pixels; at most 64 million"):
        read(bomb())
    with pytest.raises(InvalidRequest, match="64x48 pixels"):
        read(saved(gradient()), Limits(pixels=3000))


def test_other_formats_are_named() -> None:
    with pytest.raises(InvalidRequest, match="a GIF file"):
        read(bad_pictures()["gif"])


@given(
    st.sampled_from(["png", "jpeg", "webp", "rgba", "16 bits", "profile", "rotated"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4)), max_size=6),
    st.integers(0, 10_000),
)
def test_damage_is_read_or_refused(name: str, damage: list[tuple[int, bytes]], length: int) -> None:
    data = bytearray(ODD[name])
    for place, junk in damage:
        start = place % len(data)
        data[start : start + len(junk)] = junk
    try:
        upload = read(bytes(data[: max(1, length % (2 * len(data)))]))
    except InvalidRequest as error:
        assert error.message.startswith("a.png: ")
    else:
        assert upload.pixels.ndim == 3


ODD = odd_pictures()
