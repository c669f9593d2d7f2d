"""What the seer is taught, and what it reads off sure answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini.layout import FIELDS, GLYPHS, INDEX, THINGS, Layout
from smalti.models.mini.seer import SETTINGS, Seer
from smalti.models.mini.tokenizer import LATENT
from smalti.train.fit_seer import labels, seen_batch, seer_loss
from smalti.train.world.scene import sample_scene, scene_layout

CLASSES = [FIELDS[INDEX[name]].size - (name not in SETTINGS) for name in (*SETTINGS, *THINGS)]


def sure_of(layout: Layout, rows: int, columns: int) -> Seer:
    """A seer that has learnt one picture by heart."""
    settings, cells = labels(layout, rows, columns)
    size = dict(zip((*SETTINGS, *THINGS), CLASSES, strict=True))

    def answer(latents: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        whole = {
            name: 20.0 * F.one_hot(torch.tensor([settings[i]]), size[name]).float()
            for i, name in enumerate(SETTINGS)
        }
        spread = [torch.from_numpy(channel)[None] for channel in cells]
        each = {
            name: 20.0 * F.one_hot(spread[i], size[name]).permute(0, 3, 1, 2).float()
            for i, name in enumerate(THINGS)
        }
        letters = 20.0 * F.one_hot(spread[-1], 1 + len(GLYPHS)).permute(0, 3, 1, 2).float()
        return whole, each, letters

    seer = Seer(width=8, layers=1)
    seer.forward = answer  # type: ignore[method-assign]
    return seer


@pytest.mark.parametrize("seed", range(40))
def test_what_is_taught_is_what_is_read(seed: int) -> None:
    rows, columns = ((16, 16), (14, 21), (21, 14))[seed % 3]
    layout = scene_layout(sample_scene(np.random.default_rng(seed), rows, columns))
    seer = sure_of(layout, rows, columns)
    assert seer.see(torch.zeros(1, rows, columns, LATENT)) == layout


def test_what_is_unsure_stays_unsaid() -> None:
    torch.manual_seed(0)
    seen = Seer(width=8, layers=1).see(torch.zeros(1, 16, 16, LATENT))
    assert seen == Layout(tuple(0 for _ in FIELDS))


def test_letters_that_are_unsure_are_not_read() -> None:
    layout = Layout.of("TEA", horizon="7", style="ink", sky_body="none", sign="3",
                       sign_place=(12, 3))  # fmt: skip
    seer = sure_of(layout, 16, 16)
    answer = seer.forward

    def doubtful(latents: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        settings, things, letters = answer(latents)
        letters[:, :, 12, 5] = 0.0
        return settings, things, letters

    seer.forward = doubtful  # type: ignore[method-assign]
    seen = seer.see(torch.zeros(1, 16, 16, LATENT))
    assert (seen.word, seen.letters, seen.place("sign_place")) == ("", 3, (12, 3))


def test_a_seer_learns() -> None:
    torch.manual_seed(1)
    rng = np.random.default_rng(3)
    scenes = [scene_layout(sample_scene(rng)) for _ in range(6)]
    found = [labels(layout, 16, 16) for layout in scenes]
    settings = torch.from_numpy(np.stack([whole for whole, _ in found]))
    cells = torch.from_numpy(np.stack([cells for _, cells in found]))
    latents = torch.randn(6, 16, 16, LATENT)
    seer = Seer(width=32, layers=2)
    optimizer = torch.optim.AdamW(seer.parameters(), lr=1e-2)
    for _ in range(150):
        loss, figures = seer_loss(seer, latents, settings, cells)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert figures["settings_right"] == 1.0
    assert figures["cells_right"] > 0.9


def test_zoomed_scenes_have_no_layout() -> None:
    make = seen_batch(None, 24)
    batches = [make(np.random.default_rng(seed)) for seed in range(4)]
    settings = np.concatenate([batch.settings for batch in batches])
    cells = np.concatenate([batch.cells.reshape(24, -1) for batch in batches])
    nothing = (settings == 0).all(axis=1)
    assert nothing.any() and not nothing.all()
    assert (cells[nothing] == 0).all()
    assert (settings[~nothing] > 0).all()
