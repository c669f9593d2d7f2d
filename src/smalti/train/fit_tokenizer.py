"""Stage 1: the tokenizer. Its parts are learnt one after the other.

1. Encoder and decoder without quantisation, for a good space of latents.
2. Codebooks by k-means on the residuals of that space, then everything together, the codebooks
   as moving averages of what is assigned to them; dead entries restart from the batch.
3. Encoder and codebooks frozen (tokens no longer change), the decoder alone trained on.

Trained on crops of 128 px at tile borders: the network is convolutional, a crop is as good as a
picture and lets a batch see more of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini.tokenizer import (
    CODEBOOK,
    CODES,
    LATENT,
    TILE_PX,
    Tokenizer,
    nearest,
    to_unit,
)
from smalti.train.feed import Feed, Pool
from smalti.train.run import Stage, set_rate, warm_cosine
from smalti.train.samples import tokenizer_sample

CROP_TILES = 8
DECAY = 0.98
"""Of the moving averages behind the codebooks."""


@dataclass(frozen=True)
class TokenizerPlan:
    """Steps of the three parts, and the shape of a step."""

    free_steps: int = 500
    joint_steps: int = 1900
    decoder_steps: int = 1000
    batch: int = 24
    pool: int = 1500
    pull_per_step: int = 2
    rate: float = 1.6e-3

    @property
    def steps(self) -> int:
        return self.free_steps + self.joint_steps + self.decoder_steps


class Averages(torch.nn.Module):
    """Moving counts and sums per codebook entry."""

    counts: Tensor
    sums: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("counts", torch.ones(CODES, CODEBOOK))
        self.register_buffer("sums", torch.zeros(CODES, CODEBOOK, LATENT))


def fit_tokenizer(
    folder: Path,
    photos: Path | None,
    plan: TokenizerPlan,
    device: torch.device,
    workers: int,
    seed: int,
    show: Callable[[Tokenizer, int], None],
) -> Tokenizer:
    """Train, or go on training, the tokenizer in `folder`; returns it on `device`."""
    torch.manual_seed(seed)
    tokenizer = Tokenizer().to(device)
    tokenizer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averages = Averages().to(device)
    optimizer = torch.optim.AdamW(
        [*tokenizer.encoder.parameters(), *tokenizer.decoder.parameters()],
        lr=plan.rate, betas=(0.9, 0.98), weight_decay=1e-4,
    )  # fmt: skip
    stage = Stage(folder, "tokenizer", plan.steps, tokenizer=tokenizer, averages=averages,
                  optimizer=optimizer)  # fmt: skip
    if stage.finished:
        return tokenizer
    make = tokenizer_sample(photos)
    pool = Pool(plan.pool)
    rng = np.random.default_rng((seed, stage.step))
    with Feed(make, seed, workers, start=stage.extra.get("made", 0)) as feed:
        for _ in range(8 * plan.batch):
            pool.add(feed.pull())
        for step in stage:
            for _ in range(plan.pull_per_step):
                pool.add(feed.pull())
            pixels, weights = _batch(pool, rng, plan.batch, device)
            if step == plan.free_steps:
                _k_means(tokenizer, averages, pool, rng, plan.batch)
            set_rate(optimizer, _rate(step, plan))
            figures = _learn(tokenizer, averages, optimizer, pixels, weights, step, plan)
            stage.extra["made"] = feed.made
            stage.note(figures)
            if (step + 1) % 600 == 0:
                show(tokenizer, step + 1)
    show(tokenizer, stage.step)
    return tokenizer


def _rate(step: int, plan: TokenizerPlan) -> float:
    together = plan.free_steps + plan.joint_steps
    if step < together:
        return warm_cosine(step, together, floor=0.15)
    return 0.6 * warm_cosine(step - together, plan.decoder_steps, floor=0.02)


def _learn(
    tokenizer: Tokenizer,
    averages: Averages,
    optimizer: torch.optim.Optimizer,
    pixels: Tensor,
    weights: Tensor,
    step: int,
    plan: TokenizerPlan,
) -> dict[str, float]:
    """One optimizer step; the part of the training follows from the step."""
    quantised = step >= plan.free_steps
    frozen = step >= plan.free_steps + plan.joint_steps
    with torch.autocast("cuda", torch.bfloat16, enabled=pixels.is_cuda):
        with torch.set_grad_enabled(not frozen):
            latents = tokenizer.encoder(pixels)
        commit = latents.new_zeros(())
        if quantised:
            flat = latents.float().permute(0, 2, 3, 1).reshape(-1, LATENT)
            with torch.no_grad():
                chosen = _assign(tokenizer, averages, flat, learn=not frozen)
            commit = F.mse_loss(flat, chosen)
            flat = flat + (chosen - flat).detach()
            shape = (latents.shape[0], *latents.shape[2:], LATENT)
            latents = flat.reshape(shape).permute(0, 3, 1, 2)
        drawn = tokenizer.decoder(latents).float()
    difference = drawn - pixels
    loss = _picture_loss(drawn, pixels, weights)
    if not quantised:  # keep the free space small and round
        loss = loss + 1e-3 * latents.float().square().mean()
    optimizer.zero_grad(set_to_none=True)
    (loss + 0.25 * commit * (not frozen)).backward()
    torch.nn.utils.clip_grad_norm_(tokenizer.parameters(), 1.0)
    optimizer.step()
    mse = difference.detach().square().mean(dim=(1, 2, 3)) / 4
    used = (averages.counts > 0.1).float().mean() if quantised else torch.zeros(())
    return {
        "loss": float(loss.detach()),
        "psnr_db": float((-10 * torch.log10(mse + 1e-9)).mean()),
        "commit": float(commit.detach()),
        "codes_used": float(used),
    }


def _picture_loss(drawn: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
    """L1 and L2 on pixels plus L1 on gradients, each weighted per pixel [batch, 1, h, w]."""
    difference = drawn - pixels
    loss = (difference.abs() * weights).mean() + 2 * (difference.square() * weights).mean()
    down = difference[:, :, 1:] - difference[:, :, :-1]
    across = difference[:, :, :, 1:] - difference[:, :, :, :-1]
    edges = (down.abs() * weights[:, :, 1:]).mean() + (across.abs() * weights[..., 1:]).mean()
    return loss + 0.5 * edges


def _assign(tokenizer: Tokenizer, averages: Averages, flat: Tensor, learn: bool) -> Tensor:
    """Quantise [n, LATENT]; when learning, move the codebooks towards what they took."""
    books = tokenizer.quantizer.codebooks
    rest, total = flat, torch.zeros_like(flat)
    for k in range(CODES):
        code = nearest(rest, books[k])
        taken = books[k][code]
        if learn:
            _move(books[k], averages.counts[k], averages.sums[k], rest, code)
        rest, total = rest - taken, total + taken
    return total


def _move(book: Tensor, counts: Tensor, sums: Tensor, rest: Tensor, code: Tensor) -> None:
    ones = torch.ones_like(code, dtype=counts.dtype)
    counts.mul_(DECAY).index_add_(0, code, ones, alpha=1 - DECAY)
    sums.mul_(DECAY).index_add_(0, code, rest, alpha=1 - DECAY)
    dead = counts < 0.02
    if dead.any():
        fresh = rest[torch.randint(len(rest), (int(dead.sum()),), device=rest.device)]
        counts[dead], sums[dead] = 0.2, 0.2 * fresh
    book.copy_(sums / counts[:, None])


@torch.no_grad()
def _k_means(
    tokenizer: Tokenizer, averages: Averages, pool: Pool, rng: np.random.Generator,
    batch: int, rounds: int = 12,
) -> None:  # fmt: skip
    """Start each codebook from k-means on what the ones before it leave over."""
    device = tokenizer.quantizer.codebooks.device
    rest = torch.cat([
        tokenizer.encoder(_batch(pool, rng, 64, device)[0]).permute(0, 2, 3, 1)
        .reshape(-1, LATENT) for _ in range(10)
    ]).float()  # fmt: skip
    for k in range(CODES):
        book = rest[torch.randperm(len(rest), device=device)[:CODEBOOK]].clone()
        for _ in range(rounds):
            code = nearest(rest, book)
            counts = torch.bincount(code, minlength=CODEBOOK).float()
            sums = torch.zeros_like(book).index_add_(0, code, rest)
            empty = counts == 0
            sums[empty] = rest[torch.randint(len(rest), (int(empty.sum()),), device=device)]
            book = sums / counts.clamp(min=1)[:, None]
        per_step = batch * CROP_TILES**2 / len(rest)
        tokenizer.quantizer.codebooks[k].copy_(book)
        averages.counts[k].copy_(counts.clamp(min=1) * per_step)
        averages.sums[k].copy_(book * averages.counts[k][:, None])
        rest = rest - book[nearest(rest, book)]


def _batch(
    pool: Pool, rng: np.random.Generator, count: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Crops [count, 3, 128, 128] in [-1, 1] and weights [count, 1, 128, 128]."""
    crops: list[NDArray[np.uint8]] = []
    weights: list[NDArray[np.float32]] = []
    for picture, importance in pool.draw(rng, count):
        row = int(rng.integers(0, importance.shape[0] - CROP_TILES + 1))
        column = int(rng.integers(0, importance.shape[1] - CROP_TILES + 1))
        tiles = (slice(row, row + CROP_TILES), slice(column, column + CROP_TILES))
        crops.append(picture[tuple(slice(s.start * TILE_PX, s.stop * TILE_PX) for s in tiles)])
        weights.append(importance[tiles])
    pixels = to_unit(torch.from_numpy(np.stack(crops)).to(device))
    tile_weights = torch.from_numpy(np.stack(weights)).to(device)[:, None]
    return (
        pixels.contiguous(memory_format=torch.channels_last),
        tile_weights.repeat_interleave(TILE_PX, 2).repeat_interleave(TILE_PX, 3),
    )
