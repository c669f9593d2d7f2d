"""What is said of a model without loading it is what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smalti.models.facts import MINI, MODELS
from smalti.models.mini.layout import STYLES
from smalti.models.mini.mini import GRIDS, TILE_PX
from smalti.models.registry import LOADERS
from smalti.models.tile_model import Grid


def test_every_model_that_can_be_loaded_is_known() -> None:
    assert {model.name for model in MODELS} == set(LOADERS)


def test_smalti_mini() -> None:
    assert (MINI.grids, MINI.styles, MINI.tile_px) == (GRIDS, STYLES, TILE_PX)


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_nearest_grid(width: int, height: int) -> None:
    def bent(grid: Grid) -> float:
        stretch = width / height / (grid.columns / grid.rows)
        return max(stretch, 1 / stretch)

    assert bent(MINI.grid_for(width, height)) == pytest.approx(min(map(bent, MINI.grids)))
