"""smalti-mini from nothing: tokenizer, reader, seer, drawer, and the weights file.

Each stage goes on from its own checkpoint, so the same command resumes a run that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from smalti.models.mini.drawer import Drawer, DrawerShape
from smalti.models.mini.mini import MiniNet
from smalti.models.mini.reader import ReaderShape
from smalti.models.mini.tokenizer import Tokenizer
from smalti.models.mini.weights import save
from smalti.models.tile_model import Rgb
from smalti.train.fit_drawer import DrawerPlan, fit_drawer
from smalti.train.fit_reader import ReaderPlan, fit_reader
from smalti.train.fit_seer import SeerPlan, fit_seer
from smalti.train.fit_tokenizer import TokenizerPlan, fit_tokenizer
from smalti.train.preview import preview
from smalti.train.samples import tokenizer_sample
from smalti.train.show import reconstructions, sheet

STAGES = ("tokenizer", "reader", "seer", "drawer")


@dataclass(frozen=True)
class MiniPlan:
    tokenizer: TokenizerPlan = field(default_factory=TokenizerPlan)
    reader: ReaderPlan = field(default_factory=ReaderPlan)
    seer: SeerPlan = field(default_factory=SeerPlan)
    drawer: DrawerPlan = field(default_factory=DrawerPlan)


PLANS = {
    "cpu": MiniPlan(
        TokenizerPlan(),
        ReaderPlan(steps=9000, batch=48),
        SeerPlan(),
        DrawerPlan(steps=6050, batch=10, edit_share=0.5),
    ),
    "cuda": MiniPlan(
        TokenizerPlan(free_steps=2000, joint_steps=9000, decoder_steps=4000, batch=128,
                      pool=4000, pull_per_step=12),
        ReaderPlan(steps=12_000, batch=256),
        SeerPlan(steps=6000, batch=64),
        DrawerPlan(steps=24_000, batch=64, pool=12_000, pairs_per_step=9.0,
                   shape=DrawerShape(width=384, layers=10, heads=6, hidden=1024)),
    ),
    "smoke": MiniPlan(
        TokenizerPlan(free_steps=2, joint_steps=2, decoder_steps=1, batch=2, pool=40,
                      pull_per_step=1),
        ReaderPlan(steps=2, batch=2),
        SeerPlan(steps=2, batch=2),
        DrawerPlan(steps=2, batch=2, pool=60,
                   shape=DrawerShape(width=32, layers=1, heads=2, hidden=32, source_width=16)),
    ),
}  # fmt: skip
"""`cpu`: about five hours on two cores; `cuda`: for one H200-class GPU; `smoke`: seconds."""


def train_mini(
    folder: Path,
    plan: MiniPlan,
    device: torch.device,
    photos: Path | None,
    workers: int,
    seed: int,
    stages: Sequence[str] = STAGES,
) -> Path | None:
    """Run the stages; returns the weights file once all are done."""
    began = time.monotonic()
    samples = folder / "samples"
    held_out = [_held_out_picture(photos, index) for index in range(12)]

    def show_tokenizer(tokenizer: Tokenizer, step: int) -> None:
        drawn = reconstructions(tokenizer, held_out)
        rows = [held_out[:6], drawn[:6], held_out[6:], drawn[6:]]
        sheet(rows, samples / f"tokenizer-{step}.png")

    tokenizer = reader = seer = drawer = None
    if {"tokenizer", "seer", "drawer"} & set(stages):
        tokenizer = fit_tokenizer(
            folder, photos, plan.tokenizer, device, workers, seed, show_tokenizer
        )
        tokenizer.eval().requires_grad_(False)
    if "reader" in stages:
        reader = fit_reader(folder, plan.reader, device, workers, seed)
    if "seer" in stages and tokenizer is not None:
        seer = fit_seer(folder, photos, tokenizer, plan.seer, device, workers, seed)
    if "drawer" in stages and tokenizer is not None:
        frozen = tokenizer

        def show_drawer(drawer: Drawer, step: int) -> None:
            preview(drawer, frozen, samples / f"drawer-{step}.png")

        drawer = fit_drawer(folder, photos, frozen, plan.drawer, device, workers, seed, show_drawer)
    print(f"{', '.join(stages)}: {(time.monotonic() - began) / 60:.1f} min in this process")
    if tokenizer is None or reader is None or seer is None or drawer is None:
        return None
    net = MiniNet(plan.drawer.shape, ReaderShape())
    net.tokenizer.load_state_dict(tokenizer.state_dict())
    net.reader.load_state_dict(reader.state_dict())
    net.seer.load_state_dict(seer.state_dict())
    net.drawer.load_state_dict(drawer.state_dict())
    file = folder / "smalti-mini.safetensors"
    save(net, file)
    return file


def _held_out_picture(photos: Path | None, index: int) -> Rgb:
    """A picture from a stream of seeds that no training sample comes from."""
    picture, _ = tokenizer_sample(photos)(np.random.default_rng((2**31, index)))
    return picture
