"""The judge and the tokenizer, on pictures that were never drawn by the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from smalti.models.mini.mini import Mini, fitted
from smalti.models.tile_model import Rgb
from smalti.train.judge import ATTRIBUTES, Judge, accuracy
from smalti.train.quality.drawing import SQUARE, Figures, stream
from smalti.train.quality.likeness import packed, ssim, thumbnail, tokens_bytes
from smalti.train.quality.scores import scene_truth
from smalti.train.show import psnr_db, reconstructions
from smalti.train.world.captions import sample_captioned
from smalti.train.world.paint import render
from smalti.train.world.photos import load_photos

_COMPARED = 60
"""Pictures that are also brought to as many bytes by other means."""


def measure_judge(model: Mini, judge: Judge, count: int) -> Figures:
    """The judge and the tokenizer, on the same held-out renders."""
    scenes = [sample_captioned(stream("scenes", i))[0] for i in range(count)]
    renders, truths = [render(s) for s in scenes], [scene_truth(s) for s in scenes]
    again = reconstructions(model.net.tokenizer, renders)
    clean = accuracy(judge.see(renders), truths)
    tokenized = accuracy(judge.see(again), truths)
    print(f"\nThe judge on {count} held-out renders, as they are and through the tokenizer")
    for name in ATTRIBUTES:
        print(f"  {name:12} {clean[name]:7.3f} {tokenized[name]:7.3f}")
    figures = {
        "judge_accuracy": float(np.mean(list(clean.values()))),
        "judge_accuracy_tokenized": float(np.mean(list(tokenized.values()))),
    }
    print("  {:12} {:7.3f} {:7.3f}".format("mean", *figures.values()))
    return figures | measure_tokenizer("scenes", renders, again, [s.style for s in scenes])


def measure_tokenizer(
    what: str, pictures: Sequence[Rgb], again: Sequence[Rgb], kinds: Sequence[str]
) -> Figures:
    """PSNR and SSIM, and those of other means in as many bytes."""
    bytes_each = tokens_bytes(pictures[0])
    rows: list[tuple[str, Sequence[Rgb], Sequence[Rgb]]] = [("tokenizer", again, pictures)]
    some = pictures[:_COMPARED]
    others: dict[str, Callable[[Rgb], Rgb]] = {
        "webp": lambda p: packed(p, "WEBP", bytes_each),
        "jpeg": lambda p: packed(p, "JPEG", bytes_each),
        "thumbnail": lambda p: thumbnail(p, bytes_each),
    }
    rows += [(name, [make(p) for p in some], some) for name, make in others.items()]
    print(f"\nTokenizer, {what}: {bytes_each} bytes a picture     n   PSNR dB    SSIM")
    figures: Figures = {}
    for name, results, targets in rows:
        psnr, alike = _likeness(results, targets)
        print(f"  {name:42} {len(results):4} {psnr:9.2f} {alike:7.3f}")
        suffix = "" if name == "tokenizer" else f"_{name}"
        figures |= {f"psnr_{what}{suffix}_db": psnr, f"ssim_{what}{suffix}": alike}
    for kind in sorted(set(kinds)) if len(set(kinds)) > 1 else ():
        chosen = [i for i, k in enumerate(kinds) if k == kind]
        psnr, alike = _likeness([again[i] for i in chosen], [pictures[i] for i in chosen])
        print(f"  tokenizer, {kind:31} {len(chosen):4} {psnr:9.2f} {alike:7.3f}")
        figures[f"psnr_{what}_{kind}_db"] = psnr
    return figures


def _likeness(results: Sequence[Rgb], targets: Sequence[Rgb]) -> tuple[float, float]:
    pairs = list(zip(results, targets, strict=True))
    return float(np.mean([psnr_db(*p) for p in pairs])), float(np.mean([ssim(*p) for p in pairs]))


def measure_photos(model: Mini, folder: Path) -> Figures:
    """The tokenizer on the middle squares of photographs."""
    if not folder.is_dir():
        print(f"\nNo photographs at {folder}: psnr_photos_db is left out; --photos names a folder.")
        return {}
    pictures = [fitted(photo.pixels, SQUARE) for photo in load_photos(folder)]
    again = reconstructions(model.net.tokenizer, pictures)
    return measure_tokenizer("photos", pictures, again, ["photo"] * len(pictures))
