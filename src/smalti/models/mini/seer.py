"""The seer of smalti-mini: from the tiles of a source picture to the layout they show.

It looks at tiles as the drawer does, as codes, and marks each cell at which a thing's footprint
begins. What it is not sure of it leaves unsaid, so that a photograph, of which it knows nothing,
has an empty layout, and an edit of it keeps what the photograph shows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from smalti.models.mini.layout import (
    FIELDS,
    GLYPHS,
    INDEX,
    PLACE_SIDE,
    THINGS,
    UNSAID,
    Layout,
    place_fields,
    place_value,
)
from smalti.models.mini.tokenizer import LATENT

SETTINGS = ("style", "time", "weather", "ground", "background", "horizon")
"""What the whole picture shows; the first value of each is "unsaid"."""
SURE = 0.6
"""Least probability of a setting that is said."""
THERE = 0.5
"""Least probability of a thing that is there."""
READ = 0.6
"""Least probability of each letter of a word that is read."""


class Seer(nn.Module):
    """Latents of a picture's tiles [batch, rows, columns, LATENT] → logits.

    Returns per setting [batch, values], per thing [batch, values, rows, columns], and of the
    letters, each at its upper half, [batch, 1 + GLYPHS, rows, columns], the first "no letter".
    """

    def __init__(self, width: int = 128, layers: int = 5) -> None:
        super().__init__()
        w = width
        self.widen = nn.Conv2d(LATENT, w, 1)
        self.edge = nn.Parameter(torch.zeros(2, w))
        self.mixes = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for _ in range(layers))
        self.norms = nn.ModuleList(nn.GroupNorm(8, w) for _ in range(layers))
        self.whole = nn.Linear(2 * w, sum(_values(name) for name in SETTINGS[:-1]))
        self.row = nn.Linear(2 * w, 1)
        self.each = nn.Conv2d(w, sum(_values(name) for name in THINGS), 1)
        self.letters = nn.Conv2d(w, 1 + len(GLYPHS), 1)

    def forward(self, latents: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        x = self.widen(latents.permute(0, 3, 1, 2))
        rows = torch.arange(x.shape[2], device=x.device)[:, None] / PLACE_SIDE
        x = x + (self.edge[0] * rows + self.edge[1]).T[None, :, :, None]
        for norm, mix in zip(self.norms, self.mixes, strict=True):
            x = x + F.silu(mix(norm(x)))
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        by_row = torch.cat([x.mean(dim=3), x.amax(dim=3)], dim=1).transpose(1, 2)
        horizons = self.row(by_row)[..., 0]
        unsaid = horizons.new_zeros(len(horizons), 1)
        settings = dict(
            zip(
                SETTINGS[:-1],
                self.whole(pooled).split([_values(name) for name in SETTINGS[:-1]], dim=1),
                strict=True,
            )
        )
        settings["horizon"] = torch.cat([unsaid, horizons], dim=1)
        things = self.each(x).split([_values(name) for name in THINGS], dim=1)
        return settings, dict(zip(THINGS, things, strict=True)), self.letters(x)

    @torch.inference_mode()
    def see(self, latents: Tensor) -> Layout:
        """What one picture shows: latents [1, rows, columns, LATENT]."""
        settings, things, letters = self(latents)
        values = [UNSAID] * len(FIELDS)
        for name, logits in settings.items():
            share, value = logits[0].softmax(0).max(0)
            values[INDEX[name]] = int(value) if share >= SURE else UNSAID
        if values[INDEX["horizon"]] == UNSAID:
            return Layout(tuple(UNSAID for _ in FIELDS))
        for name, logits in things.items():
            _place(values, name, logits[0].double().softmax(0))
        if values[INDEX["house"]] > 1 and values[INDEX["roof"]] <= 1:
            values[INDEX["roof"]] = UNSAID
        layout = Layout(tuple(values))
        return Layout(layout.values, _word(layout, letters[0].softmax(0)))


def _values(name: str) -> int:
    """Classes of a field: a setting's values and "unsaid", or a thing's and "nothing here"."""
    field = FIELDS[INDEX[name]]
    return field.size if name in SETTINGS else field.size - 1


def _place(values: list[int], name: str, shares: Tensor) -> None:
    """Write a thing's value and places; shares: [values, rows, columns], the first of nothing."""
    columns = shares.shape[2]
    there = 1 - shares[0].flatten()
    names = place_fields(name)
    best = [int(cell) for cell in there.argsort(descending=True)[: len(names)]]
    found = sorted((c for c in best if there[c] >= THERE), key=lambda c: (c % columns, c))
    if not found:
        values[INDEX[name]] = 1
        return
    kinds = shares[1:].flatten(1)[:, found].sum(1)
    values[INDEX[name]] = 2 + int(kinds.argmax())
    if name == "roof":
        return
    for place_name, cell in zip(names, found, strict=False):
        values[INDEX[place_name]] = place_value(divmod(cell, columns))


def _word(layout: Layout, shares: Tensor) -> str:
    """What the sign says, or nothing where a letter is not sure; shares [1 + GLYPHS, .., ..]."""
    word = ""
    for row, column in layout.places("sign"):
        for at in range(column + 1, column + 1 + layout.letters):
            share, glyph = shares[:, row, min(at, shares.shape[2] - 1)].max(0)
            if share < READ or glyph == 0:
                return ""
            word += GLYPHS[int(glyph) - 1]
    return word
