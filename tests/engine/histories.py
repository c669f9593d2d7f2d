"""Runs an engine and keeps what it told; and the slow twin that draws one picture alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np

from smalti.engine import LAST_EVENTS, Engine, Event, Paused, PictureOrder, RowDrawn, Strip
from smalti.models.tile_model import Codes, Rgb, TileModel

GAMMA, ONE, TWO, MASK = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 2**64 - 1


def slow_mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * ONE) & MASK
    z = ((z ^ (z >> 27)) * TWO) & MASK
    return z ^ (z >> 31)


def slow_uniform(seed: int, tile: int, code: int) -> float:
    """SplitMix64, one number at a time: the slow twin of `noise.uniforms`."""
    place = tile * 65536 + code + 1
    return (slow_mix((slow_mix(seed & MASK) + place * GAMMA) & MASK) >> 11) / 2**53


def draw_alone(model: TileModel, order: PictureOrder) -> Codes:
    """The slow twin of the engine: one picture, one slot, from the first tile to the last."""
    encoded = model.encode(order.conditions)
    layout = model.lay_out(encoded, order.seed)
    cache = model.new_cache(1)
    model.prefill(cache, 0, encoded, layout, np.empty((0, model.codes_per_tile), np.int16))
    t = model.default_temperature if order.temperature is None else order.temperature
    tiles = []
    for tile in range(order.conditions.grid.tiles):
        noise = [slow_uniform(order.seed, tile, code) for code in range(model.codes_per_tile)]
        tiles.append(model.step(cache, [0], np.array([noise]), np.array([t], np.float32))[0])
    return np.array(tiles, np.int16)


class History:
    """Everything told of each picture, checked for order as it comes."""

    def __init__(self) -> None:
        self.events: dict[str, list[Event]] = defaultdict(list)

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            told = self.events[event.picture_id]
            assert not any(isinstance(e, LAST_EVENTS) for e in told), "told after the last event"
            told.append(event)

    def run(self, engine: Engine, until: Callable[[], bool] = lambda: False) -> None:
        while engine.busy and not until():
            self.take(engine.step())

    def of(self, picture_id: str, kind: type) -> list[Event]:
        return [event for event in self.events[picture_id] if isinstance(event, kind)]

    def last(self, picture_id: str) -> Event:
        assert isinstance(self.events[picture_id][-1], LAST_EVENTS)
        return self.events[picture_id][-1]

    def codes(self, picture_id: str) -> Codes:
        """The rows told, which must follow one another."""
        rows = [event for event in self.events[picture_id] if isinstance(event, RowDrawn)]
        assert [row.row for row in rows] == list(range(rows[0].row, rows[0].row + len(rows)))
        return np.concatenate([row.codes for row in rows])

    def pixels(self, picture_id: str) -> Rgb:
        """The strips, which must adjoin."""
        strips = [event for event in self.events[picture_id] if isinstance(event, Strip)]
        for above, below in pairwise(strips):
            assert below.first_row == above.first_row + above.rows
        return np.concatenate([strip.pixels for strip in strips])


def resumed(order: PictureOrder, paused: Paused) -> PictureOrder:
    return PictureOrder(
        order.picture_id,
        order.model,
        order.group,
        order.conditions,
        order.seed,
        order.temperature,
        paused.layout,
        paused.drawn,
        paused.shown_rows,
    )
