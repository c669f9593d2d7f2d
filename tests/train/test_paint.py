"""The renderer: shapes, determinism, agreement of styles in place, telling values apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from smalti.models.mini.layout import FIELDS, GLYPHS, INDEX, STYLES, footprint
from smalti.train.world.paint import render
from smalti.train.world.paint.sign import glyph
from smalti.train.world.paint.sprites import sprite
from smalti.train.world.scene import TILE_PX, Scene, sample_scene

GRIDS = ((16, 16), (14, 21), (21, 14))
TIMES = FIELDS[INDEX["time"]].values


def bare(rows: int = 16, columns: int = 16, **parts: Any) -> Scene:
    scene = Scene(rows, columns, 7, "photo", "day", "clear", "grass", "plain", rows // 2 - 1)
    return replace(scene, **parts)


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
@pytest.mark.parametrize("style", STYLES)
def test_a_picture_is_rgb_bytes_of_the_size_of_its_grid(
    rows: int, columns: int, style: str
) -> None:
    rng = np.random.default_rng(rows)
    for _ in range(12):
        picture = render(sample_scene(rng, rows, columns, style))
        assert picture.shape == (rows * TILE_PX, columns * TILE_PX, 3)
        assert picture.dtype == np.uint8


@pytest.mark.parametrize("style", STYLES)
def test_the_same_scene_gives_the_same_bytes(style: str) -> None:
    scenes = [sample_scene(np.random.default_rng(n), style=style) for n in range(8)]
    first = [render(scene) for scene in scenes]
    for scene, picture in zip(reversed(scenes), reversed(first), strict=True):
        assert np.array_equal(render(scene), picture)


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
@pytest.mark.parametrize("field", [f.name for f in FIELDS if f.values])
def test_every_value_renders_in_every_style(rows: int, columns: int, field: str) -> None:
    if field in ("horizon", "sign", "roof"):
        pytest.skip("drawn through other fields")
    for value in FIELDS[INDEX[field]].values:
        for style in STYLES:
            parts: dict[str, Any] = {"style": style, field: value}
            if field in ("sky_body", "house", "boat", "animal", "figure") and value != "none":
                high, wide = footprint(field)
                place = "sky_place" if field == "sky_body" else f"{field}_place"
                parts[place] = (0 if field == "sky_body" else rows - high, columns - wide)
                parts["roof"] = "grey"
            if field == "tree" and value != "none":
                parts["tree_places"] = ((rows - 4, 0), (rows - 4, columns - 3))
            picture = render(bare(rows, columns, **parts))
            assert picture.std() > 5


@pytest.mark.parametrize(("rows", "columns"), GRIDS)
def test_things_at_and_over_the_edge_are_cut(rows: int, columns: int) -> None:
    for style in STYLES:
        scene = bare(
            rows, columns, style=style, background="sea", horizon=6, boat="steamboat",
            boat_place=(6, columns - 1), house="red", roof="green", house_place=(rows - 2, 0),
            sky_body="sun", sky_place=(0, columns - 2), word="AB?",
            sign_place=(rows - 2, columns - 4),
        )  # fmt: skip
        assert render(scene).shape == (rows * TILE_PX, columns * TILE_PX, 3)


@pytest.mark.parametrize("style", STYLES)
def test_a_thing_changes_only_its_footprint(style: str) -> None:
    without = bare(style=style)
    things = {"house": "blue", "tree": "pine", "animal": "fox", "figure": "red"}
    for thing, value in things.items():
        high, wide = footprint(thing)
        spot: Any = ((9, 5),) if thing == "tree" else (9, 5)
        place = "tree_places" if thing == "tree" else f"{thing}_place"
        picture = render(bare(**{"style": style, thing: value, place: spot, "roof": "grey"}))
        changed = (picture != render(without)).any(2)
        inside = np.zeros_like(changed)
        inside[9 * TILE_PX : (9 + high) * TILE_PX, 5 * TILE_PX : (5 + wide) * TILE_PX] = True
        assert changed.any()
        assert not (changed & ~inside).any()


def test_styles_agree_where_the_sun_stands() -> None:
    for style in STYLES:
        scene = bare(style=style)
        with_sun = render(replace(scene, sky_body="sun", sky_place=(1, 9))).astype(int)
        change = np.abs(with_sun - render(scene)).sum(2).astype(float)
        change[change < 0.7 * change.max()] = 0
        y, x = np.indices(change.shape)
        assert abs((y * change).sum() / change.sum() - (2 * TILE_PX - 0.5)) < 4
        assert abs((x * change).sum() / change.sum() - (10 * TILE_PX - 0.5)) < 4


@pytest.mark.parametrize("style", STYLES)
def test_a_thing_has_one_silhouette_at_all_times(style: str) -> None:
    shapes = [sprite("tree", "blossom", style, time).through for time in TIMES]
    for through in shapes[1:]:
        assert np.array_equal(through, shapes[0])


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("style", STYLES)
def test_colours_of_walls_and_coats_stay_apart(style: str, time: str) -> None:
    for thing, names, box in (
        ("house", ("red grey", "blue grey", "yellow grey", "white grey"), np.s_[54:60, 12:24]),
        ("figure", ("red", "blue", "yellow"), np.s_[30:38, 10:16]),
        ("house", ("red brown", "red grey", "red green"), np.s_[14:30, 16:40]),
    ):
        seen = [sprite(thing, name, style, time).paint[box].mean((0, 1)) for name in names]
        for i, a in enumerate(seen):
            for b in seen[:i]:
                assert np.linalg.norm(a - b) > 24, (thing, names, style, time)


def test_times_of_day_stay_apart_in_every_style() -> None:
    for style in STYLES:
        seen = [render(bare(style=style, time=time))[:96].mean((0, 1)) for time in TIMES]
        for i, a in enumerate(seen):
            for b in seen[:i]:
                assert np.linalg.norm(a - b) > 24, style


def test_letters_fill_their_cells_and_differ() -> None:
    cells = [glyph(letter) for letter in GLYPHS]
    for cell in cells:
        assert cell.shape == (2 * TILE_PX, TILE_PX)
        rows = np.flatnonzero(cell.max(1) > 0.3)
        assert rows[-1] - rows[0] >= 21
    for i, a in enumerate(cells):
        assert all(np.abs(a - b).sum() > 8 for b in cells[:i])


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("style", STYLES)
def test_letters_are_dark_on_a_light_board(style: str, time: str) -> None:
    picture = render(bare(style=style, time=time, word="H", sign_place=(10, 4)))
    cell = picture[10 * TILE_PX : 12 * TILE_PX, 5 * TILE_PX : 6 * TILE_PX].mean(2)
    ink = glyph("H") > 0.9
    board = cell[6:-6][glyph("H")[6:-6] < 0.01]
    assert board.mean() - cell[ink].mean() > 80
