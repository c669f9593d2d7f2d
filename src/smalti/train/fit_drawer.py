"""Stage 4: the drawer, every task in one stream.

A pair of pictures of one place serves four times: each alone (layout → picture) and each as the
source of the other (picture + what changes → picture; a style is one of the things that change).
The frozen tokenizer turns each into tiles once; a bounded pool shuffles and repeats them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from smalti.models.mini.drawer import Drawer, DrawerShape
from smalti.models.mini.editing import changes
from smalti.models.mini.layout import (
    INDEX,
    PLACED,
    SIGN_CHANNEL,
    UNSAID,
    Layout,
    aligned_maps,
    place_fields,
    token_ids,
)
from smalti.models.mini.seer import SETTINGS
from smalti.models.mini.tokenizer import Tokenizer, to_unit
from smalti.train.feed import Feed, Pool
from smalti.train.run import Stage, set_rate
from smalti.train.samples import GRID_SHARES, GRIDS, PairSample, pair_sample

CODE_WEIGHTS = (1.0, 0.8, 0.6, 0.5)
"""Of a tile's codes in the loss: the first carry the picture, the last its grain."""
LATER_SHARE = 0.5
"""Of the tiles at which the codes after the first are scored in a step."""
SCRAMBLED_SHARE = 0.25
"""At most so many of the tiles that a picture shows to its later ones are wrong ones."""
SIGN_WEIGHT, THING_WEIGHT = 2.5, 2.0
"""Of tiles that carry letters, and of tiles of other things."""
CHANGED_WEIGHT = 8.0
"""Of tiles that an edit changes: the few that matter among hundreds that are copied."""


@dataclass(frozen=True)
class DrawerPlan:
    steps: int = 6000
    batch: int = 12
    pool: int = 4000
    pairs_per_step: float = 2.0
    edit_share: float = 0.42
    muon_rate: float = 0.02
    rate: float = 1.5e-3
    shape: DrawerShape = field(default_factory=DrawerShape)


@dataclass(frozen=True, eq=False)
class TiledPair:
    """A `PairSample` whose pictures are codes [rows, columns, CODES]."""

    first: NDArray[np.int16]
    second: NDArray[np.int16]
    sample: PairSample


def fit_drawer(
    folder: Path,
    photos: Path | None,
    tokenizer: Tokenizer,
    plan: DrawerPlan,
    device: torch.device,
    workers: int,
    seed: int,
    show: Callable[[Drawer, int], None],
) -> Drawer:
    """Train, or go on training, the drawer in `folder`; returns it on `device`."""
    torch.manual_seed(seed + 2)
    drawer = Drawer(plan.shape).to(device)
    muon, adam = _optimizers(drawer, plan)
    stage = Stage(folder, "drawer", plan.steps, drawer=drawer, muon=muon, adam=adam)
    if stage.finished:
        return drawer
    pools = {
        grid: Pool(int(plan.pool * share)) for grid, share in zip(GRIDS, GRID_SHARES, strict=True)
    }
    rng = np.random.default_rng((seed + 2, stage.step))
    owed = 0.0
    with Feed(pair_sample(photos), seed + 2, workers, start=stage.extra.get("made", 0)) as feed:
        while min(map(len, pools.values())) < plan.batch:
            _tile(feed.pull(), tokenizer, pools)
        for step in stage:
            owed += plan.pairs_per_step
            while owed >= 1:
                _tile(feed.pull(), tokenizer, pools)
                owed -= 1
            grid = GRIDS[int(rng.choice(len(GRIDS), p=GRID_SHARES))]
            batch = _batch(pools[grid], rng, plan, device)
            factor = _rate(step, plan.steps)
            set_rate(muon, factor)
            set_rate(adam, factor)
            figures = _learn(drawer, (muon, adam), *batch)
            stage.extra["made"] = feed.made
            stage.note(figures)
            if (step + 1) % 500 == 0:
                show(drawer, step + 1)
    show(drawer, stage.step)
    return drawer


def _rate(step: int, steps: int) -> float:
    """Warm-up, a long plateau, then a linear fall over the last 45 %."""
    if step < 100:
        return (step + 1) / 100
    return min(1.0, max(0.01, (steps - step) / (0.45 * steps)))


