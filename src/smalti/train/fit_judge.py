"""Training the judge, once for a world: a few minutes of a CPU, then kept in a folder.

Most of the renders are degraded a little (softer, grainier, packed as JPEG, tinted), as a drawn
picture may be. Sun and moon sometimes stand in the wrong hour's sky, so that the judge has to
look at them and cannot go by the hour.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from smalti.models.mini import layout
from smalti.models.mini.layout import THINGS
from smalti.models.tile_model import Rgb
from smalti.train import degrade
from smalti.train import judge as judge_module
from smalti.train.degrade import degraded
from smalti.train.feed import Feed
from smalti.train.judge import (
    SETTINGS,
    Judge,
    JudgeNet,
    Labels,
    Logits,
    labels_of,
    small,
    to_input,
)
from smalti.train.run import Stage, set_rate, warm_cosine
from smalti.train.world import scene as scene_module
from smalti.train.world.captions import sample_captioned
from smalti.train.world.paint import render
from smalti.train.world.scene import Scene, scene_layout

DEGRADED = 0.6
WRONG_SKY = 0.1
_CELLS_WEIGHT = 2.0


@dataclass(frozen=True)
class JudgePlan:
    steps: int = 800
    batch: int = 24
    learning_rate: float = 3e-3
    seed: int = 11


def trained_judge(cache: Path, plan: JudgePlan = JudgePlan()) -> Judge:
    """The judge of this world as it is drawn now: from `cache`, or trained and put there.

    A run that was cut short goes on from its last checkpoint.
    """
    torch.manual_seed(plan.seed)
    net = JudgeNet()
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.learning_rate, weight_decay=0.02)
    name = f"judge-{_fingerprint(plan)}"
    stage = Stage(cache, name, plan.steps, net=net, optimizer=optimizer)
    if not stage.finished:
        print(f"The judge is trained now, and kept in {cache}.", flush=True)
        _fit(net, optimizer, stage, plan)
    return Judge(net)


def _fit(net: JudgeNet, optimizer: torch.optim.Optimizer, stage: Stage, plan: JudgePlan) -> None:
    with Feed(judge_sample, plan.seed, workers=1, start=stage.step * plan.batch) as feed:
        for step in stage:
            samples = [feed.pull() for _ in range(plan.batch)]
            logits = net(to_input([picture for picture, _ in samples]))
            loss = _loss(logits, [labels for _, labels in samples])
            set_rate(optimizer, warm_cosine(step, plan.steps, warm=50))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            stage.note({"loss": loss.item()})


def judge_sample(rng: np.random.Generator) -> tuple[Rgb, Labels]:
    """A small picture and what it shows."""
    scene, _ = sample_captioned(rng)
    if scene.sky_body != "none" and rng.random() < WRONG_SKY:
        scene = replace(scene, sky_body="sun" if scene.sky_body == "moon" else "moon")
    picture = render(scene)
    if rng.random() < DEGRADED:
        picture = degraded(picture, rng)
    return small(picture), labels(scene)


def labels(scene: Scene) -> Labels:
    return labels_of(scene_layout(scene), scene.rows, scene.columns)


def _loss(logits: Logits, labels: list[Labels]) -> Tensor:
    settings = torch.from_numpy(np.stack([label.settings for label in labels]))
    cells = torch.from_numpy(np.stack([label.cells for label in labels]))
    total = torch.zeros(())
    for i, name in enumerate(SETTINGS):
        total = total + F.cross_entropy(logits.settings[name], settings[:, i])
    for i, name in enumerate(THINGS):
        total = total + F.cross_entropy(logits.things[name], cells[:, i].amax(dim=(1, 2)))
        total = total + _CELLS_WEIGHT * F.cross_entropy(logits.cells[name], cells[:, i])
    return total


def _fingerprint(plan: JudgePlan) -> str:
    """A hash of all that a judge depends on: the world's sources, the judge's and the plan."""
    found = hashlib.sha256(repr(plan).encode())
    world = Path(scene_module.__file__).parent
    own = [
        Path(module_file)
        for module_file in (layout.__file__, judge_module.__file__, degrade.__file__, __file__)
    ]
    for path in [*sorted(world.rglob("*.py")), *own]:
        found.update(path.read_bytes())
    return found.hexdigest()[:16]
