"""The judge: a small network that says what a picture of the world shows.

It learns from renders alone and never sees a picture that smalti-mini drew, so it can say how
many of a prompt's attributes a drawn picture has. Everything of the world stands on whole tiles:
the judge looks at each tile for things, and at all of them together for the time, the weather or
the style.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from smalti.models.mini.layout import CHANGED_CHANNEL, FIELDS, INDEX, THINGS, Layout, aligned_maps
from smalti.models.tile_model import Rgb

SETTINGS = ("style", "time", "weather", "ground", "background")
"""What the whole picture shows."""
ATTRIBUTES = SETTINGS + THINGS
VALUES: dict[str, tuple[str, ...]] = {
    name: ("none", "present") if name == "sign" else FIELDS[INDEX[name]].values
    for name in ATTRIBUTES
}
SCALE = 2
"""The judge looks at pictures of half the size."""
TOP_TILES = 4
"""A thing is as sure as the mean of its surest tiles."""

Truth = dict[str, str]
"""The value of each attribute."""


@dataclass(frozen=True)
class Seen:
    """What the judge sees. tiles: how many show some such thing, by the names of `THINGS`."""

    values: Truth
    tiles: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Labels:
    """settings: index of the value of each of `SETTINGS`; cells: of each of `THINGS` on each tile,
    0 where there is none: int64 [THINGS, rows, columns]."""

    settings: NDArray[np.int64]
    cells: NDArray[np.int64]


def truth_of(layout: Layout) -> Truth:
    """The attributes of a full layout."""
    truth = {name: layout.choice(name) or "none" for name in ATTRIBUTES}
    truth["sign"] = "none" if truth["sign"] == "none" else "present"
    return truth


def labels_of(layout: Layout, rows: int, columns: int) -> Labels:
    truth = truth_of(layout)
    indices = {name: VALUES[name].index(value) for name, value in truth.items()}
    covered = aligned_maps(layout, rows, columns)[1:CHANGED_CHANNEL] > 0
    cells = covered * np.array([indices[name] for name in THINGS])[:, None, None]
    return Labels(np.array([indices[name] for name in SETTINGS]), cells.astype(np.int64))


def small(picture: Rgb) -> Rgb:
    """A picture as the judge takes it."""
    height, width = picture.shape[:2]
    size = (width // SCALE, height // SCALE)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Logits:
    """settings: per name [batch, values]; things: per name [batch, values]; cells: per name
    [batch, values, rows, columns]. The logit of "none" is 0."""

    settings: dict[str, Tensor]
    things: dict[str, Tensor]
    cells: dict[str, Tensor]


class JudgeNet(nn.Module):
    """Small pictures [batch, 3, 8 rows, 8 columns] in [-1, 1] → `Logits`."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.trunk = nn.Sequential(
            nn.PixelUnshuffle(2), _mix(12, w), _mix(w, 2 * w, stride=2), _mix(2 * w, 2 * w),
            _mix(2 * w, 4 * w, stride=2), _mix(4 * w, 4 * w), _mix(4 * w, 4 * w),
        )  # fmt: skip
        self.whole = nn.Linear(8 * w, sum(len(VALUES[name]) for name in SETTINGS))
        self.each = nn.Conv2d(4 * w, sum(len(VALUES[name]) - 1 for name in THINGS), 1)

    def forward(self, pixels: Tensor) -> Logits:
        x = self.trunk(pixels)
        pooled = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
        settings = self.whole(pooled).split([len(VALUES[name]) for name in SETTINGS], dim=1)
        present = self.each(x).split([len(VALUES[name]) - 1 for name in THINGS], dim=1)
        surest = [cell.flatten(2).topk(TOP_TILES, dim=2).values.mean(2) for cell in present]
        return Logits(
            dict(zip(SETTINGS, settings, strict=True)),
            {name: F.pad(v, (1, 0)) for name, v in zip(THINGS, surest, strict=True)},
            {name: F.pad(v, (0, 0, 0, 0, 1, 0)) for name, v in zip(THINGS, present, strict=True)},
        )


def _mix(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def to_input(pictures: Sequence[Rgb]) -> Tensor:
    """Small pictures → [batch, 3, height, width] in [-1, 1], channels last."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


class Judge:
    """A trained network, asked for what pictures show."""

    def __init__(self, net: JudgeNet) -> None:
        self._net = net.eval().requires_grad_(False)

    @torch.inference_mode()
    def see(self, pictures: Sequence[Rgb], batch: int = 50) -> list[Seen]:
        """What each picture shows; pictures of one size, of whole tiles."""
        found: list[Seen] = []
        for start in range(0, len(pictures), batch):
            part = [small(picture) for picture in pictures[start : start + batch]]
            logits = self._net(to_input(part))
            best = {
                name: of.argmax(1).tolist()
                for name, of in (logits.settings | logits.things).items()
            }
            tiles = {
                name: (of.argmax(1) > 0).sum(dim=(1, 2)).tolist()
                for name, of in logits.cells.items()
            }
            for i in range(len(part)):
                found.append(
                    Seen(
                        {name: VALUES[name][best[name][i]] for name in ATTRIBUTES},
                        {name: tiles[name][i] for name in THINGS},
                    )
                )
        return found


def accuracy(seen: Sequence[Seen], truths: Sequence[Truth]) -> dict[str, float]:
    """Share of pictures of which each attribute is seen right."""
    return {
        name: float(np.mean([s.values[name] == t[name] for s, t in zip(seen, truths, strict=True)]))
        for name in ATTRIBUTES
    }
