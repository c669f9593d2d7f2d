"""Stage 2: the reader, from endless captions and instructions; no picture is needed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini.layout import FIELDS, INDEX, STYLES, Layout, token_ids, token_ranges
from smalti.models.mini.reader import TASKS, Reader, ReaderShape, encode_text
from smalti.train.feed import Feed
from smalti.train.run import Stage, set_rate, warm_cosine
from smalti.train.samples import GRID_SHARES, GRIDS
from smalti.train.world.captions import sample_captioned
from smalti.train.world.edits import sample_edit, style_instruction
from smalti.train.world.handwriting import chatty
from smalti.train.world.scene import sample_scene


@dataclass(frozen=True)
class ReaderPlan:
    steps: int = 6000
    batch: int = 64
    rate: float = 1.5e-3


class TextSample(NamedTuple):
    text: str
    task: int
    grid: tuple[int, int]
    layout: Layout


def text_sample(rng: np.random.Generator) -> TextSample:
    """A caption with its whole layout, or an instruction with what it changes."""
    grid = GRIDS[int(rng.choice(len(GRIDS), p=GRID_SHARES))]
    kind = rng.random()
    if kind < 0.74:
        _, caption = sample_captioned(rng, *grid)
        return TextSample(chatty(caption.text, rng), TASKS.index("draw"), grid, caption.layout)
    if kind < 0.95:
        edit = sample_edit(sample_scene(rng, *grid), rng)
        return TextSample(chatty(edit.instruction, rng), TASKS.index("edit"), grid, edit.layout)
    style = str(rng.choice(STYLES))
    instruction = style_instruction(style, rng)
    return TextSample(chatty(instruction, rng), TASKS.index("edit"), grid, Layout.of(style=style))


def text_batch(samples: list[TextSample]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Bytes [batch, n], tasks [batch], grids [batch, 2], field tokens [batch, FIELDS]."""
    return (
        encode_text([sample.text for sample in samples]),
        torch.tensor([sample.task for sample in samples]),
        torch.tensor([sample.grid for sample in samples]),
        torch.tensor([token_ids(sample.layout) for sample in samples]),
    )


def fit_reader(
    folder: Path,
    plan: ReaderPlan,
    device: torch.device,
    workers: int,
    seed: int,
) -> Reader:
    """Train, or go on training, the reader in `folder`; returns it on `device`."""
    torch.manual_seed(seed + 1)
    reader = Reader(ReaderShape()).to(device)
    optimizer = torch.optim.AdamW(
        reader.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.02
    )
    stage = Stage(folder, "reader", plan.steps, reader=reader, optimizer=optimizer)
    if stage.finished:
        return reader
    starts = torch.tensor([start for start, _ in token_ranges()], device=device)
    choices = torch.tensor([not field.is_place for field in FIELDS], device=device)

    def make(rng: np.random.Generator) -> list[TextSample]:
        return [text_sample(rng) for _ in range(plan.batch)]

    with Feed(make, seed + 1, workers, start=stage.extra.get("made", 0)) as feed:
        for step in stage:
            text, task, grid, tokens = (part.to(device) for part in text_batch(feed.pull()))
            set_rate(optimizer, warm_cosine(step, plan.steps))
            with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
                logits = reader.logits(*reader.text(text, task, grid), tokens[:, :-1]).float()
            losses = F.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="none")
            losses = losses.view(tokens.shape)
            optimizer.zero_grad(set_to_none=True)
            losses.mean().backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
            optimizer.step()
            stage.extra["made"] = feed.made
            said = (tokens > starts) & choices
            right = (logits.argmax(-1) == tokens)[said].float().mean()
            stage.note(
                {
                    "loss": float(losses.detach().mean()),
                    "choices_right": float(right),
                    "style_loss": float(losses[:, INDEX["style"]].detach().mean()),
                    "place_loss": float(losses[:, ~choices].detach().mean()),
                },
                every=100,
            )
    return reader
