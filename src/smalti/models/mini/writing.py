"""Writing a layout: the reader's fields sampled one after the other, within what can stand.

A place is only taken where the thing's footprint fits the grid and overlaps nothing before it, nor
what a source shows, so that every layout can be drawn whatever the prompt. The randomness is a
function of the seed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from smalti.models.mini.layout import (
    FIELDS,
    INDEX,
    PLACE_SIDE,
    PLACED,
    UNSAID,
    Layout,
    bottom_rows,
    footprint,
    place_fields,
    token_ranges,
)
from smalti.models.mini.reader import TASKS, Reader, encode_text
from smalti.models.mini.small_grid import TREES_TRIED, horizons, is_small
from smalti.models.tile_model import Grid

CHOICE_TEMPERATURE = 0.6
PLACE_TEMPERATURE = 0.9
LEAST_SHARE = 0.02
"""Values less likely than this share of the likeliest one are never taken."""
STANDS_IN_THE_SKY = ("sky_place", "boat_place")
STANDS_ON_GROUND = ("house", "tree", "figure", "animal", "sign")
MORE_TREES = ("tree_place_2", "tree_place_3")
_THING_OF_PLACE = {name: thing for thing in PLACED for name in place_fields(thing)}
_RANGES = token_ranges()


@dataclass(frozen=True, eq=False)
class Text:
    """A prompt as the reader sees it. memory: keys and values of each layer; word: the sign's."""

    memory: tuple[tuple[Tensor, Tensor], ...]
    grid: Grid
    edits: bool
    word: str
    style: str | None
    blank: bool


@torch.inference_mode()
def read_text(
    reader: Reader, prompt: str, word: str, grid: Grid, style: str | None, edits: bool
) -> Text:
    device = reader.allowed.device
    text = encode_text([prompt]).to(device)
    task = torch.tensor([TASKS.index("edit" if edits else "draw")], device=device)
    size = torch.tensor([[grid.rows, grid.columns]], device=device)
    memory = reader.remember(*reader.text(text, task, size))
    return Text(memory, grid, edits, word, style, blank=not prompt.strip())


@torch.inference_mode()
def write_layout(reader: Reader, text: Text, seed: int, seen: Layout | None = None) -> Layout:
    """Sample the fields of a layout; those of an edit say only what changes.

    seen: what an edit's source shows; what is added finds its place between that.
    """
    if text.edits and text.blank:
        return Layout.of() if text.style is None else Layout.of(style=text.style)
    random = np.random.Generator(np.random.Philox(key=seed))
    for trees in TREES_TRIED:
        table = _Table(text, seen, trees)
        values = _sampled(reader, text, table, random.random(len(FIELDS)))
        if not table.crowded:
            break
    written = bool(values[INDEX["sign"]] > 1)
    return Layout(tuple(values), text.word if written else "")


def _sampled(reader: Reader, text: Text, table: _Table, uniforms: NDArray[np.float64]) -> list[int]:
    """The value of each field, among those that the table allows."""
    memory = text.memory
    values: list[int] = []
    token: int | None = None
    for i in range(len(FIELDS)):
        logits, memory = reader.next_field(memory, i, token)
        start, stop = _RANGES[i]
        shares = _shares(logits[start:stop].double().cpu().numpy(), FIELDS[i].is_place)
        allowed = shares * table.allowed(i, values)
        if not allowed.any():
            allowed = table.allowed(i, values).astype(np.float64)
        value = _take(allowed, uniforms[i])
        values.append(value)
        token = start + value
    return values


def _shares(logits: NDArray[np.float64], is_place: bool) -> NDArray[np.float64]:
    """Probabilities at the field's temperature, the unlikely ones cut to 0."""
    scaled = (logits - logits.max()) / (PLACE_TEMPERATURE if is_place else CHOICE_TEMPERATURE)
    shares: NDArray[np.float64] = np.exp(scaled)
    return np.where(shares >= LEAST_SHARE, shares, 0.0)


def _take(weights: NDArray[np.float64], uniform: float) -> int:
    total = np.cumsum(weights)
    return int(np.searchsorted(total, uniform * total[-1], side="right").clip(0, len(total) - 1))


