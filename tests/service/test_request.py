"""A request as it is kept, and the files that are made of it."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sent_pictures import gradient

from smalti.models.facts import MINI
from smalti.pictures.decode import Upload
from smalti.pictures.framing import keep_masked, scale_kept
from smalti.service.finishing import finished_file, keep_source, read_source
from smalti.service.request import SEED_MAX, Brief, DrawRequest, frame_of, in_full, seeds_of

sides = st.integers(16, 128).map(lambda n: 16 * n)


@given(st.text(), st.none() | st.tuples(sides, sides), st.sampled_from(["png", "webp", "jpeg"]))
def test_what_is_kept_is_read_as_it_was(
    prompt: str, size: tuple[int, int] | None, format: str
) -> None:
    asked = {"prompt": prompt, "n": 2, "user": None}
    request = DrawRequest(prompt, MINI.name, 2, size, output_format=format, asked=asked)  # type: ignore[arg-type]
    brief = Brief.of(request, in_full(request, MINI))
    assert Brief.read(json.loads(json.dumps(brief.written()))) == brief


@given(st.integers(0, SEED_MAX), st.integers(1, 10))
def test_seeds_follow_one_another(seed: int, n: int) -> None:
    seeds = seeds_of(DrawRequest("", MINI.name, n, seed=seed))
    assert seeds == [(seed + i) % 2**53 for i in range(n)]


def test_seeds_are_random_where_none_is_asked_for() -> None:
    firsts = {seeds_of(DrawRequest("", MINI.name))[0] for _ in range(20)}
    assert len(firsts) > 15


def test_a_file_says_what_it_was_made_from() -> None:
    request = DrawRequest("a boat", MINI.name, size=(512, 256), asked={"size": "512x256"})
    brief = Brief.of(request, in_full(request, MINI))
    frame = brief.frame
    canvas = np.zeros((frame.native_height, frame.native_width, 3), np.uint8)
    with Image.open(io.BytesIO(finished_file(brief, canvas, 7, None))) as picture:
        assert picture.size == (512, 256)
        told = picture.text  # type: ignore[attr-defined]
    assert (told["prompt"], told["seed"], told["model"]) == ("a boat", "7", MINI.name)
    assert json.loads(told["asked"]) == {"model": MINI.name, "size": "512x256"}
    assert json.loads(told["served"])["native_size"] == f"{canvas.shape[1]}x{canvas.shape[0]}"


def test_the_model_that_was_asked_for_is_told_beside_the_one_that_drew() -> None:
    request = DrawRequest("a boat", MINI.name)
    smaller = replace(in_full(request, MINI), model=replace(MINI, name="smaller"), rung="model")
    brief = Brief.read(Brief.of(request, smaller).written())
    assert (brief.asked["model"], brief.served["model"]) == (MINI.name, "smaller")


def test_a_kept_source_is_as_good_as_the_one_that_was_sent() -> None:
    pixels = np.asarray(gradient(300, 200))
    mask = np.zeros((200, 300), np.uint8)
    mask[:, :100] = 255
    request = DrawRequest("", MINI.name, source=Upload(pixels, None), mask=mask)
    frame = frame_of(request, MINI)
    kept = keep_source(Upload(pixels, None), mask, frame)
    assert np.array_equal(read_source(kept.source), kept.shown)
    canvas = np.full((frame.native_height, frame.native_width, 3), 9, np.uint8)
    brief = Brief.of(request, in_full(request, MINI))
    with Image.open(io.BytesIO(finished_file(brief, canvas, 1, kept.mask))) as picture:
        drawn = np.asarray(picture)
    expected = keep_masked(frame.finish(canvas), *scale_kept(pixels, mask, frame))
    assert np.array_equal(drawn, expected)
    assert (drawn[:, -1] == 9).all() and not (drawn[:, 0] == 9).all()