def _optimizers(
    drawer: Drawer, plan: DrawerPlan
) -> tuple[torch.optim.Optimizer, torch.optim.Optimizer]:
    """Muon for the matrices of the layers (Jordan 2024), AdamW for all that is left."""
    matrices = [p for p in drawer.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in drawer.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(
        matrices, lr=plan.muon_rate, momentum=0.95, weight_decay=0.01, ns_steps=4
    )
    adam = torch.optim.AdamW(others, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.0)
    return muon, adam


def _tile(sample: PairSample, tokenizer: Tokenizer, pools: dict[tuple[int, int], Pool]) -> None:
    device = tokenizer.quantizer.codebooks.device
    pixels = to_unit(torch.from_numpy(np.stack([sample.first, sample.second])).to(device))
    with torch.no_grad():
        codes = tokenizer.encode(pixels.contiguous(memory_format=torch.channels_last))
    first, second = codes.to(torch.int16).cpu().numpy()
    # NOTE: the pictures are not needed any more, and 4,000 pairs of them are 1.6 GB.
    nothing = np.empty((0, 0, 3), dtype=np.uint8)
    kept = PairSample(nothing, nothing, sample.first_layout, sample.second_layout)
    pools[first.shape[0], first.shape[1]].add(TiledPair(first, second, kept))


Task = tuple[NDArray[np.int16], NDArray[np.int16] | None, Layout]
"""Target codes, source codes or None, layout."""


def pick_task(pair: TiledPair, rng: np.random.Generator, edit_share: float) -> Task:
    """One of the four uses of a pair. A photograph's content is never said, so it is no target
    of a task without a source."""
    sample = pair.sample
    first, second = sample.first_layout, sample.second_layout
    from_first = rng.random() < 0.5
    is_photo = first.choice("horizon") is None
    if is_photo or rng.random() < edit_share:
        if is_photo and rng.random() < 0.85:
            from_first = True
        if from_first:
            return pair.second, pair.first, partly_said(first, second, rng)
        return pair.first, pair.second, partly_said(second, first, rng)
    return (pair.first, None, first) if from_first else (pair.second, None, second)


def partly_said(before: Layout, after: Layout, rng: np.random.Generator) -> Layout:
    """The layout of an edit, what does not change said half of the time at most.

    So the drawer learns to go by a layout as far as the source could be read, and to keep what
    the source shows where it could not.
    """
    kept_share = float(rng.choice([1.0, 0.5, 0.0], p=[0.6, 0.25, 0.15]))
    values = list(after.values)
    for name in SETTINGS:
        if after.choice(name) == before.choice(name) and rng.random() >= kept_share:
            values[INDEX[name]] = UNSAID
    word = after.word
    for thing in PLACED:
        names = ("house", "roof") if thing == "house" else (thing,)
        fields = [INDEX[name] for name in (*names, *place_fields(thing))]
        same = all(after.values[i] == before.values[i] for i in fields)
        if thing == "sign":
            same = same and after.word == before.word
            if same and rng.random() < 0.3:
                word = ""
        if same and rng.random() >= kept_share:
            word = "" if thing == "sign" else word
            for i in fields:
                values[i] = UNSAID
    return Layout(tuple(values), word, changes(before, after))


def _batch(
    pool: Pool, rng: np.random.Generator, plan: DrawerPlan, device: torch.device
) -> tuple[Tensor, ...]:
    tasks = [pick_task(pair, rng, plan.edit_share) for pair in pool.draw(rng, plan.batch)]
    rows, columns = tasks[0][0].shape[:2]
    maps = np.stack([aligned_maps(layout, rows, columns) for _, _, layout in tasks])
    targets = np.stack([target for target, _, _ in tasks])
    sources = np.stack([target if source is None else source for target, source, _ in tasks])
    parts = (
        targets.astype(np.int64),
        np.array([token_ids(layout) for _, _, layout in tasks]),
        maps,
        sources.astype(np.int64),
        np.array([source is not None for _, source, _ in tasks], dtype=np.float32),
        tile_weights(maps, (targets[..., 0] != sources[..., 0])),
    )  # fmt: skip
    return tuple(torch.from_numpy(part).to(device) for part in parts)


def tile_weights(maps: NDArray[np.int16], changed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Per tile [batch, tiles], 1 on average in each picture.

    changed: tiles [batch, rows, columns] whose first code is not the source's.
    """
    weights = np.ones(changed.shape, dtype=np.float32)
    weights[(maps[:, 1:SIGN_CHANNEL] > 0).any(1)] = THING_WEIGHT
    weights[maps[:, SIGN_CHANNEL] > 0] = SIGN_WEIGHT
    weights[changed] = np.maximum(weights[changed], CHANGED_WEIGHT)
    flat = weights.reshape(len(maps), -1)
    return np.asarray(flat / flat.mean(axis=1, keepdims=True))


def _learn(
    drawer: Drawer,
    optimizers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    target: Tensor,
    fields: Tensor,
    maps: Tensor,
    source: Tensor,
    has_source: Tensor,
    weights: Tensor,
) -> dict[str, float]:
    with torch.autocast("cuda", torch.bfloat16, enabled=target.is_cuda):
        losses = drawer.losses(
            target, fields, maps, source, has_source, LATER_SHARE, SCRAMBLED_SHARE
        )
    code_weights = torch.tensor(CODE_WEIGHTS, device=losses.device)
    weighted = (losses * code_weights).sum(-1) * weights
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=True)
    (weighted.sum() / (weights.sum() * sum(CODE_WEIGHTS))).backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(drawer.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    means = losses.detach().mean(dim=1)
    drawn, edited = has_source == 0, has_source == 1
    first = means[:, 0]
    return {
        "code_1": float(first.mean()),
        "code_2": float(means[:, 1].mean()),
        "code_4": float(means[:, 3].mean()),
        "drawn_1": float(first[drawn].mean()) if drawn.any() else float(first.mean()),
        "edited_1": float(first[edited].mean()) if edited.any() else float(first.mean()),
    }
