"""What is said of a model without loading it is what it is."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.models.facts import BEST, MINI, MODELS, ModelFacts, nearest, read_rung_facts
from smalti.models.mini.layout import STYLES
from smalti.models.mini.mini import GRIDS, SMALL_GRIDS, TILE_PX
from smalti.models.registry import LOADERS
from smalti.models.tile_model import Grid


def test_every_model_that_can_be_loaded_is_known() -> None:
    assert {model.name for model in MODELS} == set(LOADERS)


def test_smalti_mini() -> None:
    assert (MINI.grids, MINI.styles, MINI.tile_px) == (GRIDS, STYLES, TILE_PX)
    assert MINI.all_grids == GRIDS + SMALL_GRIDS


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_each_quality_draws_fewer_tiles_of_the_same_proportions(model: ModelFacts) -> None:
    assert next(iter(model.qualities)) == BEST
    for full in model.grids:
        width, height = model.pixels(full)
        grids = [model.grid_for(width, height, quality) for quality in model.qualities]
        grids += [nearest(model.thumbnails, width, height)] if model.thumbnails else []
        assert all(less.tiles < more.tiles for more, less in pairwise(grids))
        assert {Fraction(grid.columns, grid.rows) for grid in grids} == {Fraction(width, height)}


def test_what_was_measured_of_the_rungs_is_read_from_beside_the_model(tmp_path: Path) -> None:
    file = tmp_path / "ladder.json"
    assert read_rung_facts(file) == {}
    file.write_text('{"rungs": {"quality": {"gain": 1.7}}}')
    assert read_rung_facts(file) == {"rungs": {"quality": {"gain": 1.7}}}


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_nearest_grid(width: int, height: int) -> None:
    def bent(grid: Grid) -> float:
        stretch = width / height / (grid.columns / grid.rows)
        return max(stretch, 1 / stretch)

    assert bent(MINI.grid_for(width, height)) == pytest.approx(min(map(bent, MINI.grids)))
