"""What the engine's tests share: a model, orders, and the slow twin."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from fake_model import FakeModel

from smalti.engine import PictureOrder
from smalti.models.tile_model import Conditions, TileModel

MakeOrder = Callable[..., PictureOrder]


@pytest.fixture(params=["fake", "fake without lookahead", "fake with long lookahead"])
def model(request: pytest.FixtureRequest) -> TileModel:
    """The models that the engine must draw exactly with; a new kind of model is one more line."""
    makers: dict[str, Callable[[], TileModel]] = {
        "fake": FakeModel,
        "fake without lookahead": lambda: FakeModel(lookahead_rows=0),
        "fake with long lookahead": lambda: FakeModel(lookahead_rows=3),
    }
    return makers[request.param]()


@pytest.fixture
def make_order(model: TileModel) -> MakeOrder:
    numbers = itertools.count()

    def make(prompt: str = "a red cube", *, grid: int = 0, **fields: Any) -> PictureOrder:
        number = next(numbers)
        conditions = Conditions(prompt, model.grids[grid % len(model.grids)])
        defaults = {"picture_id": f"p{number}", "group": f"g{number}", "seed": 1000 + number}
        return PictureOrder(model=model.name, conditions=conditions, **(defaults | fields))

    return make
