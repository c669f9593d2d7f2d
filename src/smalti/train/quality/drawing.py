"""Pictures drawn by the engine, as for any client; scenes that no training run draws."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smalti.engine import Engine, Failed, PictureOrder, Started, Strip
from smalti.models.mini.layout import Layout
from smalti.models.mini.mini import Mini
from smalti.models.tile_model import Conditions, Grid, Rgb

SQUARE = Grid(16, 16)
Figures = dict[str, float]
_SEED = 20_280_000
"""No training run draws its scenes from this stream."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture and the layout that the model wrote for it."""

    picture: Rgb
    layout: Layout


def draw(model: Mini, conditions: Sequence[Conditions], slots: int) -> list[Drawn]:
    """Draw all, `slots` at once; the seed of a picture is its number. Prints how far it is."""
    engine = Engine(model, slots, joins_per_step=slots)
    for number, wish in enumerate(conditions):
        engine.add(PictureOrder(str(number), model.name, str(number), wish, number))
    strips: list[list[Rgb]] = [[] for _ in conditions]
    layouts: dict[int, Layout] = {}
    start = time.perf_counter()
    while engine.busy:
        for event in engine.step():
            number = int(event.picture_id)
            if isinstance(event, Failed):
                raise RuntimeError(f"Picture {number} failed: {event.reason}")
            if isinstance(event, Started):
                layouts[number] = Layout.from_ints(event.layout)
            if isinstance(event, Strip):
                strips[number].append(event.pixels)
    print(f"  {len(conditions)} pictures drawn in {time.perf_counter() - start:.0f} s")
    return [Drawn(np.concatenate(s), layouts[i]) for i, s in enumerate(strips)]


def stream(part: str, number: int) -> np.random.Generator:
    return np.random.default_rng((_SEED, *part.encode(), number))
