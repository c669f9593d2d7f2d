"""What the stages learn from: samples made from a random stream alone.

The world gives scenes, their captions and their edits; photographs give pictures for the
tokenizer and style pairs (a photograph and its filtered version).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smalti.models.mini.layout import STYLES, Layout
from smalti.models.tile_model import Rgb
from smalti.train.world.edits import sample_edit
from smalti.train.world.paint import render
from smalti.train.world.photos import Photo, crop, filtered
from smalti.train.world.scene import TILE_PX, Scene, sample_scene, scene_layout

GRIDS = ((16, 16), (14, 21), (21, 14))
"""(rows, columns): square, landscape, portrait."""
GRID_SHARES = (0.7, 0.15, 0.15)

TokenizerSample = tuple[Rgb, NDArray[np.float32]]
"""A picture and the weight of each of its tiles."""


@dataclass(frozen=True, eq=False)
class PairSample:
    """Two pictures of one place.

    first, second: RGB; *_layout: the full layout of each, only the style for a photograph.
    """

    first: Rgb
    second: Rgb
    first_layout: Layout
    second_layout: Layout


def training_photos(folder: Path | None) -> list[Path]:
    """Photographs to train on: those of `folder`/train which are not also in `folder`/test."""
    if folder is None or not (folder / "train").is_dir():
        return []
    tested = {_subject(path) for path in (folder / "test").glob("*.*")}
    return [
        path for path in sorted((folder / "train").glob("*.jpg")) if _subject(path) not in tested
    ]


def _subject(path: Path) -> str:
    """The name behind the prefix that says where a photograph comes from."""
    return path.stem.split("_", 1)[-1]


def tokenizer_sample(photos: Path | None) -> Callable[[np.random.Generator], TokenizerSample]:
    """Scenes in all styles; with photographs at hand, a third of the samples are those."""
    library = [Photo(path) for path in training_photos(photos)]

    def make(rng: np.random.Generator) -> TokenizerSample:
        if library and rng.random() < 0.36:
            picture = crop(library[int(rng.integers(len(library)))], rng, 256, 256)
            if rng.random() < 0.3:
                picture = filtered(picture, str(rng.choice(STYLES[1:])), int(rng.integers(2**31)))
            return picture, np.ones((16, 16), dtype=np.float32)
        scene = sample_scene(rng)
        return render(scene), importance(scene)

    return make


def importance(scene: Scene) -> NDArray[np.float32]:
    """Weight of each tile in the tokenizer's loss: letters 3, small things 1.5, the rest 1."""
    weights = np.ones((scene.rows, scene.columns), dtype=np.float32)
    for thing, (row, column), (high, wide) in scene.footprints():
        if thing == "sign":
            weights[row : row + 2, column + 1 : column + wide - 1] = 3.0
        elif thing in ("figure", "animal"):
            weights[row : row + high, column : column + wide] = 1.5
    return weights


def pair_sample(photos: Path | None) -> Callable[[np.random.Generator], PairSample]:
    """Style pairs, edits, and photographs with their filtered versions."""
    library = [Photo(path) for path in training_photos(photos)]

    def make(rng: np.random.Generator) -> PairSample:
        rows, columns = GRIDS[int(rng.choice(len(GRIDS), p=GRID_SHARES))]
        kind = rng.random()
        if library and kind < 0.14:
            photo = crop(
                library[int(rng.integers(len(library)))], rng, rows * TILE_PX, columns * TILE_PX
            )
            return _photo_pair(photo, rng)
        scene = sample_scene(rng, rows, columns)
        if kind < 0.36:
            others = [style for style in STYLES if style != scene.style]
            return _scene_pair(scene, replace(scene, style=str(rng.choice(others))))
        edit = sample_edit(scene, rng)
        return _scene_pair(edit.before, edit.after)

    return make


def _scene_pair(first: Scene, second: Scene) -> PairSample:
    return PairSample(render(first), render(second), scene_layout(first), scene_layout(second))


def _photo_pair(photo: Rgb, rng: np.random.Generator) -> PairSample:
    """A photograph's content has no layout: only its style is ever said."""
    style = str(rng.choice(STYLES[1:]))
    second = filtered(photo, style, int(rng.integers(2**31)))
    return PairSample(photo, second, Layout.of(style="photo"), Layout.of(style=style))
