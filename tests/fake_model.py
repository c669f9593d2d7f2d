"""A tile model of a few lines, whose every tile depends on all tiles before it.

A wrong slot, a stale cache, a lost or doubled tile changes everything drawn after it. Words in the
prompt make it misbehave in a worker, or where `misbehaves` is set:

    refuse          encode raises
    raise@5         step raises at tile 5             crash@5   the process dies at tile 5
    hang@5          step never returns                slow      1 ms for each tile
    hold@5:/path    waits at tile 5 until /path exists
    crash@5:/path, hang@5:/path   only until /path exists, which they make: they misbehave once
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smalti.models.tile_model import Codes, Conditions, Grid, Rgb

MASK = 2**64 - 1


def mix(*words: int) -> int:
    state = 0
    for word in words:
        state = ((state ^ (word & MASK)) * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & MASK
        state ^= state >> 29
    return state


@dataclass
class Encoded:
    digest: int
    prompt: str


@dataclass
class Slot:
    state: int
    tiles: int
    prompt: str


class FakeModel:
    name = "fake"
    tile_px = 2
    codes_per_tile = 2
    codebook_size = 64
    default_temperature = 1.0
    grids = (Grid(4, 4), Grid(6, 3), Grid(1, 1), Grid(8, 8))
    styles = ("plain",)

    def __init__(self, lookahead_rows: int = 1, *, misbehaves: bool = False) -> None:
        self.misbehaves = misbehaves
        self.lookahead_rows = lookahead_rows
        self.encodes = 0
        self.prefills = 0
        self.decoded: Counter[tuple[str, int]] = Counter()

    def grid_for(self, width: int, height: int) -> Grid:
        return min(self.grids, key=lambda grid: abs(grid.columns / grid.rows - width / height))

    def encode(self, conditions: Conditions) -> Encoded:
        self.encodes += 1
        if "refuse" in conditions.prompt:
            raise ValueError("this prompt is refused")
        source = b"" if conditions.source is None else conditions.source.tobytes()
        text = f"{conditions.prompt}|{conditions.style}|{conditions.grid}".encode() + source
        digest = hashlib.blake2b(text, digest_size=8).digest()
        return Encoded(int.from_bytes(digest, "big"), conditions.prompt)

    def lay_out(self, encoded: Encoded, seed: int) -> tuple[int, ...]:
        return tuple(mix(encoded.digest, seed, place) % 100 for place in range(3))

    def new_cache(self, slots: int) -> list[Slot | None]:
        return [None] * slots

    def prefill(
        self, cache: Any, slot: int, encoded: Encoded, layout: tuple[int, ...], drawn: Codes
    ) -> None:
        self.prefills += 1
        state = mix(encoded.digest, *layout)
        for tile in drawn:
            state = mix(state, *tile.tolist())
        cache[slot] = Slot(state, len(drawn), encoded.prompt)

    def step(
        self,
        cache: Any,
        slots: Sequence[int],
        uniforms: NDArray[np.float64],
        temperatures: NDArray[np.float32],
    ) -> Codes:
        assert len(set(slots)) == len(slots) == len(uniforms) == len(temperatures)
        assert uniforms.shape[1] == self.codes_per_tile
        assert (uniforms >= 0).all() and (uniforms < 1).all()
        codes = np.empty((len(slots), self.codes_per_tile), np.int16)
        for i, slot in enumerate(slots):
            codes[i] = self._tile(cache[slot], uniforms[i], float(temperatures[i]))
        return codes

    def _tile(self, slot: Slot, uniforms: NDArray[np.float64], temperature: float) -> list[int]:
        if self.misbehaves:
            misbehave(slot.prompt, slot.tiles)
        tile: list[int] = []
        for u in uniforms:
            noise = int(float(u) * 1000) if temperature > 0 else 0
            tile.append((mix(slot.state, len(tile), *tile) + noise) % self.codebook_size)
        slot.state = mix(slot.state, *tile)
        slot.tiles += 1
        return tile

    def decode_rows(self, codes: Codes, grid: Grid, first_row: int, last_row: int) -> Rgb:
        """A tile's three channels: its codes, and the sum of the codes of the rows it looks at."""
        needed = min(last_row + self.lookahead_rows, grid.rows)
        assert first_row < last_row and len(codes) >= needed * grid.columns
        padded = np.zeros((grid.rows + self.lookahead_rows, grid.columns, 2), np.int64)
        rows = codes[: needed * grid.columns].reshape(needed, grid.columns, 2)
        padded[:needed] = rows
        pixels = np.zeros((last_row - first_row, grid.columns, 3), np.uint8)
        for row in range(first_row, last_row):
            pixels[row - first_row, :, :2] = padded[row]
            below = padded[row : row + 1 + self.lookahead_rows].sum(axis=(0, 2))
            pixels[row - first_row, :, 2] = below % 251
        return pixels.repeat(self.tile_px, axis=0).repeat(self.tile_px, axis=1)

    def work(self, grid: Grid) -> int:
        return grid.tiles


def misbehave(prompt: str, tile: int) -> None:
    if "slow" in prompt:
        time.sleep(0.001)
    for word in prompt.split():
        what, _, rest = word.partition("@")
        at, _, path = rest.partition(":")
        if at != str(tile):
            continue
        if what == "hold":
            while not Path(path).exists():
                time.sleep(0.002)
            continue
        if path:
            if Path(path).exists():
                continue
            Path(path).touch()
        if what == "raise":
            raise RuntimeError("the step went wrong")
        if what == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "hang":
            time.sleep(3600)


def load(device: str) -> FakeModel:
    if device == "broken":
        raise RuntimeError("no such device: '/srv/my secret/device'")
    return FakeModel(misbehaves=True)
