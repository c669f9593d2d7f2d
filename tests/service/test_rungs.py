"""The ladder: what is offered in place of a request, and what is then drawn and kept."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import Clock, Life, ask, begin, finish
from PIL import Image
from test_restart import in_two_lives, the_only_job

from smalti.control.ladder import RUNGS
from smalti.control.nouns import FULL
from smalti.models.facts import BEST, MINI, ModelFacts
from smalti.models.tile_model import Grid
from smalti.pictures.decode import Upload
from smalti.pictures.framing import SIDE_STEP, parse_size
from smalti.service.request import Brief, DrawRequest, Manner, in_full
from smalti.service.rungs import offers_of, on_rung

MODELS = {MINI.name: MINI}
STREAMED = Manner(streamed=True, partial_images=2)
SOURCE = Upload(np.zeros((96, 128, 3), np.uint8), None)


def valid(side: tuple[int, int]) -> bool:
    return max(side) <= 3 * min(side)


sides = st.integers(1, 128).map(lambda steps: SIDE_STEP * steps)
sizes = st.none() | st.tuples(sides, sides).filter(valid)
requests = st.builds(
    DrawRequest,
    prompt=st.just("a boat"),
    model=st.just(MINI.name),
    size=sizes,
    quality=st.sampled_from(["low", "medium", "high", "auto"]),
    source=st.sampled_from([None, SOURCE]),
    manner=st.sampled_from([Manner(), STREAMED]),
)
tiers = st.sets(st.sampled_from(RUNGS)).map(lambda some: tuple(r for r in RUNGS if r in some))


def words(**more: object) -> DrawRequest:
    return DrawRequest("a boat", MINI.name, **more)  # type: ignore[arg-type]


def offered(request: DrawRequest, allowed: tuple[str, ...] = RUNGS) -> list[tuple[str, float]]:
    return [(offer.rung, offer.work) for offer in offers_of(request, MINI, allowed, MODELS)]


@given(requests, tiers)
def test_each_rung_saves_more_than_the_one_before(
    request: DrawRequest, allowed: tuple[str, ...]
) -> None:
    offers = offers_of(request, MINI, allowed, MODELS)
    assert [o.rung for o in offers] == [r for r in allowed if r in {o.rung for o in offers}]
    works = [in_full(request, MINI).work, *(o.work for o in offers if o.rung != "partials")]
    assert all(less < more for more, less in pairwise(works))
    for offer in offers:
        assert on_rung(request, MINI, offer.rung, allowed, MODELS).work == offer.work


@given(requests, tiers, st.sampled_from([FULL, *RUNGS]))
def test_what_is_served_on_a_rung_can_be_drawn_kept_and_read_again(
    request: DrawRequest, allowed: tuple[str, ...], rung: str
) -> None:
    full = in_full(request, MINI)
    served = on_rung(request, MINI, rung, allowed, MODELS)
    frame, asked = served.frame, full.frame
    assert frame.grid in MINI.all_grids
    assert (frame.native_width, frame.native_height) == MINI.pixels(frame.grid)
    if served.rung == "size":
        assert 2 * frame.width <= asked.width and 2 * frame.height <= asked.height
        assert frame.width <= frame.native_width and frame.height <= frame.native_height
    else:
        assert (frame.width, frame.height) == (asked.width, asked.height)
    if served.rung in ("quality", "size"):
        assert served.quality == "low"
    if request.size is not None:
        assert parse_size(f"{frame.width}x{frame.height}") == (frame.width, frame.height)
    brief = Brief.of(request, served)
    again = Brief.read(json.loads(json.dumps(brief.written())))
    assert again == brief
    assert (again.rung, again.quality) == (served.rung, served.quality)
    assert again.served["size"] == f"{frame.width}x{frame.height}"


def test_the_rungs_of_smalti_mini() -> None:
    square = words(manner=STREAMED)
    assert offered(square) == [("partials", 256), ("quality", 144), ("size", 100)]
    assert offered(words(size=(1536, 1024))) == [("quality", 216), ("size", 150)]
    assert offered(words(source=SOURCE, manner=STREAMED))[0][0] == "partials"
    assert offered(words(source=SOURCE)) == []


def test_each_rung_of_smalti_mini_was_measured() -> None:
    rungs = MINI.rung_facts["rungs"]
    offers = offered(words(manner=STREAMED))
    assert list(rungs) == [FULL, *(rung for rung, _ in offers)]
    for rung, work in offers:
        facts = rungs[rung]
        assert facts["work_ratio"] == pytest.approx(work / 256, abs=1e-4)
        loss = rungs[FULL]["attributes_right"] - facts["attributes_right"]
        assert facts["loss"] == pytest.approx(loss, abs=2e-4)


def test_a_rung_does_what_the_allowed_ones_before_it_do() -> None:
    request = words(size=(1024, 1024), manner=STREAMED)
    size = on_rung(request, MINI, "size", RUNGS, MODELS)
    assert (size.partial_images, size.frame.width, size.frame.grid) == (0, 160, Grid(10, 10))
    alone = on_rung(request, MINI, "size", ("size",), MODELS)
    assert (alone.partial_images, alone.frame) == (None, size.frame)
    assert on_rung(request, MINI, "quality", ("size",), MODELS) == in_full(request, MINI)


def test_the_same_picture_at_half_the_sides_where_little_was_asked_for() -> None:
    served = on_rung(words(size=(256, 256)), MINI, "size", RUNGS, MODELS)
    assert (served.frame.width, served.frame.height) == (128, 128)
    assert [rung for rung, _ in offered(words(size=(16, 16)))] == ["quality"]


def test_low_quality_may_be_asked_for() -> None:
    low = in_full(words(quality="low", size=(512, 512)), MINI)
    assert (low.quality, low.frame.grid, low.frame.width) == ("low", Grid(12, 12), 512)
    assert in_full(words(quality="low"), MINI).frame.width == 256
    assert in_full(words(quality="medium"), MINI).quality == BEST
    assert in_full(words(quality="low", source=SOURCE), MINI).quality == BEST
    assert offered(words(quality="low")) == [("size", 100)]


def test_a_smaller_model_stands_in_where_there_is_one() -> None:
    small = ModelFacts("small", 0, "", 16, MINI.grids, ("ink",), 0, 99, tile_work=0.25)
    large = replace(MINI, name="large", smaller="small", lesser={}, thumbnails=())
    models = {"large": large, "small": small}

    def rungs(**more: object) -> list[tuple[str, float]]:
        request = DrawRequest("", "large", **more)  # type: ignore[arg-type]
        return [(o.rung, o.work) for o in offers_of(request, large, RUNGS, models)]

    assert rungs() == [("model", 64)]
    assert rungs(style="ink") == [("model", 64)]
    assert rungs(style="pastel") == rungs(source=SOURCE) == []
    assert on_rung(DrawRequest("", "large"), large, "model", RUNGS, models).model == small
    models.pop("small")
    assert rungs() == []


def test_a_rung_survives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    request = ask("hold@5", size=(512, 512), manner=STREAMED, asked={"size": "512x512"})

    async def first(it: Life) -> None:
        ladder = it.service._books.controller._capacity._ladder
        for step in range(3):
            ladder.load_is("free", 1.0, False, len(RUNGS), clock.now - 6 + 3 * step)
        job = await it.service.submit(request, it.user("ann", "free"))
        assert job.brief.rung == "quality"
        await it.holding()

    async def second(it: Life) -> None:
        job = await the_only_job(it)
        assert (job.brief.rung, job.brief.quality, job.brief.partial_images) == (
            "quality",
            "low",
            0,
        )
        await it.holding()
        assert it.backend.orders[0].conditions.grid == Grid(12, 12)
        it.backend.release()
        await finish(job)
        with Image.open(io.BytesIO(job.file(0))) as picture:
            assert picture.size == (512, 512)
            told = json.loads(picture.text["served"])  # type: ignore[attr-defined]
        assert (told["native_size"], told["quality"], told["rung"]) == ("192x192", "low", "quality")

    in_two_lives(tmp_path, first, second, clock=clock)


def test_nothing_less_is_served_to_who_said_never(tmp_path: Path) -> None:
    async def check() -> None:
        clock = Clock()
        it = await begin(tmp_path, clock=clock)
        ladder = it.service._books.controller._capacity._ladder
        for step in range(4):
            ladder.load_is("free", 1.0, False, len(RUNGS), clock.now - 9 + 3 * step)
        ann = it.user("ann", "free")
        job = await it.service.submit(ask(manner=Manner(degrade=False)), ann)
        assert (job.brief.rung, job.brief.frame.grid) == (FULL, Grid(16, 16))
        await finish(job)
        less = await it.service.submit(ask(seed=2), ann)
        assert (less.brief.rung, less.brief.frame.width) == ("size", 128)
        await finish(less)
        await it.service.stop()

    asyncio.run(check())
