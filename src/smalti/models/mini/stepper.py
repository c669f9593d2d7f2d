"""The drawer's fast path: one tile for many pictures at once, on keys and values kept per slot.

The arithmetic of a row does not depend on the rows beside it: matrix products always run on a
multiple of `ROW_BLOCK` rows (with fewer, the library changes its order of summation) and on weights
laid out by columns, which is also the fastest layout for so few rows (bench/layouts.py); attention
runs per row over a length that is a multiple of `LENGTH_BLOCK`. So a picture is the same alone and
in a crowd. The slow twin is `Drawer.losses`' path over the whole sequence (tests/models).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from smalti.models.mini.drawer import PREFIX, Drawer, Layer, rotary_table, rotate
from smalti.models.mini.tokenizer import CODEBOOK, CODES
from smalti.models.tile_model import Grid

ROW_BLOCK = 8
LENGTH_BLOCK = 64
LEAST_SHARE = 0.005
"""Codes less likely than this share of the likeliest one are never drawn."""


@dataclass(eq=False)
class Cache:
    """The state of all slots.

    keys, values: per layer [slots, heads, length, head width]; cells: what is known beforehand
    of each tile [slots, tiles, d]; cosines, sines: [slots, length, head width]; neighbours: table
    rows of the codes left of and above the next tile; drawn: tiles per slot; columns: per slot;
    codes: [slots, tiles, CODES].
    """

    keys: list[Tensor]
    values: list[Tensor]
    cells: Tensor
    cosines: Tensor
    sines: Tensor
    codes: Tensor
    drawn: list[int]
    columns: list[int]


class Stepper:
    """Takes a drawer that is not trained any more: lays out its weights by columns, in place."""

    def __init__(self, drawer: Drawer, tiles_max: int) -> None:
        self.drawer = drawer
        self.tiles_max = tiles_max
        self.length = -(-(PREFIX + tiles_max) // LENGTH_BLOCK) * LENGTH_BLOCK
        for module in drawer.modules():
            if isinstance(module, nn.Linear):
                module.weight = nn.Parameter(by_columns(module.weight), requires_grad=False)
        self._tables = [by_columns(drawer.table(k)) for k in range(CODES)]
        self._layers = [layer for layer in drawer.layers if isinstance(layer, Layer)]
        with torch.no_grad():
            left = torch.cat([drawer.table(k) for k in range(CODES)])
            # Row of a code: itself as the left neighbour, behind all of those as the one above,
            # then the start of a picture, then nothing (no tile above).
            self._neighbours = torch.cat([
                left, drawer.above(left), drawer.start[None], torch.zeros_like(drawer.start)[None]
            ]).contiguous()  # fmt: skip
        self._start = 2 * CODES * CODEBOOK
        self._nothing = self._start + 1
        self._offsets = np.arange(CODES) * CODEBOOK

    def new_cache(self, slots: int) -> Cache:
        shape = self.drawer.shape
        like = self.drawer.start
        head_width = shape.width // shape.heads

        def zeros(*size: int) -> Tensor:
            return torch.zeros(*size, dtype=like.dtype, device=like.device)

        def per_layer() -> list[Tensor]:
            return [zeros(slots, shape.heads, self.length, head_width) for _ in range(shape.layers)]

        return Cache(
            per_layer(), per_layer(), zeros(slots, self.tiles_max, shape.width),
            zeros(slots, self.length, head_width), zeros(slots, self.length, head_width),
            torch.zeros(slots, self.tiles_max, CODES, dtype=torch.long), [0] * slots, [1] * slots,
        )  # fmt: skip

    @torch.inference_mode()
    def prefill(
        self, cache: Cache, slot: int, prefix: Tensor, cells: Tensor, grid: Grid, drawn: Tensor
    ) -> None:
        """Set up a slot: prefix [1, PREFIX, d], cells [1, tiles, d], drawn codes [t, CODES].

        All positions but the next tile's are computed at once.
        """
        shape = self.drawer.shape
        head_width = shape.width // shape.heads
        cosines, sines = rotary_table(grid.rows, grid.columns, head_width)
        cache.cosines[slot, : len(cosines)] = cosines.to(cells)
        cache.sines[slot, : len(sines)] = sines.to(cells)
        cache.cells[slot, : grid.tiles] = cells[0]
        cache.codes[slot, : len(drawn)] = drawn
        cache.drawn[slot], cache.columns[slot] = len(drawn), grid.columns
        x = prefix[0]
        if len(drawn):
            rows = [self._neighbour_rows(cache, slot, tile) for tile in range(len(drawn))]
            x = torch.cat([x, self._embed(np.stack(rows)) + cells[0, : len(drawn)]])
        n = len(x)
        x = F.pad(x, (0, 0, 0, -n % ROW_BLOCK))
        cosines, sines = cache.cosines[slot, : len(x)], cache.sines[slot, : len(x)]
        mask = torch.ones(len(x), len(x), dtype=torch.bool, device=x.device).tril()
        for layer, keys, values in zip(self._layers, cache.keys, cache.values, strict=True):
            query, key, value = layer.queries_keys_values(x[None], cosines, sines)
            keys[slot, :, :n], values[slot, :, :n] = key[0, :, :n], value[0, :, :n]
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            x = layer.after_attention(x[None], attended)[0]

    @torch.inference_mode()
    def step(
        self,
        cache: Cache,
        slots: Sequence[int],
        uniforms: NDArray[np.float64],
        temperatures: NDArray[np.float32],
    ) -> NDArray[np.int16]:
        """See `TileModel.step`."""
        index = torch.tensor(slots)
        tiles = [cache.drawn[slot] for slot in slots]
        at = torch.tensor(tiles)
        rows = np.stack(
            [self._neighbour_rows(cache, s, t) for s, t in zip(slots, tiles, strict=True)]
        )
        state = self._embed(rows) + cache.cells[index, at]
        state = self._trunk(cache, index, at + PREFIX, state, max(tiles) + PREFIX + 1)
        codes = self._draw(state, uniforms, temperatures)
        cache.codes[index, at] = codes
        for slot in slots:
            cache.drawn[slot] += 1
        return codes.to(torch.int16).numpy()

    def _neighbour_rows(self, cache: Cache, slot: int, tile: int) -> NDArray[np.int64]:
        """Rows of the neighbour table [2 CODES] for the tile at `tile`."""
        rows = np.full(2 * CODES, self._nothing)
        columns = cache.columns[slot]
        if tile == 0:
            rows[0] = self._start
        else:
            rows[:CODES] = cache.codes[slot, tile - 1].numpy() + self._offsets
        if tile >= columns:
            above = cache.codes[slot, tile - columns].numpy()
            rows[CODES:] = above + self._offsets + CODES * CODEBOOK
        return rows

    def _embed(self, rows: NDArray[np.int64]) -> Tensor:
        """[n, 2 CODES] → [n, d]."""
        ids = torch.from_numpy(rows).to(self._neighbours.device)
        return F.embedding_bag(ids, self._neighbours, mode="sum")

    def _trunk(
        self, cache: Cache, index: Tensor, position: Tensor, x: Tensor, longest: int
    ) -> Tensor:
        """Hidden states [n, d] of the next tile of each slot in `index`."""
        n, d = x.shape
        length = -(-longest // LENGTH_BLOCK) * LENGTH_BLOCK
        span = int(index.max()) + 1
        whole = span == n and bool((index == torch.arange(n)).all())
        cosines = cache.cosines[index, position][:, None, None, :]
        sines = cache.sines[index, position][:, None, None, :]
        hidden = torch.full((span, 1, 1, length), float("-inf"), dtype=x.dtype, device=x.device)
        last = torch.zeros(span, dtype=torch.long)
        last[index] = position
        hidden.masked_fill_((torch.arange(length) <= last[:, None])[:, None, None], 0.0)
        x = F.pad(x, (0, 0, 0, -n % ROW_BLOCK))
        for layer, all_keys, all_values in zip(self._layers, cache.keys, cache.values, strict=True):
            heads, head_width = layer.heads, d // layer.heads
            split = layer.qkv(layer.attend_norm(x))[:n].view(n, 3, heads, head_width)
            query, key, value = split.unbind(1)
            query = rotate(
                F.layer_norm(query, (head_width,), layer.query_scale), cosines[:, 0], sines[:, 0]
            )
            key = rotate(
                F.layer_norm(key, (head_width,), layer.key_scale), cosines[:, 0], sines[:, 0]
            )
            all_keys[index, :, position] = key
            all_values[index, :, position] = value
            if not whole:
                query = query.new_zeros(span, heads, head_width).index_copy_(0, index, query)
            attended = F.scaled_dot_product_attention(
                query[:, :, None], all_keys[:span, :, :length], all_values[:span, :, :length],
                attn_mask=hidden,
            )[:, :, 0]  # fmt: skip
            if not whole:
                attended = attended[index]
            flat = F.pad(attended.reshape(n, d), (0, 0, 0, len(x) - n))
            x = x + layer.attend_out(flat)
            gate, up = layer.gate_up(layer.mix_norm(x)).chunk(2, dim=-1)
            x = x + layer.down(F.silu(gate) * up)
        out: Tensor = self.drawer.norm(x)
        return out[:n]

    def _draw(
        self, state: Tensor, uniforms: NDArray[np.float64], temperatures: NDArray[np.float32]
    ) -> Tensor:
        """Sample the codes of a tile one after the other: [n, CODES]."""
        n = len(state)
        head = self.drawer.head
        state = F.pad(state, (0, 0, 0, -n % ROW_BLOCK))
        chance = torch.from_numpy(uniforms).to(state.device)
        heat = torch.from_numpy(temperatures).to(state)[:, None]
        greedy = heat[:, 0] <= 0
        codes = []
        for k in range(CODES):
            logits = head.logits(state, k, self._tables[k])[:n]
            code = sample(logits, chance[:, k], heat.clamp(min=1e-4))
            if greedy.any():
                code = torch.where(greedy, logits.argmax(-1), code)
            codes.append(code)
            if k < CODES - 1:
                state = head.see(state, k, F.pad(code, (0, len(state) - n)))
        return torch.stack(codes, dim=1).cpu()


def by_columns(weight: Tensor) -> Tensor:
    """The same matrix [out, in], stored so that its transpose is contiguous."""
    return weight.detach().T.contiguous().T


def sample(logits: Tensor, uniforms: Tensor, temperatures: Tensor) -> Tensor:
    """The code at which the cumulated probability passes the uniform number.

    logits [n, codes]; uniforms [n] in [0, 1); temperatures [n, 1] > 0. Summed in float64.
    """
    shares = ((logits - logits.max(-1, keepdim=True).values) / temperatures).exp()
    total = torch.where(shares >= LEAST_SHARE, shares, 0.0).double().cumsum(-1)
    return (total <= uniforms[:, None] * total[:, -1:]).sum(-1).clamp(max=logits.shape[-1] - 1)
