"""Uploads that were made to do harm, sent to a live server."""

from __future__ import annotations

from typing import Any

import httpx2
import numpy as np
import picture_corpus
import pytest
from asking import edit, error_of
from sent_pictures import gradient

from smalti.pictures.decode import Limits, decode

NAME = "holiday.png"


@pytest.mark.parametrize("name", picture_corpus.refused())
def test_is_refused_by_its_name(served: Any, http: httpx2.Client, name: str) -> None:
    error = error_of(edit(http, picture_corpus.refused()[name], NAME))
    assert error["message"].startswith(f"{NAME}: ")
    assert (error["param"], error["code"]) == ("image", "invalid_image_file")
    assert " object at 0x" not in error["message"]


@pytest.mark.parametrize("name", picture_corpus.read_or_refused())
def test_is_read_or_refused(served: Any, http: httpx2.Client, name: str) -> None:
    reply = edit(http, picture_corpus.read_or_refused()[name], NAME)
    if reply.status_code != 200:
        assert error_of(reply)["message"].startswith(f"{NAME}: ")


@pytest.mark.parametrize("name", picture_corpus.read())
def test_is_drawn_from(served: Any, http: httpx2.Client, name: str) -> None:
    reply = edit(http, picture_corpus.read()[name], NAME)
    assert reply.status_code == 200, reply.text
    assert b"<script" not in reply.content


@pytest.mark.parametrize("orientation", picture_corpus.ORIENTATIONS)
def test_every_rotation_is_undone(orientation: int) -> None:
    upload = decode(picture_corpus.rotated(orientation), NAME, "image", Limits())
    # Stored as it is, and told to be turned: what comes out is the gradient, turned so.
    turned = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
        5: lambda p: np.swapaxes(p, 0, 1), 6: lambda p: np.rot90(p, 3),
        7: lambda p: np.swapaxes(np.rot90(p, 2), 0, 1), 8: np.rot90,
    }[orientation](np.asarray(gradient()).astype(int))  # fmt: skip
    assert upload.pixels.shape == turned.shape
    assert np.abs(upload.pixels - turned).max() <= 8


def test_a_file_over_the_limit_is_refused_by_its_name(served: Any, http: httpx2.Client) -> None:
    big = picture_corpus.small_png() + bytes(50_000_000)
    error = error_of(edit(http, big, NAME))
    assert error["message"].startswith(f"{NAME}: the file has 50.0 MB; at most 50")


def test_a_body_over_the_limit(served: Any, http: httpx2.Client) -> None:
    reply = edit(http, bytes(61_000_000), NAME)
    assert reply.status_code == 413
    assert "60 MB" in error_of(reply)["message"]


@pytest.mark.parametrize("name", ["webp of a huge canvas", "png, packed text", "html", "empty"])
def test_a_mask_is_no_way_round(served: Any, http: httpx2.Client, name: str) -> None:
    error = error_of(edit(http, picture_corpus.refused()[name], "mask.png", field="mask"))
    assert error["param"] == "mask"
    assert error["message"].startswith("mask.png: ")


def test_several_of_the_largest_at_once(served: Any, http: httpx2.Client) -> None:
    """Unpacked one after the other, not all together."""
    large = picture_corpus.png(4000, 4000, picture_corpus.packed_zeros(49))
    files = [("image[]", (f"{i}.png", large)) for i in range(4)]
    reply = http.post("/v1/images/edits", data={"prompt": "at night"}, files=files, timeout=60)
    assert reply.status_code == 200, reply.text