class _Table:
    """Which values a field may take, given the ones before it.

    trees: how many at most, on a small grid. crowded: whether there was no place on a small grid
    for something that is said to stand there.
    """

    def __init__(self, text: Text, source: Layout | None, trees: int) -> None:
        self.crowded = False
        self._small = is_small(text.grid) and not text.edits
        self._too_many = MORE_TREES[trees - 1 :] if self._small else ()
        self._text = text
        self._source = source
        horizon = None if source is None else source.choice("horizon")
        self._horizon = None if horizon is None else int(horizon)
        self._taken = np.zeros((text.grid.rows, text.grid.columns), dtype=bool)
        self._seen = 0
        for thing in STANDS_ON_GROUND:
            for row, column, high, wide in source.boxes(thing) if source is not None else ():
                self._taken[row : row + high, column : column + wide] = True

    def allowed(self, index: int, values: list[int]) -> NDArray[np.bool_]:
        self._occupy(values)
        field, text = FIELDS[index], self._text
        allowed = np.ones(field.size, dtype=bool)
        if field.is_place:
            return self._places(field.name, values)
        if not text.edits:
            allowed[UNSAID] = False
        if field.name == "style" and text.style is not None:
            allowed[:] = False
            allowed[1 + field.values.index(text.style)] = True
        elif field.name == "horizon" and not text.edits:
            first, last = 3, text.grid.rows - 5
            if self._small:
                first, last = horizons(text.grid.rows, _by_the_sea(values))
            allowed[1 + last + 1 :] = False
            allowed[: 1 + first] = False
        elif field.name == "sign":
            allowed[2:] = False  # without a word, "unsaid" or "none"
            if text.word:
                allowed[:] = False
                allowed[1 + len(text.word)] = True
        return allowed

    def _places(self, name: str, values: list[int]) -> NDArray[np.bool_]:
        """Cells at which the thing fits; only UNSAID where there is no such thing."""
        allowed = np.zeros((PLACE_SIDE, PLACE_SIDE), dtype=bool)
        thing = _THING_OF_PLACE[name]
        there = self._horizon is None or bool(self._source and self._source.places(thing))
        optional = self._text.edits and name != "sign_place" and there
        if values[INDEX[thing]] > 1 and name not in self._too_many:
            high, wide = footprint(thing, len(self._text.word))
            columns = self._taken.shape[1]
            for row in self._rows(thing, high, values):
                for column in range(columns - wide + 1):
                    free = not self._taken[row : row + high, column : column + wide].any()
                    allowed[row, column] = free or name in STANDS_IN_THE_SKY
            if self._small and name not in MORE_TREES and not allowed.any():
                self.crowded = True
        unsaid = optional or not allowed.any() or name in MORE_TREES
        return np.concatenate([[unsaid], allowed.ravel()])

    def _rows(self, thing: str, high: int, values: list[int]) -> range:
        """Top rows at which a thing can stand: on the ground, where that must be seen to."""
        rows = self._taken.shape[0]
        if self._source is not None and self._horizon is not None:
            horizon, sea = self._horizon, self._source.choice("background") == "sea"
        elif self._small:
            horizon, sea = values[INDEX["horizon"]] - 1, _by_the_sea(values)
        else:
            return range(rows - high + 1)
        first, last = bottom_rows(thing, horizon, sea, rows)
        return range(max(0, first - high + 1), min(last, rows - 1) - high + 2)

    def _occupy(self, values: list[int]) -> None:
        """Mark the footprints of places written since the last look."""
        for i in range(self._seen, len(values)):
            name = FIELDS[i].name
            if not FIELDS[i].is_place or name in STANDS_IN_THE_SKY or values[i] == UNSAID:
                continue
            row, column = divmod(values[i] - 1, PLACE_SIDE)
            high, wide = footprint(_THING_OF_PLACE[name], len(self._text.word))
            self._taken[row : row + high, column : column + wide] = True
        self._seen = len(values)


def _by_the_sea(values: list[int]) -> bool:
    return values[INDEX["background"]] == 1 + FIELDS[INDEX["background"]].values.index("sea")
