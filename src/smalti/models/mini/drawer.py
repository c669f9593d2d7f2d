"""The drawer of smalti-mini: a decoder-only transformer over a layout and tiles.

Sequence: one source token, one token per layout field, then the tiles in raster order. What is
known of a cell beforehand is *added* at the position that predicts it (aligned conditioning): the
aligned maps of the layout, and the source picture's tiles seen through small convolutions. That
makes no sequence longer and needs no cache. The codes of one tile are drawn together, each seeing
the ones before it through a small head.

Attention: queries and keys normalised per head (QK-norm), rotary positions in two dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from smalti.models.mini import layout
from smalti.models.mini.tokenizer import CODEBOOK, CODES

PREFIX = 1 + len(layout.FIELDS)
"""Positions before the first tile."""
SIDE = layout.PLACE_SIDE


@dataclass(frozen=True)
class DrawerShape:
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 704
    source_width: int = 128


def rotary_table(rows: int, columns: int, head_width: int) -> tuple[Tensor, Tensor]:
    """(cosines, sines) [PREFIX + rows * columns, head_width]: half for the row, half the column.

    The prefix stands in a row of its own above the picture.
    """
    row = torch.arange(rows).repeat_interleave(columns) + 2
    column = torch.arange(columns).repeat(rows)
    row = torch.cat([torch.zeros(PREFIX, dtype=torch.long), row]).float()
    column = torch.cat([torch.arange(PREFIX), column]).float()
    quarter = head_width // 4
    rates = 100.0 ** (-torch.arange(quarter) / quarter)
    angles = torch.cat([row[:, None] * rates, column[:, None] * rates], dim=1)
    angles = torch.cat([angles, angles], dim=1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Rotate pairs (i, i + half) of the last dimension."""
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat([-second, first], dim=-1) * sines


