"""What the engine reads of an order before it draws: can it be drawn, and from what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from smalti.engine.errors import BadOrder
from smalti.engine.picture import PictureOrder
from smalti.models.tile_model import Conditions, TileModel


def check_order(order: PictureOrder, model: TileModel) -> None:
    """Raise BadOrder, with a sentence for the picture's owner, if `model` cannot draw it."""
    conditions = order.conditions
    if order.model != model.name:
        raise BadOrder(f"This engine draws with {model.name!r}, not with {order.model!r}.")
    if conditions.grid not in model.grids:
        sizes = ", ".join(f"{grid.columns}x{grid.rows}" for grid in model.grids)
        raise BadOrder(
            f"{model.name!r} has no grid of {conditions.grid.columns}x{conditions.grid.rows} "
            f"tiles. Its grids: {sizes}."
        )
    if conditions.style is not None and conditions.style not in model.styles:
        raise BadOrder(
            f"{model.name!r} has no style {conditions.style!r}. "
            f"Its styles: {', '.join(model.styles) or 'none'}."
        )
    temperature = order.temperature
    if temperature is not None and not (math.isfinite(temperature) and temperature >= 0):
        raise BadOrder(f"The temperature is {temperature}. It must be a number of 0 or more.")
    if not 0 <= order.shown_rows <= conditions.grid.rows:
        raise BadOrder(f"shown_rows is {order.shown_rows} of a grid of {conditions.grid.rows}.")
    _check_drawn(order, model)


def _check_drawn(order: PictureOrder, model: TileModel) -> None:
    drawn = order.drawn
    if drawn is None or len(drawn) == 0:
        return
    if order.layout is None:
        raise BadOrder("The order brings tiles but no layout. Send both, as they were told.")
    if drawn.ndim != 2 or drawn.shape[1] != model.codes_per_tile:
        raise BadOrder(f"drawn has shape {drawn.shape}, not [tiles, {model.codes_per_tile}].")
    if len(drawn) > order.conditions.grid.tiles:
        raise BadOrder(f"drawn has {len(drawn)} tiles of {order.conditions.grid.tiles}.")
    if drawn.min() < 0 or drawn.max() >= model.codebook_size:
        raise BadOrder(
            f"drawn has codes in [{drawn.min()}, {drawn.max()}], "
            f"outside of [0, {model.codebook_size})."
        )


@dataclass
class _Encoding:
    members: int = 0
    conditions: Conditions | None = None
    encoded: Any = None


class EncodingsByGroup:
    """One `encode` for all pictures of a group, kept while any of them is in the engine."""

    def __init__(self, model: TileModel) -> None:
        self._model = model
        self._groups: dict[str, _Encoding] = {}

    def enter(self, group: str) -> None:
        self._groups.setdefault(group, _Encoding()).members += 1

    def leave(self, group: str) -> None:
        encoding = self._groups[group]
        encoding.members -= 1
        if encoding.members == 0:
            del self._groups[group]

    def get(self, order: PictureOrder) -> Any:
        """The encoded conditions. Raises BadOrder if the group's others have different ones."""
        encoding = self._groups[order.group]
        if encoding.conditions is None:
            encoding.encoded = self._model.encode(order.conditions)
            encoding.conditions = order.conditions
        elif not _same(encoding.conditions, order.conditions):
            raise BadOrder(
                f"Pictures of group {order.group!r} have different conditions. "
                "Give each set of conditions its own group."
            )
        return encoding.encoded


def _same(a: Conditions, b: Conditions) -> bool:
    if (a.prompt, a.grid, a.style) != (b.prompt, b.grid, b.style):
        return False
    if a.source is None or b.source is None:
        return a.source is b.source
    return np.array_equal(a.source, b.source)
