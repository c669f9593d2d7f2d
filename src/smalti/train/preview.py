"""Pictures from layouts, many at once: how a drawer in training shows what it can do."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from smalti.models.mini.drawer import Drawer
from smalti.models.mini.editing import carried_out
from smalti.models.mini.layout import STYLES, Layout, aligned_maps, token_ids
from smalti.models.mini.stepper import Stepper
from smalti.models.mini.tokenizer import CODES, Tokenizer, to_rgb, to_unit
from smalti.models.tile_model import Grid, Rgb
from smalti.train.show import sheet
from smalti.train.world.edits import sample_edit
from smalti.train.world.paint import render
from smalti.train.world.scene import sample_scene, scene_layout

SQUARE = Grid(16, 16)


@torch.inference_mode()
def draw_layouts(
    drawer: Drawer,
    tokenizer: Tokenizer,
    layouts: Sequence[Layout],
    grid: Grid,
    sources: Sequence[Rgb] | None = None,
    seed: int = 0,
    temperature: float = 0.8,
) -> list[Rgb]:
    """One picture per layout, all in one batch; sources: pictures of the grid's size, if edits."""
    device = drawer.start.device
    count = len(layouts)
    drawer = copy.deepcopy(drawer).eval()  # NOTE: the stepper lays out the weights anew, in place
    stepper = Stepper(drawer, grid.tiles)
    cache = stepper.new_cache(count)
    codes = None
    if sources is not None:
        pixels = to_unit(torch.from_numpy(np.stack(sources)).to(device))
        codes = tokenizer.encode(pixels.contiguous(memory_format=torch.channels_last))
    none_drawn = torch.zeros(0, CODES, dtype=torch.long)
    for slot, layout in enumerate(layouts):
        maps = torch.from_numpy(aligned_maps(layout, grid.rows, grid.columns))[None].to(device)
        prefix, cells = drawer.conditions(
            torch.tensor([token_ids(layout)], device=device), maps,
            None if codes is None else codes[slot : slot + 1], torch.ones(1, device=device),
        )  # fmt: skip
        stepper.prefill(cache, slot, prefix, cells, grid, none_drawn)
    rng = np.random.default_rng(seed)
    heat = np.full(count, temperature, dtype=np.float32)
    for _ in range(grid.tiles):
        stepper.step(cache, range(count), rng.random((count, CODES)), heat)
    drawn = cache.codes[:, : grid.tiles].view(count, grid.rows, grid.columns, CODES).to(device)
    return list(to_rgb(tokenizer.decode(drawn)).cpu().numpy())


def preview(drawer: Drawer, tokenizer: Tokenizer, file: Path) -> None:
    """A sheet of scenes never trained on: six drawn, six restyled, six edited."""
    rng = np.random.default_rng(20_260_000)
    scenes = [sample_scene(rng, style=STYLES[i % len(STYLES)]) for i in range(6)]
    drawn = draw_layouts(drawer, tokenizer, [scene_layout(s) for s in scenes], SQUARE)
    sources = [render(replace(scene, style="photo")) for scene in scenes]
    styles = [
        carried_out(
            Layout.of(style=(STYLES * 2)[i + 1]),
            scene_layout(replace(scene, style="photo")),
            SQUARE.columns,
        )
        for i, scene in enumerate(scenes)
    ]
    restyled = draw_layouts(drawer, tokenizer, styles, SQUARE, sources)
    edits = [sample_edit(scene, rng) for scene in scenes]
    before = [render(edit.before) for edit in edits]
    after = [carried_out(edit.layout, scene_layout(edit.before), SQUARE.columns) for edit in edits]
    edited = draw_layouts(drawer, tokenizer, after, SQUARE, before)
    rows = [[render(s) for s in scenes], drawn, sources, restyled, before, edited]
    sheet(rows, file)
