"""Stage 3: the seer, from scenes whose layout is known and from photographs, which have none.

A photograph, filtered or not, and a scene that is zoomed into until nothing stands on whole tiles
any more, teach the seer to say nothing. Half of the scenes are degraded a little, as a picture is
that was drawn, packed and sent back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini.layout import FIELDS, GLYPHS, INDEX, STYLES, THINGS, Layout, place_fields
from smalti.models.mini.seer import SETTINGS, Seer
from smalti.models.mini.tokenizer import Tokenizer, to_unit
from smalti.models.tile_model import Rgb
from smalti.train.degrade import degraded
from smalti.train.feed import Feed
from smalti.train.run import Stage, set_rate, warm_cosine
from smalti.train.samples import GRID_SHARES, GRIDS, training_photos
from smalti.train.world.paint import render
from smalti.train.world.photos import Photo, crop, filtered
from smalti.train.world.scene import TILE_PX, sample_scene, scene_layout

CELLS_WEIGHT = 0.3
"""Of the sum of the losses of all cells."""


@dataclass(frozen=True)
class SeerPlan:
    steps: int = 2500
    batch: int = 16
    rate: float = 2e-3


@dataclass(frozen=True, eq=False)
class SeenBatch:
    """pictures: uint8 [batch, height, width, 3]; settings: [batch, SETTINGS]; cells: [batch,
    THINGS + 1, rows, columns], the last of letters."""

    pictures: Rgb
    settings: NDArray[np.int64]
    cells: NDArray[np.int64]


def labels(layout: Layout, rows: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The classes of the settings [SETTINGS] and of the cells [THINGS + 1, rows, columns]."""
    settings = np.array([layout.values[INDEX[name]] for name in SETTINGS])
    cells = np.zeros((len(THINGS) + 1, rows, columns), dtype=np.int64)
    for channel, thing in enumerate(THINGS):
        for name in place_fields(thing):
            place = layout.place(name)
            if place is not None:
                cells[channel][place] = layout.values[INDEX[thing]] - 1
    for row, column in layout.places("sign"):
        for i, letter in enumerate(layout.word, start=1):
            cells[-1, row, column + i] = 1 + GLYPHS.index(letter)
    return settings, cells


def seen_batch(photos: Path | None, size: int) -> Callable[[np.random.Generator], SeenBatch]:
    """Batches of pictures of one grid with what they show."""
    library = [Photo(path) for path in training_photos(photos)]

    def make(rng: np.random.Generator) -> SeenBatch:
        rows, columns = GRIDS[int(rng.choice(len(GRIDS), p=GRID_SHARES))]
        pictures, settings, cells = [], [], []
        for _ in range(size):
            picture, layout = _sample(library, rng, rows, columns)
            pictures.append(picture)
            of_whole, of_cells = labels(layout, rows, columns)
            settings.append(of_whole)
            cells.append(of_cells)
        return SeenBatch(np.stack(pictures), np.stack(settings), np.stack(cells))

    return make


def _sample(
    library: list[Photo], rng: np.random.Generator, rows: int, columns: int
) -> tuple[Rgb, Layout]:
    nothing = Layout(tuple(0 for _ in FIELDS))
    height, width = rows * TILE_PX, columns * TILE_PX
    kind = rng.random()
    if library and kind < 0.12:
        photo = crop(library[int(rng.integers(len(library)))], rng, height, width)
        if rng.random() < 0.4:
            photo = filtered(photo, str(rng.choice(STYLES[1:])), int(rng.integers(2**31)))
        return photo, nothing
    scene = sample_scene(rng, rows, columns)
    picture = render(scene)
    if kind > 0.93:
        return _zoomed(picture, rng), nothing
    if rng.random() < 0.5:
        picture = degraded(picture, rng)
    return picture, scene_layout(scene)


def _zoomed(picture: Rgb, rng: np.random.Generator) -> Rgb:
    height, width = picture.shape[:2]
    scale = rng.uniform(1.3, 2.5)
    high, wide = int(height / scale), int(width / scale)
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    part = picture[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(part, (width, height)), dtype=np.uint8)


def fit_seer(
    folder: Path,
    photos: Path | None,
    tokenizer: Tokenizer,
    plan: SeerPlan,
    device: torch.device,
    workers: int,
    seed: int,
) -> Seer:
    """Train, or go on training, the seer in `folder`; returns it on `device`."""
    torch.manual_seed(seed + 3)
    seer = Seer().to(device)
    optimizer = torch.optim.AdamW(seer.parameters(), lr=plan.rate, weight_decay=0.02)
    stage = Stage(folder, "seer", plan.steps, seer=seer, optimizer=optimizer)
    if stage.finished:
        return seer
    make = seen_batch(photos, plan.batch)
    with Feed(make, seed + 3, workers, start=stage.extra.get("made", 0)) as feed:
        for step in stage:
            batch: SeenBatch = feed.pull()
            pixels = to_unit(torch.from_numpy(batch.pictures).to(device))
            with torch.no_grad():
                codes = tokenizer.encode(pixels.contiguous(memory_format=torch.channels_last))
                latents = tokenizer.quantizer.latents_of(codes)
            settings = torch.from_numpy(batch.settings).to(device)
            cells = torch.from_numpy(batch.cells).to(device)
            loss, figures = seer_loss(seer, latents, settings, cells)
            set_rate(optimizer, warm_cosine(step, plan.steps))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(seer.parameters(), 5.0)
            optimizer.step()
            stage.extra["made"] = feed.made
            stage.note(figures)
    return seer


def seer_loss(
    seer: Seer, latents: Tensor, settings: Tensor, cells: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and what share of it is right."""
    of_settings, of_things, letters = seer(latents)
    total = latents.new_zeros(())
    right, found = [], []
    for i, name in enumerate(SETTINGS):
        total = total + F.cross_entropy(of_settings[name], settings[:, i])
        right.append((of_settings[name].argmax(1) == settings[:, i]).float().mean())
    for i, logits in enumerate([*of_things.values(), letters]):
        loss = F.cross_entropy(logits, cells[:, i], reduction="sum")
        total = total + CELLS_WEIGHT * loss / len(cells)
        there = cells[:, i] > 0
        found.append((logits.argmax(1) == cells[:, i])[there])
    shares = torch.cat(found)
    figures = {
        "loss": float(total.detach()),
        "settings_right": float(torch.stack(right).mean()),
        "cells_right": float(shares.float().mean()) if len(shares) else 1.0,
    }
    return total, figures
