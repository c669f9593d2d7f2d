"""Sample sheets: what a run has learnt, to look at while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from smalti.models.mini.tokenizer import Tokenizer, to_rgb, to_unit
from smalti.models.tile_model import Rgb


def sheet(rows: Sequence[Sequence[Rgb]], file: Path, gap_px: int = 4) -> None:
    """Pictures of equal size in rows and columns, on white."""
    high, wide = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    paper = np.full(
        (len(rows) * (high + gap_px) - gap_px, columns * (wide + gap_px) - gap_px, 3), 255, np.uint8
    )
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            top, left = r * (high + gap_px), c * (wide + gap_px)
            paper[top : top + high, left : left + wide] = picture
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(paper).save(file)


@torch.no_grad()
def reconstructions(tokenizer: Tokenizer, pictures: Sequence[Rgb]) -> list[Rgb]:
    """Each picture through the tokenizer and back."""
    device = next(tokenizer.parameters()).device
    found: list[Rgb] = []
    for picture in pictures:
        pixels = to_unit(torch.from_numpy(picture[None]).to(device))
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        codes = tokenizer.encode(pixels)
        found.append(to_rgb(tokenizer.decode(codes))[0].cpu().numpy())
    return found


def psnr_db(result: Rgb, target: Rgb) -> float:
    """Peak signal-to-noise ratio over all channels, in dB."""
    mse = np.square(result.astype(np.float64) - target.astype(np.float64)).mean()
    return float(10 * np.log10(255.0**2 / max(mse, 1e-9)))
