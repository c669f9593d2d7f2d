"""The reader of smalti-mini: UTF-8 bytes to a layout, one field after the other.

Bytes are gathered by small convolutions into a quarter as many positions; behind them stand the
layout's fields. One transformer runs over both: the text sees itself whole, a field sees the text
and the fields before it. So the reader is a small decoder-only model of its own, and what it
writes, the layout, is all that the drawer learns of a prompt.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from smalti.models.mini import layout

BYTES_MAX = 384
"""A longer prompt is cut; its quoted word is looked for in the whole of it."""
PAD = 256
TASKS = ("draw", "edit")
Memory = tuple[tuple[Tensor, Tensor], ...]
"""Keys and values [1, heads, n, head width] of each layer."""


@dataclass(frozen=True)
class ReaderShape:
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 384
    byte_width: int = 64


class ReaderLayer(nn.Module):
    def __init__(self, shape: ReaderShape) -> None:
        super().__init__()
        d, self.heads = shape.width, shape.heads
        self.attend_norm = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.attend_out = nn.Linear(d, d, bias=False)
        self.mix = nn.Sequential(
            nn.LayerNorm(d), nn.Linear(d, shape.hidden), nn.GELU(), nn.Linear(shape.hidden, d)
        )

    def queries_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[batch, n, d] → three of [batch, heads, n, head width]."""
        batch, n, d = x.shape
        split = self.qkv(self.attend_norm(x)).view(batch, n, 3, self.heads, d // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        return query, key, value

    def after_attention(self, x: Tensor, attended: Tensor) -> Tensor:
        x = x + self.attend_out(attended.transpose(1, 2).flatten(2))
        out: Tensor = x + self.mix(x)
        return out

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x: [batch, n, d]; mask: True where [batch, 1, query, key] may look."""
        query, key, value = self.queries_keys_values(x)
        return self.after_attention(
            x, F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        )


class Reader(nn.Module):
    def __init__(self, shape: ReaderShape) -> None:
        super().__init__()
        d, b = shape.width, shape.byte_width
        self.shape = shape
        self.bytes = nn.Embedding(PAD + 1, b)
        self.gather = nn.ModuleList([
            nn.Conv1d(b, b, 5, padding=2),
            nn.Conv1d(b, d, 5, stride=2, padding=2),
            nn.Conv1d(d, d, 5, stride=2, padding=2),
        ])  # fmt: skip
        self.position = nn.Embedding(BYTES_MAX // 4, d)
        self.task = nn.Embedding(len(TASKS), d)
        self.rows = nn.Embedding(layout.PLACE_SIDE + 1, d)
        self.columns = nn.Embedding(layout.PLACE_SIDE + 1, d)
        self.values = nn.Embedding(layout.TOKENS, d)
        self.names = nn.Embedding(len(layout.FIELDS), d)
        self.layers = nn.ModuleList(ReaderLayer(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, layout.TOKENS)
        allowed = torch.zeros(len(layout.FIELDS), layout.TOKENS, dtype=torch.bool)
        for i, (start, stop) in enumerate(layout.token_ranges()):
            allowed[i, start:stop] = True
        self.register_buffer("allowed", allowed, persistent=False)
        for table in (self.position, self.task, self.rows, self.columns, self.values, self.names):
            nn.init.normal_(table.weight, std=0.1)

    allowed: Tensor

    def text(self, text: Tensor, task: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
        """Bytes [batch, n] (n a multiple of 4, padded with PAD), task [batch], grid [batch, 2].

        Returns embedded text [batch, n / 4 + 1, d] and its mask [batch, n / 4 + 1].
        """
        x = self.bytes(text).transpose(1, 2)
        for convolution in self.gather:
            x = F.gelu(convolution(x))
        x = x.transpose(1, 2) + self.position.weight[: x.shape[2]]
        first = self.task(task) + self.rows(grid[:, 0]) + self.columns(grid[:, 1])
        present = (text != PAD).view(text.shape[0], -1, 4).any(-1)
        present = torch.cat([torch.ones_like(present[:, :1]), present], dim=1)
        return torch.cat([first[:, None], x], dim=1), present

    def logits(self, embedded: Tensor, present: Tensor, tokens: Tensor) -> Tensor:
        """Logits [batch, m + 1, TOKENS] of the fields 0..m, given the tokens [batch, m] before.

        Values that a field cannot take get -inf.
        """
        count = tokens.shape[1] + 1
        fields = self.names.weight[:count].expand(tokens.shape[0], -1, -1)
        before = F.pad(self.values(tokens), (0, 0, 1, 0))
        x = torch.cat([embedded, fields + before], dim=1)
        n, length = x.shape[1], present.shape[1]
        order = torch.ones(n, n, dtype=torch.bool, device=x.device).tril()
        order[:length, :length] = True
        order[:length, length:] = False
        there = F.pad(present, (0, count), value=True)
        mask = order & there[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        found: Tensor = self.head(self.norm(x[:, length:]))
        return found.masked_fill(~self.allowed[:count], float("-inf"))

    def remember(self, embedded: Tensor, present: Tensor) -> Memory:
        """Keys and values of the text [1, n, d] in every layer: all that the fields see of it."""
        embedded = embedded[:, present[0]]
        mask = torch.ones(1, 1, 1, embedded.shape[1], dtype=torch.bool, device=embedded.device)
        memory = []
        for layer in self.layers:
            assert isinstance(layer, ReaderLayer)
            _, key, value = layer.queries_keys_values(embedded)
            memory.append((key, value))
            embedded = layer(embedded, mask)
        return tuple(memory)

    def next_field(self, memory: Memory, index: int, token: int | None) -> tuple[Tensor, Memory]:
        """Logits [TOKENS] of field `index` after its forerunner's token, and the longer memory.

        The fast twin of `logits`: one position at a time.
        """
        x = self.names.weight[index].view(1, 1, -1)
        if token is not None:
            x = x + self.values.weight[token]
        longer = []
        for layer, (keys, values) in zip(self.layers, memory, strict=True):
            assert isinstance(layer, ReaderLayer)
            query, key, value = layer.queries_keys_values(x)
            keys, values = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
            longer.append((keys, values))
            x = layer.after_attention(x, F.scaled_dot_product_attention(query, keys, values))
        logits: Tensor = self.head(self.norm(x[0, 0]))
        return logits.masked_fill(~self.allowed[index], float("-inf")), tuple(longer)


def encode_text(texts: list[str]) -> Tensor:
    """UTF-8 bytes [batch, n], cut at BYTES_MAX, padded to a common multiple of 4."""
    raw = [text.encode("utf-8", errors="replace")[:BYTES_MAX] for text in texts]
    length = max(4, -(-max(map(len, raw)) // 4) * 4)
    rows = [[*line, *[PAD] * (length - len(line))] for line in raw]
    return torch.tensor(rows, dtype=torch.long)