class Layer(nn.Module):
    def __init__(self, shape: DrawerShape) -> None:
        super().__init__()
        d, self.heads = shape.width, shape.heads
        self.attend_norm = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.query_scale = nn.Parameter(torch.full((d // shape.heads,), 1.0))
        self.key_scale = nn.Parameter(torch.full((d // shape.heads,), 1.0))
        self.attend_out = nn.Linear(d, d, bias=False)
        self.mix_norm = nn.LayerNorm(d)
        self.gate_up = nn.Linear(d, 2 * shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, d, bias=False)
        nn.init.zeros_(self.attend_out.weight)
        nn.init.zeros_(self.down.weight)

    def queries_keys_values(
        self, x: Tensor, cosines: Tensor, sines: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[batch, n, d] → three of [batch, heads, n, head width]; cosines, sines [.., n, hw]."""
        batch, n, d = x.shape
        split = self.qkv(self.attend_norm(x)).view(batch, n, 3, self.heads, d // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        query = F.layer_norm(query, query.shape[-1:], self.query_scale)
        key = F.layer_norm(key, key.shape[-1:], self.key_scale)
        return rotate(query, cosines, sines), rotate(key, cosines, sines), value

    def after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        """x [batch, n, d] plus attended [batch, heads, n, head width], then the mixing half."""
        x = x + self.attend_out(attended.transpose(1, 2).flatten(2))
        gate, up = self.gate_up(self.mix_norm(x)).chunk(2, dim=-1)
        out: Tensor = x + self.down(F.silu(gate) * up)
        return out

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
        query, key, value = self.queries_keys_values(x, cosines, sines)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.after_attention(x, attended)


class SourceView(nn.Module):
    """What a cell may know of the source picture: 7 x 7 tiles around it, and all of it pooled."""

    def __init__(self, shape: DrawerShape) -> None:
        super().__init__()
        w = shape.source_width
        self.narrow = nn.Conv2d(shape.width, w, 1)
        self.around = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for _ in range(3))
        self.widen = nn.Conv2d(w, shape.width, 1)
        self.pooled = nn.Linear(w, shape.width)

    def forward(self, tiles: Tensor) -> tuple[Tensor, Tensor]:
        """[batch, rows, columns, d] → for each cell [batch, tiles, d], and pooled [batch, d]."""
        x = self.narrow(tiles.permute(0, 3, 1, 2))
        for convolution in self.around:
            x = x + F.silu(convolution(x))
        cells = tiles + self.widen(x).permute(0, 2, 3, 1)
        return cells.flatten(1, 2), self.pooled(x.mean(dim=(2, 3)))


class CodeHead(nn.Module):
    """Logits of a tile's codes, one after the other."""

    def __init__(self, shape: DrawerShape) -> None:
        super().__init__()
        d = shape.width
        self.seen = nn.ModuleList(nn.Embedding(CODEBOOK, d) for _ in range(CODES - 1))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(CODES))
        self.mixes = nn.ModuleList(
            nn.Sequential(nn.Linear(d, d), nn.SiLU(), nn.Linear(d, d)) for _ in range(CODES)
        )
        for table in self.seen:
            assert isinstance(table, nn.Embedding)
            nn.init.normal_(table.weight, std=0.1)

    def logits(self, state: Tensor, k: int, table: Tensor) -> Tensor:
        """Logits [..., CODEBOOK] of code k, whose embedding table is also the output."""
        mixed = self.norms[k](state)
        out: Tensor = (mixed + self.mixes[k](mixed)) @ table.T
        return out

    def see(self, state: Tensor, k: int, code: Tensor) -> Tensor:
        """The state after code k is known."""
        out: Tensor = state + self.seen[k](code)
        return out


class Drawer(nn.Module):
    def __init__(self, shape: DrawerShape) -> None:
        super().__init__()
        d = shape.width
        self.shape = shape
        self.tiles = nn.ModuleList(nn.Embedding(CODEBOOK, d) for _ in range(CODES))
        self.start = nn.Parameter(torch.zeros(d))
        self.above = nn.Linear(d, d, bias=False)
        self.fields = nn.Embedding(layout.TOKENS, d)
        self.field_names = nn.Embedding(len(layout.FIELDS), d)
        self.everywhere = nn.Linear(d, d, bias=False)
        self.aligned = nn.Embedding(layout.ALIGNED_IDS, d)
        self.row = nn.Embedding(SIDE, d)
        self.column = nn.Embedding(SIDE, d)
        self.source = SourceView(shape)
        self.no_source = nn.Parameter(torch.zeros(d))
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(d)
        self.head = CodeHead(shape)
        for table in (*self.tiles, self.fields, self.field_names, self.aligned, self.row,
                      self.column):  # fmt: skip
            assert isinstance(table, nn.Embedding)
            nn.init.normal_(table.weight, std=0.06)

    def embed_tiles(self, codes: Tensor) -> Tensor:
        """[..., CODES] → [..., d]."""
        return torch.stack([table(codes[..., k]) for k, table in enumerate(self.tiles)]).sum(0)

    def table(self, k: int) -> Tensor:
        table = self.tiles[k]
        assert isinstance(table, nn.Embedding)
        return table.weight

    def conditions(
        self, fields: Tensor, maps: Tensor, source: Tensor | None, has_source: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What is known before the first tile.

        fields: token ids [batch, FIELDS]; maps: aligned ids [batch, CHANNELS, rows, columns];
        source: codes [batch, rows, columns, CODES] or None; has_source: [batch] of 0. or 1.
        Returns the prefix [batch, PREFIX, d] and, per cell, [batch, tiles, d].
        """
        batch, _, rows, columns = maps.shape
        tokens = self.fields(fields) + self.field_names.weight
        ids = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1]).long()
        cells = F.embedding_bag(ids, self.aligned.weight, mode="sum", padding_idx=0)
        cells = (
            cells.view(batch, rows, columns, -1)
            + self.row.weight[:rows, None]
            + self.column.weight[None, :columns]
        )
        cells = cells.flatten(1, 2) + self.everywhere(tokens.mean(1))[:, None]
        first = self.no_source.expand(batch, -1)
        if source is not None:
            around, pooled = self.source(self.embed_tiles(source))
            share = has_source[:, None]
            cells = cells + share[..., None] * (around + pooled[:, None])
            first = torch.lerp(first, pooled, share)
        return torch.cat([first[:, None], tokens], dim=1), cells

    def tile_inputs(self, codes: Tensor, columns: int) -> Tensor:
        """From all tiles [batch, tiles, CODES]: what each position sees of its left and above."""
        embedded = self.embed_tiles(codes)
        start = self.start.expand(embedded.shape[0], 1, -1)
        left = torch.cat([start, embedded[:, :-1]], dim=1)
        above = F.pad(self.above(embedded[:, :-columns]), (0, 0, columns, 0))
        return left + above

    def trunk(self, prefix: Tensor, tiles: Tensor, rows: int, columns: int) -> Tensor:
        """Hidden states [batch, tiles, d] of the positions that predict tiles."""
        cosines, sines = rotary_table(rows, columns, self.shape.width // self.shape.heads)
        x = torch.cat([prefix, tiles], dim=1)
        cosines, sines = cosines.to(x), sines.to(x)
        for layer in self.layers:
            x = layer(x, cosines, sines)
        out: Tensor = self.norm(x[:, PREFIX:])
        return out

    def losses(
        self, codes: Tensor, fields: Tensor, maps: Tensor, source: Tensor | None,
        has_source: Tensor, later_share: float = 1.0, scrambled_share: float = 0.0,
    ) -> Tensor:  # fmt: skip
        """Cross-entropy in nats of each code of each tile: [batch, tiles, CODES].

        codes: the picture to learn, [batch, rows, columns, CODES]. later_share: the codes after
        the first are only scored at this share of the tiles, drawn at random; their losses there
        are divided by it and 0 elsewhere, so that means stay what they are. scrambled_share: at
        most this share of the tiles, another for each picture, is seen by later ones as some other
        tile of the batch: a drawer makes mistakes, and must find its way back to what is asked.
        """
        rows, columns = codes.shape[1:3]
        prefix, cells = self.conditions(fields, maps, source, has_source)
        flat = codes.flatten(1, 2)
        seen = scrambled(flat, scrambled_share)
        state = self.trunk(prefix, cells + self.tile_inputs(seen, columns), rows, columns)
        tiles = flat.shape[1]
        picked = torch.randperm(tiles, device=flat.device)[: max(1, round(later_share * tiles))]
        found = torch.zeros(flat.shape, dtype=torch.float32, device=flat.device)
        for k in range(CODES):
            if k == 1 and len(picked) < tiles:
                state, flat = state[:, picked], flat[:, picked]
            logits = self.head.logits(state, k, self.table(k)).flatten(0, 1).float()
            loss = F.cross_entropy(logits, flat[..., k].flatten(), reduction="none")
            loss = loss.view(flat.shape[:2])
            if loss.shape[1] == tiles:
                found[:, :, k] = loss
            else:
                found[:, picked, k] = loss * (tiles / len(picked))
            if k < CODES - 1:
                state = self.head.see(state, k, flat[..., k])
        return found


def scrambled(codes: Tensor, most: float) -> Tensor:
    """Codes [batch, tiles, CODES] with some tiles of each picture replaced by others at random."""
    if most <= 0:
        return codes
    batch, tiles, _ = codes.shape
    shares = most * torch.rand(batch, 1, device=codes.device)
    others = torch.randint(batch * tiles, (batch, tiles), device=codes.device)
    swapped = torch.rand(batch, tiles, device=codes.device) < shares
    return torch.where(swapped[..., None], codes.reshape(batch * tiles, -1)[others], codes)
