"""A `FakeMini` that takes its time and writes down every row it draws.

The file is named by COUNTED_MINI_LOG. A line is JSON: the prompt and layout of a picture, which
tell it from all others, the row, and the time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from fake_mini import FakeMini
from fake_model import Encoded
from numpy.typing import NDArray

from smalti.models.tile_model import Codes, Conditions

TILE_S = 0.0015


class CountedMini(FakeMini):
    """log: an open file descriptor, written to whole lines at a time."""

    def __init__(self, log: int) -> None:
        super().__init__()
        self._log = log
        self._columns: dict[str, int] = {}
        self._layouts: dict[int, tuple[int, ...]] = {}

    def encode(self, conditions: Conditions) -> Encoded:
        self._columns[conditions.prompt] = conditions.grid.columns
        return super().encode(conditions)

    def prefill(
        self, cache: Any, slot: int, encoded: Encoded, layout: tuple[int, ...], drawn: Codes
    ) -> None:
        super().prefill(cache, slot, encoded, layout, drawn)
        self._layouts[slot] = layout

    def step(
        self,
        cache: Any,
        slots: Sequence[int],
        uniforms: NDArray[np.float64],
        temperatures: NDArray[np.float32],
    ) -> Codes:
        time.sleep(TILE_S)
        codes = super().step(cache, slots, uniforms, temperatures)
        for slot in slots:
            row, rest = divmod(cache[slot].tiles, self._columns[cache[slot].prompt])
            if rest == 0:
                line = [cache[slot].prompt, self._layouts[slot], row - 1, time.time()]
                os.write(self._log, json.dumps(line).encode() + b"\n")
        return codes


def load(device: str) -> CountedMini:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return CountedMini(os.open(os.environ["COUNTED_MINI_LOG"], flags, 0o600))
